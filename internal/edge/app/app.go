package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

// App is the product.
type App struct {
	c         Config
	catalog   *metadata.Catalog
	telemetry *telemetry
	front     *front
	core      atomic.Pointer[core] // nil while the database is away at the start
	listener  net.Listener
	server    *http.Server

	mu      sync.Mutex
	cancel  context.CancelFunc
	served  chan error
	ready   chan struct{} // closed once records can be used
	joining sync.WaitGroup
	giveUp  context.CancelFunc // ends the waiting for the database

	password string // of the administrator, if it was made up at this start
}

// New checks the configuration and the definitions. Nothing is opened yet.
func New(c Config) (*App, error) {
	if err := c.complete(); err != nil {
		return nil, err
	}
	catalog, err := Catalog()
	if err != nil {
		return nil, err
	}
	return &App{c: c, catalog: catalog, ready: make(chan struct{}), served: make(chan error, 1)}, nil
}

// Start opens everything and begins to serve. When it returns nil, visitors are
// answered; Ready tells when records can be used, too.
func (a *App) Start(ctx context.Context) (err error) {
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	a.cancel = cancel
	opening, giveUp := context.WithCancel(life)
	a.giveUp = giveUp
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Shutdown(context.WithoutCancel(ctx)))
		}
	}()
	if a.telemetry, err = newTelemetry(life); err != nil {
		return err
	}
	if a.listener, err = net.Listen("tcp", a.c.Addr); err != nil {
		return errs.Wrap(err, errs.Invalid, "app.listen", "can't listen on %s: is it in use? Choose another address with RAPPORT_ADDR", a.c.Addr)
	}
	if a.front, err = a.openFront(life); err != nil {
		return err
	}
	a.frontMetrics()
	if err = a.openRecords(ctx, opening, life); err != nil {
		return err
	}
	if err = a.serve(); err != nil {
		return err
	}
	a.welcome()
	return nil
}

// openRecords opens the second step, now if it can be done now.
func (a *App) openRecords(ctx, opening, life context.Context) error {
	core, err := a.openCore(ctx, life)
	if err == nil {
		a.core.Store(core)
		// From now on the program can start without its database: what it needs for that is on disk.
		if err := a.front.keys.Refresh(ctx); err != nil {
			a.c.Logger.Warn("publishing keys are not on disk yet", "error", err)
		}
		close(a.ready)
		return nil
	}
	if !errs.Has(err, errs.Unavailable) || !a.front.recalled {
		return err
	}
	a.c.Logger.Warn("the database is away: taking events in meanwhile", "error", err)
	a.joining.Go(func() { a.keepOpening(opening, life) })
	return nil
}

// keepOpening tries until the database is back, or opening ends.
func (a *App) keepOpening(opening, life context.Context) {
	for {
		select {
		case <-opening.Done():
			return
		case <-a.c.Clock.After(time.Second):
		}
		core, err := a.openCore(opening, life)
		if err == nil {
			a.c.Logger.Info("the database is back")
			a.core.Store(core)
			close(a.ready)
			return
		}
		if !errs.Has(err, errs.Unavailable) && opening.Err() == nil {
			a.c.Logger.Error("records can't be opened", "error", err)
		}
	}
}

func (a *App) serve() error {
	handler, err := a.routes()
	if err != nil {
		return err
	}
	a.server = &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10}
	listener := a.listener
	if a.c.TLSCert != "" {
		pair, err := tls.LoadX509KeyPair(a.c.TLSCert, a.c.TLSKey)
		if err != nil {
			return errs.Wrap(err, errs.Invalid, "app.tls", "the certificate or its key can't be read")
		}
		a.server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
		listener = tls.NewListener(listener, a.server.TLSConfig)
	}
	server := a.server // who stops at once has let go of it before the goroutine runs
	go func() {
		err := server.Serve(listener)
		if errors.Is(err, http.ErrServerClosed) {
			err = nil
		}
		a.served <- err
	}()
	return nil
}

// Ready waits until records can be used.
func (a *App) Ready(ctx context.Context) error {
	select {
	case <-a.ready:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// URL is the address under which the product answers.
func (a *App) URL() string {
	scheme := "http"
	if a.c.TLSCert != "" {
		scheme = "https"
	}
	return fmt.Sprintf("%s://%s", scheme, a.listener.Addr())
}

// Failed gives the error that ended serving, if it ends by itself.
func (a *App) Failed() <-chan error { return a.served }

// Shutdown stops taking requests, finishes what is under way and closes
// everything. It can be called at any time, and twice.
func (a *App) Shutdown(ctx context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	var all error
	if a.giveUp != nil {
		a.giveUp()
	}
	a.joining.Wait() // from here on the records are open, or never will be
	if c := a.core.Load(); c != nil {
		all = c.live.Stop(ctx) // its streams would hold the server open
	}
	if a.server != nil {
		if err := a.server.Shutdown(ctx); err != nil {
			all = errors.Join(all, err, a.server.Close()) // those who are not done in time must not meet what is closed next
		}
		a.server = nil
	}
	if a.listener != nil {
		a.listener.Close() // an error says that the server has done so already
	}
	if a.cancel != nil {
		a.cancel()
	}
	if core := a.core.Swap(nil); core != nil {
		all = errors.Join(all, core.close(ctx))
	}
	if a.front != nil {
		all = errors.Join(all, a.front.lake.stop(ctx), a.front.stream.Stop(ctx))
		a.front = nil
	}
	if a.telemetry != nil {
		all = errors.Join(all, a.telemetry.close(ctx))
		a.telemetry = nil
	}
	return all
}
