// Package dbtest gives every test a fresh database on both engines. The
// schema is laid once per process in a template, by the hash of what it is made
// of; each test then gets a clone of it.
package dbtest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx"

	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/test/pgserver"
)

// Schema is what a template database holds.
type Schema struct {
	Hash  string // names what Apply lays; equal hashes share a template
	Apply func(ctx context.Context, db *sqldb.DB) error
}

// Empty is a database with nothing in it.
var Empty = Schema{Hash: "empty", Apply: func(context.Context, *sqldb.DB) error { return nil }}

// Each runs the test on SQLite and on PostgreSQL, side by side. Where no
// PostgreSQL can be had, that half is skipped with a line that says so.
func Each(t *testing.T, schema Schema, run func(t *testing.T, db *sqldb.DB)) {
	t.Helper()
	EachURL(t, schema, func(t *testing.T, url string) {
		db, err := sqldb.Open(t.Context(), sqldb.Options{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		run(t, db)
	})
}

// EachURL is Each for tests that open the database themselves.
func EachURL(t *testing.T, schema Schema, run func(t *testing.T, url string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		run(t, SQLite(t, schema))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		run(t, Postgres(t, schema))
	})
}

// SQLite gives the path of a fresh database file.
func SQLite(tb testing.TB, schema Schema) string {
	tb.Helper()
	tpl := shared.template("sqlite/"+schema.Hash, func() (string, error) {
		dir, err := shared.folder()
		if err != nil {
			return "", err
		}
		path := filepath.Join(dir, "tpl-"+strconv.FormatInt(shared.next.Add(1), 10)+".db")
		return path, lay(tb.Context(), path, schema)
	})
	path, err := tpl()
	if err != nil {
		tb.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	clone := filepath.Join(tb.TempDir(), "test.db")
	if err := os.WriteFile(clone, data, 0o600); err != nil {
		tb.Fatal(err)
	}
	return clone
}

// Postgres gives the address of a fresh database, or skips the test.
func Postgres(tb testing.TB, schema Schema) string {
	tb.Helper()
	base, err := shared.server(tb.Context())
	if errors.Is(err, pgserver.ErrMissing) {
		tb.Skip("skipped on PostgreSQL: " + err.Error())
	}
	if err != nil {
		tb.Fatal(err)
	}
	name := fmt.Sprintf("t_%d_%d", os.Getpid(), shared.next.Add(1))
	cloned(tb, base, name, postgresTemplate(tb, base, schema), "", nil)
	return base(name)
}

func postgresTemplate(tb testing.TB, base func(string) string, schema Schema) string {
	tb.Helper()
	tpl := shared.template("postgres/"+schema.Hash, func() (string, error) {
		name := fmt.Sprintf("tpl_%d_%d", os.Getpid(), shared.next.Add(1))
		if err := admin(tb.Context(), base("postgres"), "CREATE DATABASE "+name); err != nil {
			return "", err
		}
		return name, lay(tb.Context(), base(name), schema)
	})
	from, err := tpl()
	if err != nil {
		tb.Fatal(err)
	}
	return from
}

// cloned makes a database of a template, and drops it after the test; then, unless nil, runs after that.
func cloned(tb testing.TB, base func(string) string, name, from, options string, then func(context.Context) error) {
	tb.Helper()
	shared.cloning.Lock() // the server refuses to copy a template that another copies
	err := admin(tb.Context(), base("postgres"), "CREATE DATABASE "+name+" TEMPLATE "+from+" STRATEGY file_copy"+options)
	shared.cloning.Unlock()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(tb.Context()), 30*time.Second)
		defer cancel()
		err := admin(ctx, base("postgres"), "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
		if err == nil && then != nil {
			err = then(ctx)
		}
		if err != nil {
			tb.Log("the test database stays behind: ", err)
		}
	})
}

func lay(ctx context.Context, url string, schema Schema) error {
	ctx = context.WithoutCancel(ctx) // other tests wait for the same template
	db, err := sqldb.Open(ctx, sqldb.Options{URL: url, Readers: 2})
	if err != nil {
		return err
	}
	if err := schema.Apply(ctx, db); err != nil {
		db.Close()
		return err
	}
	if db.Dialect() == sqldb.SQLite {
		// The clone copies the main file alone, so the log must be folded in.
		if _, err := db.QueryRow(ctx, "PRAGMA wal_checkpoint(TRUNCATE)", nil, new(int), new(int), new(int)); err != nil {
			db.Close()
			return err
		}
	}
	return db.Close()
}

func admin(ctx context.Context, url, statement string) error {
	pool, err := sql.Open("pgx", url)
	if err != nil {
		return err
	}
	defer pool.Close()
	_, err = pool.ExecContext(ctx, statement)
	return err
}

// process is what the tests of one process share.
type process struct {
	mu        sync.Mutex
	dir       string
	templates map[string]func() (string, error)
	next      atomic.Int64
	cloning   sync.Mutex
	started   func() (func(string) string, error)
}

var shared = &process{templates: map[string]func() (string, error){}}

func (p *process) template(key string, lay func() (string, error)) func() (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.templates[key] == nil {
		p.templates[key] = sync.OnceValues(lay)
	}
	return p.templates[key]
}

const prefix = "rapport-test-"

// folder makes the process's folder, and removes those of processes that are gone.
func (p *process) folder() (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dir != "" {
		return p.dir, nil
	}
	old, _ := filepath.Glob(filepath.Join(os.TempDir(), prefix+"*"))
	for _, o := range old {
		pid, err := strconv.Atoi(strings.TrimPrefix(filepath.Base(o), prefix))
		if err == nil && syscall.Kill(pid, 0) == syscall.ESRCH {
			disks, _ := filepath.Glob(filepath.Join(o, small+"*"))
			for _, d := range disks {
				_ = exec.Command("umount", "-l", d).Run() // where nothing is mounted there is nothing to do
			}
			os.RemoveAll(o)
		}
	}
	dir := filepath.Join(os.TempDir(), prefix+strconv.Itoa(os.Getpid()))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	p.dir = dir
	return dir, nil
}

// server gives addresses on the server that RAPPORT_TEST_POSTGRES names, or on
// one of its own that ends with the process.
func (p *process) server(ctx context.Context) (func(string) string, error) {
	p.mu.Lock()
	if p.started == nil {
		p.started = sync.OnceValues(func() (func(string) string, error) { return p.start(context.WithoutCancel(ctx)) })
	}
	start := p.started
	p.mu.Unlock()
	return start()
}

func (p *process) start(ctx context.Context) (func(string) string, error) {
	if set := os.Getenv("RAPPORT_TEST_POSTGRES"); set != "" {
		return func(database string) string { return strings.Replace(set, "/postgres?", "/"+database+"?", 1) }, nil
	}
	dir, err := p.folder()
	if err != nil {
		return nil, err
	}
	s, err := pgserver.New(ctx, dir)
	if err != nil {
		return nil, err
	}
	if err := s.Start(ctx); err != nil {
		return nil, err
	}
	return s.URL, nil
}
