package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	_ "modernc.org/sqlite" // driver "sqlite"
)

// peer is the rate at which the driver alone writes leads.
type peer struct {
	name string
	rate float64
}

// executor is one connection with a transaction of its own.
type executor interface {
	begin(ctx context.Context) error
	exec(ctx context.Context, text string, args []any) error
	commit(ctx context.Context) error
	close()
}

// rawLength is how long each round of the driver alone takes.
const rawLength = 5 * time.Second

// measureRaw writes copies of one lead's rows into the database that the
// product has filled and left.
func measureRaw(ctx context.Context, engine, url string) ([]peer, error) {
	t, err := readTemplate(ctx, engine, url)
	if err != nil {
		return nil, err
	}
	type round struct {
		name           string
		callers, group int
	}
	rounds := []round{{"SQLite, one lead a transaction", 1, 1}, {"SQLite, 32 leads a transaction", 1, 32}}
	if engine == "postgres" {
		rounds = []round{{"PostgreSQL, one lead a transaction, 1 caller", 1, 1}, {"PostgreSQL, one lead a transaction, 16 callers", 16, 1}}
	}
	var out []peer
	for _, r := range rounds {
		rate, err := writeCopies(ctx, engine, url, t, r.callers, r.group)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(os.Stderr, "%s: %.0f leads/s\n", r.name, rate)
		out = append(out, peer{r.name, rate})
	}
	return out, nil
}

func writeCopies(ctx context.Context, engine, url string, t *template, callers, group int) (float64, error) {
	counts, errors := make([]int, callers), make([]error, callers)
	var all sync.WaitGroup
	began := time.Now()
	for c := range callers {
		all.Go(func() {
			x, err := connect(ctx, engine, url)
			if err != nil {
				errors[c] = err
				return
			}
			defer x.close()
			for time.Since(began) < rawLength && errors[c] == nil && ctx.Err() == nil {
				errors[c] = writeGroup(ctx, x, t, group)
				counts[c] += group
			}
		})
	}
	all.Wait()
	took, total := time.Since(began), 0
	for c := range callers {
		total += counts[c]
		if errors[c] != nil {
			return 0, errors[c]
		}
	}
	return float64(total) / took.Seconds(), ctx.Err()
}

func writeGroup(ctx context.Context, x executor, t *template, group int) error {
	if err := x.begin(ctx); err != nil {
		return err
	}
	for range group {
		for i, args := range t.copy() {
			if err := x.exec(ctx, t.rows[i].insert, args); err != nil {
				return err
			}
		}
	}
	return x.commit(ctx)
}

func connect(ctx context.Context, engine, url string) (executor, error) {
	if engine == "postgres" {
		c, err := pgx.Connect(ctx, url)
		return &pgExecutor{conn: c}, err
	}
	// The settings are those of the product.
	db, err := sql.Open("sqlite", "file:"+url+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=temp_store(MEMORY)&_pragma=cache_size(-65536)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return &liteExecutor{db: db, known: map[string]*sql.Stmt{}}, nil
}

type pgExecutor struct {
	conn *pgx.Conn
	tx   pgx.Tx
}

func (x *pgExecutor) begin(ctx context.Context) (err error) {
	x.tx, err = x.conn.Begin(ctx)
	return err
}

func (x *pgExecutor) exec(ctx context.Context, text string, args []any) error {
	_, err := x.tx.Exec(ctx, text, args...)
	return err
}

func (x *pgExecutor) commit(ctx context.Context) error { return x.tx.Commit(ctx) }

func (x *pgExecutor) close() { _ = x.conn.Close(context.Background()) }

type liteExecutor struct {
	db    *sql.DB
	known map[string]*sql.Stmt
}

func (x *liteExecutor) begin(ctx context.Context) error {
	_, err := x.db.ExecContext(ctx, "BEGIN IMMEDIATE")
	return err
}

func (x *liteExecutor) exec(ctx context.Context, text string, args []any) error {
	st := x.known[text]
	if st == nil {
		var err error
		if st, err = x.db.PrepareContext(ctx, text); err != nil {
			return err
		}
		x.known[text] = st
	}
	_, err := st.ExecContext(ctx, args...)
	return err
}

func (x *liteExecutor) commit(ctx context.Context) error {
	_, err := x.db.ExecContext(ctx, "COMMIT")
	return err
}

func (x *liteExecutor) close() {
	for _, st := range x.known {
		st.Close()
	}
	x.db.Close()
}
