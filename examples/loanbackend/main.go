// Command loanbackend is a lender's back-end to try the exchange of cases with: it
// keeps cases in an SQLite file, decides on loans after a while, and can be made to
// misbehave while it runs. It is no part of the product.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/rapport-platform/rapport/examples/loanbackend/backend"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "loanbackend:", err)
		os.Exit(1)
	}
}

func run() error {
	var o backend.Options
	addr := flag.String("addr", "127.0.0.1:8090", "address to listen on")
	flag.StringVar(&o.File, "file", "loanbackend.db", "file in which cases are kept")
	flag.StringVar(&o.Token, "token", os.Getenv("LOANBACKEND_TOKEN"), "bearer token that callers must have; empty lets everybody in")
	flag.StringVar(&o.Webhook, "webhook", "", "where events are sent, such as http://127.0.0.1:8080/api/exchange/loanbackend/events; empty sends none")
	flag.StringVar(&o.Secret, "secret", os.Getenv("LOANBACKEND_SECRET"), "secret under which events are signed")
	flag.DurationVar(&o.Delay, "delay", 2*time.Second, "how long underwriting takes")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	b, err := backend.Open(o)
	if err != nil {
		return err
	}
	defer b.Close()
	l, err := net.Listen("tcp", *addr)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: b.Handler(), ReadHeaderTimeout: 10 * time.Second}
	go b.Run(ctx)
	go func() {
		<-ctx.Done()
		ending, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := server.Shutdown(ending); err != nil {
			slog.Warn("requests were cut off", "error", err)
		}
	}()
	slog.Info("loan back-end", "address", "http://"+l.Addr().String(), "file", o.File, "webhook", o.Webhook)
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
