// Package testenv starts the whole product inside a test, as the program does,
// on a free port and a fresh database of either engine.
package testenv

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"github.com/rapport-platform/rapport"
	"github.com/rapport-platform/rapport/internal/platform/auth"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
)

// Password is the administrator's in every test, and that of the sample's people.
const Password = "correct horse battery"

// Options say what to start.
type Options struct {
	Postgres bool
	Sample   bool
	Data     string // folder to go on with; "" is a fresh one
	Database string // database to go on with; "" is a fresh one
	Edit     func(*rapport.Options)
}

// Env is a running product.
type Env struct {
	URL    string
	Data   string
	DB     string // address of the database
	Server *rapport.Server
	o      rapport.Options
	t      testing.TB
}

// Each starts the product on SQLite and on PostgreSQL and runs the test on both.
func Each(t *testing.T, o Options, run func(t *testing.T, e *Env)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		run(t, Start(t, o))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		o := o
		o.Postgres = true
		run(t, Start(t, o))
	})
}

// Start starts the product and waits until it is ready. It ends with the test.
func Start(t testing.TB, o Options) *Env {
	t.Helper()
	e := &Env{Data: o.Data, DB: o.Database, t: t}
	if e.Data == "" {
		e.Data = t.TempDir()
	}
	if e.DB == "" {
		e.DB = filepath.Join(e.Data, "rapport.db")
		if o.Postgres {
			e.DB = dbtest.Postgres(t, dbtest.Empty)
		}
	}
	e.o = rapport.Options{Addr: "127.0.0.1:0", Data: e.Data, Database: e.DB, AdminPassword: Password, Sample: o.Sample,
		Logger: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})),
		// The cost of a password hash is tested where it belongs; here it would only take time.
		Passwords: auth.Params{Memory: 1024, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}}
	if o.Edit != nil {
		o.Edit(&e.o)
	}
	e.Restart()
	t.Cleanup(e.Stop)
	return e
}

// Restart stops the product, if it runs, and starts it again on the same data.
func (e *Env) Restart() {
	e.t.Helper()
	e.Stop()
	s, err := rapport.New(e.o)
	if err != nil {
		e.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(e.t.Context()), 2*time.Minute)
	defer cancel()
	if err := s.Start(ctx); err != nil {
		e.t.Fatal(err)
	}
	e.Server, e.URL = s, s.URL()
}

// Stop stops the product in good order.
func (e *Env) Stop() {
	if e.Server == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(e.t.Context()), 30*time.Second)
	defer cancel()
	if err := e.Server.Shutdown(ctx); err != nil {
		e.t.Error("shutdown: ", err)
	}
	e.Server = nil
}

// Token makes a bearer token of a user.
func (e *Env) Token(user string) string {
	e.t.Helper()
	return e.admin(func(ctx context.Context, a adminAPI) (string, error) { return a.CreateToken(ctx, user, "test", 0) })
}

// Key makes a publishing key of a topic.
func (e *Env) Key(topic string) string {
	e.t.Helper()
	return e.admin(func(ctx context.Context, a adminAPI) (string, error) { return a.CreateKey(ctx, topic, "test") })
}

type adminAPI interface {
	CreateToken(ctx context.Context, user, name string, life time.Duration) (string, error)
	CreateKey(ctx context.Context, topic, name string) (string, error)
}

func (e *Env) admin(do func(context.Context, adminAPI) (string, error)) string {
	e.t.Helper()
	ctx := context.WithoutCancel(e.t.Context())
	a, err := rapport.Admin(ctx, e.o)
	if err != nil {
		e.t.Fatal(err)
	}
	defer a.Close()
	secret, err := do(ctx, a)
	if err != nil {
		e.t.Fatal(err)
	}
	return secret
}

// API calls the Web API with a bearer token; path follows /api/data/v9.2/. A
// body that is not nil is sent as JSON; the answer's JSON is decoded into out.
func (e *Env) API(token, method, path string, body, out any) (status int) {
	e.t.Helper()
	return e.Call(token, method, "/api/data/v9.2/"+path, body, out)
}

// Call is API for any path of the product.
func (e *Env) Call(token, method, path string, body, out any) (status int) {
	e.t.Helper()
	var payload io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			e.t.Fatal(err)
		}
		payload = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(e.t.Context(), method, e.URL+path, payload)
	if err != nil {
		e.t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Accept", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		e.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		e.t.Fatal(err)
	}
	if out != nil && len(text) > 0 {
		if err := json.Unmarshal(text, out); err != nil {
			e.t.Fatalf("%s %s answers %d %s", method, path, res.StatusCode, text)
		}
	}
	return res.StatusCode
}

// Count asks the Web API how many rows of a set match a filter ("" for all).
func (e *Env) Count(token, set, filter string) int {
	e.t.Helper()
	path := set + "?$count=true&$top=1"
	if filter != "" {
		path += "&$filter=" + url.QueryEscape(filter)
	}
	var out struct {
		Count int `json:"@odata.count"`
	}
	if status := e.API(token, http.MethodGet, path, nil, &out); status != http.StatusOK {
		e.t.Fatalf("count of %s: status %d", set, status)
	}
	return out.Count
}

// Until waits for a condition that is bound to come true.
func (e *Env) Until(what string, ok func() bool) {
	e.t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for !ok() {
		if time.Now().After(deadline) {
			e.t.Fatal("never came true: " + what)
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-e.t.Context().Done():
			e.t.Fatal(fmt.Errorf("%s: %w", what, e.t.Context().Err()))
		}
	}
}
