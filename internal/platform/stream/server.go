package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	startTimeout = 2 * time.Minute // recovery of a large log after a crash reads all of it
	askTimeout   = 10 * time.Second
)

// serve runs NATS inside the process. It listens on no port.
func (n *session) serve(ctx context.Context, o Options) error {
	if o.Dir == "" {
		return errors.New("no folder is given")
	}
	err := os.MkdirAll(o.Dir, 0o700)
	if err != nil {
		return err
	}
	if n.lock, err = lockDir(o.Dir); err != nil {
		return err
	}
	srv, err := server.NewServer(&server.Options{
		ServerName: "rapport",
		DontListen: true,
		NoSigs:     true,
		JetStream:  true,
		StoreDir:   o.Dir,
		SyncAlways: true,
		MaxPayload: maxPack + 4096,
		// Room is kept by each topic's own limit and by checkDisk. A limit of the
		// server would be reserved for topics at their creation and refuse the
		// second one on a small disk.
		JetStreamMaxStore: 1 << 60,
	})
	if err != nil {
		return err
	}
	log := &serverLog{to: o.Logger.With("component", "nats")}
	srv.SetLoggerV2(log, false, false, false)
	n.server = srv
	go srv.Start()
	deadline := time.Now().Add(startTimeout)
	for !srv.ReadyForConnections(250 * time.Millisecond) {
		switch fatal := log.fatal.Load(); {
		case fatal != nil:
			return errors.New(*fatal)
		case ctx.Err() != nil:
			return ctx.Err()
		case time.Now().After(deadline):
			return errors.New("the embedded NATS server did not become ready")
		}
	}
	if !srv.JetStreamEnabled() {
		return errors.New("the embedded NATS server could not open its store")
	}
	return nil
}

// connect opens the one connection that everything goes through.
func (n *session) connect(o Options) error {
	log := o.Logger
	options := []nats.Option{
		nats.Name("rapport"),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(250 * time.Millisecond),
		// While there is no connection a write fails at once, rather than wait
		// in a buffer for a publisher who has long gone.
		nats.ReconnectBufSize(-1),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				log.Warn("connection to NATS lost", "error", err)
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) { log.Info("connected to NATS again") }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { log.Warn("NATS", "error", err) }),
	}
	if n.server != nil {
		options = append(options, nats.InProcessServer(n.server))
	}
	nc, err := nats.Connect(o.URL, options...)
	if err != nil {
		return fmt.Errorf("no NATS server answers at the address given: %w", err)
	}
	n.nc = nc
	if n.js, err = jetstream.New(nc, jetstream.WithDefaultTimeout(askTimeout)); err != nil {
		return err
	}
	if limit := nc.MaxPayload(); n.server == nil && limit < maxPack {
		log.Warn("the NATS server takes only small messages: large batches are compressed, and refused if that is not enough; raise its max_payload", "max_payload", limit, "wanted", maxPack)
	}
	return nil
}

// packLimit is how many bytes one message may have.
func (n *session) packLimit() int { return int(min(n.nc.MaxPayload()-4096, maxPack)) }

// checkDisk refuses events while the disk is nearly full. JetStream switches
// itself off for good when a write finds no space, so it must not come to that.
func (s *Stream) checkDisk() error {
	if s.opts.URL != "" {
		return nil
	}
	free, known := s.diskFree(s.opts.Dir)
	if known && free < diskReserve {
		return errFull(fmt.Errorf("only %d bytes are left on the disk of %s", free, s.opts.Dir))
	}
	return nil
}

const diskReserve = 64 << 20

// serverLog hands what the server says to slog. Its notices of every start are
// of no use to an operator and go out as debugging.
type serverLog struct {
	to    *slog.Logger
	fatal atomic.Pointer[string]
}

func (l *serverLog) Noticef(format string, v ...any) { l.to.Debug(fmt.Sprintf(format, v...)) }
func (l *serverLog) Warnf(format string, v ...any)   { l.to.Warn(fmt.Sprintf(format, v...)) }
func (l *serverLog) Errorf(format string, v ...any)  { l.to.Error(fmt.Sprintf(format, v...)) }
func (l *serverLog) Debugf(format string, v ...any)  {}
func (l *serverLog) Tracef(format string, v ...any)  {}

// Fatalf must return: the server expects the process to end, but here it is a
// guest, and Start reports the failure.
func (l *serverLog) Fatalf(format string, v ...any) {
	text := fmt.Sprintf(format, v...)
	l.fatal.CompareAndSwap(nil, &text)
	l.to.Error(text)
}
