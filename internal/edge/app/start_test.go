package app

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// nobody gives a database address where nothing listens.
func nobody(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return "postgres://nobody@" + l.Addr().String() + "/none?sslmode=disable"
}

func configured(t *testing.T, keys string) Config {
	t.Helper()
	c := Config{Addr: "127.0.0.1:0", Data: t.TempDir(), Database: nobody(t), Country: "US", Solutions: fstest.MapFS{}, UI: fstest.MapFS{}}
	if keys != "" {
		if err := os.MkdirAll(filepath.Join(c.Data, "config"), 0o700); err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string]string{"keys.json": keys, "forms.json": `{"hello": {"version": "1", "definition": {"title": "Hello", "fields": [{"name": "lastname", "label": "Name"}]}}}`} {
			if err := os.WriteFile(filepath.Join(c.Data, "config", name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return c
}

// While the database is away visitors are answered, records say that they are
// away, and the process stops at once when it is told to, twice if need be.
func TestStartAndStopWithoutDatabase(t *testing.T) {
	t.Parallel()
	a, err := New(configured(t, `{}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	status := func(path string) int {
		res, err := http.Get(a.URL() + path)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		_, _ = io.Copy(io.Discard, res.Body)
		return res.StatusCode
	}
	for path, want := range map[string]int{"/f/hello": 200, "/f/nobody": 404, "/readyz?part=intake": 200, "/readyz": 503, "/api/data/v9.2/leads": 503} {
		if got := status(path); got != want {
			t.Errorf("%s: %d, want %d", path, got, want)
		}
	}
	waited, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := a.Ready(waited); err == nil {
		t.Error("records are ready without a database")
	}
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	for range 2 {
		if err := a.Shutdown(ctx); err != nil {
			t.Error(err)
		}
	}
	if conn, err := net.Dial("tcp", a.listener.Addr().String()); err == nil {
		conn.Close()
		t.Error("it still listens")
	}
	select {
	case err := <-a.Failed():
		if err != nil {
			t.Errorf("serving ended with %v", err)
		}
	case <-ctx.Done():
		t.Error("serving has not ended")
	}
}

// A first start needs the database, and so does one whose file of keys is
// damaged: it says so in one error and lets go of the address.
func TestFirstStartNeedsTheDatabase(t *testing.T) {
	t.Parallel()
	for name, keys := range map[string]string{"first": "", "damaged": `{"a`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, err := New(configured(t, keys))
			if err != nil {
				t.Fatal(err)
			}
			if err := a.Start(t.Context()); !errs.Has(err, errs.Unavailable) {
				t.Errorf("got %v, want unavailable", err)
			}
			if conn, err := net.Dial("tcp", a.listener.Addr().String()); err == nil {
				conn.Close()
				t.Error("it still listens")
			}
		})
	}
}
