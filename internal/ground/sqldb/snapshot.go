package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rapport-platform/rapport/internal/ground/diskfile"
	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// What a snapshot may cost those who write meanwhile.
const (
	snapshotsMost = 4                // at once; others wait
	snapshotTime  = 15 * time.Minute // PostgreSQL can't clear away what it still shows, nor alter its tables
	snapshotLog   = 2 << 30          // bytes that SQLite's write-ahead log may reach in any case, as it can't begin anew meanwhile
)

// Bounds limit a snapshot; zero fields take the defaults: a quarter of an hour, and
// half of what is free on the disk as the snapshot begins, or 2 GiB if that is more.
type Bounds struct {
	Time time.Duration
	Log  int64 // bytes of SQLite's write-ahead log
}

// Snapshot shows what was committed at one moment, whatever is written
// meanwhile. It holds up no writer. It is used by one goroutine, and not after
// its closure has returned.
type Snapshot struct {
	db   *DB
	conn interface {
		QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
		ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error)
	}
	logMost int64 // bytes
}

// scrolls gives each cursor a name of its own.
var scrolls atomic.Int64

// Snapshot runs fn with what is committed now. Four can be had at once; further
// callers wait. One that lasts too long, or for which SQLite's log has grown too
// large, ends with an error of the codes sqldb.snapshot_time and sqldb.snapshot_log.
func (db *DB) Snapshot(ctx context.Context, b Bounds, fn func(ctx context.Context, s *Snapshot) error) error {
	if b.Time <= 0 {
		b.Time = snapshotTime
	}
	if b.Log <= 0 {
		b.Log = db.logRoom()
	}
	select {
	case db.snapshots <- struct{}{}:
		defer func() { <-db.snapshots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	late := errs.New(errs.TooLarge, "sqldb.snapshot_time", "reading all of it as of one moment took longer than %s: ask for less at once", b.Time)
	own, cancel := context.WithTimeoutCause(ctx, b.Time, late)
	defer cancel()
	s := &Snapshot{db: db}
	var err error
	if db.dialect == Postgres {
		err = s.postgres(own, fn)
	} else {
		err = s.sqlite(own, b.Log, fn)
	}
	if err != nil && ctx.Err() == nil && errors.Is(context.Cause(own), late) {
		return errs.Wrap(err, late.Kind, late.Code, "%s", late.Message)
	}
	return err
}

func (s *Snapshot) postgres(ctx context.Context, fn func(context.Context, *Snapshot) error) error {
	tx, err := s.db.reader.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return classify(err)
	}
	defer tx.Rollback()
	s.conn = tx
	// The first statement fixes the moment. All rows of a cursor are wanted, not the first ones soon.
	if _, err := tx.ExecContext(ctx, "SET LOCAL cursor_tuple_fraction = 1"); err != nil {
		return classify(err)
	}
	if err := s.touch(ctx, "SELECT pg_current_snapshot()::text"); err != nil {
		return err
	}
	return fn(ctx, s)
}

// sqlite takes a connection of its own, so that the readers stay free. What it
// sorts goes to a file once it is large.
func (s *Snapshot) sqlite(ctx context.Context, logMost int64, fn func(context.Context, *Snapshot) error) error {
	pool, err := sql.Open("sqlite", s.db.file+"&_pragma=temp_store(FILE)&_pragma=cache_size(-4096)&_pragma=query_only(1)")
	if err != nil {
		return classify(err)
	}
	defer pool.Close()
	pool.SetMaxOpenConns(1)
	conn, err := pool.Conn(ctx)
	if err != nil {
		return classify(err)
	}
	defer conn.Close() // which ends the transaction
	s.conn, s.logMost = conn, max(logMost, s.db.log())
	if _, err := conn.ExecContext(ctx, "BEGIN DEFERRED"); err != nil {
		return classify(err)
	}
	if err := s.touch(ctx, "SELECT COUNT(*) FROM sqlite_schema"); err != nil { // the first read fixes the moment
		return err
	}
	return fn(ctx, s)
}

func (s *Snapshot) touch(ctx context.Context, text string) error {
	rows, err := s.Query(ctx, text)
	if err != nil {
		return err
	}
	defer rows.Close()
	rows.Next()
	return rows.Err()
}

// log gives the size of SQLite's write-ahead log, in bytes.
func (db *DB) log() int64 {
	info, err := os.Stat(db.path + "-wal")
	if err != nil {
		return 0
	}
	return info.Size()
}

// logRoom is how large SQLite's log may grow for a snapshot: after a large import
// the followers alone write many GiB, which must not end an export while there is room.
func (db *DB) logRoom() int64 {
	if db.dialect != SQLite {
		return snapshotLog
	}
	free, _ := diskfile.Free(filepath.Dir(db.path))
	return max(snapshotLog, db.log()+int64(min(free/2, math.MaxInt64/2)))
}

// bounded tells whether the snapshot may go on.
func (s *Snapshot) bounded() error {
	if s.db.dialect == SQLite && s.db.log() > s.logMost {
		return errs.New(errs.TooLarge, "sqldb.snapshot_log", "so much was written while this was read as of one moment that it was ended: ask for less at once, or at a quieter time")
	}
	return nil
}

// Query reads rows as of the snapshot. The caller closes the rows before the next call.
func (s *Snapshot) Query(ctx context.Context, text string, args ...any) (*Rows, error) {
	if err := s.bounded(); err != nil {
		return nil, err
	}
	return rowsOf(s.conn.QueryContext(ctx, text, args...))
}

// Scroll runs a query once, however many rows it has: row is called on each, and
// batch after each n rows and at the end if some are left. Only batch may Query.
func (s *Snapshot) Scroll(ctx context.Context, text string, args []any, n int, row func(*Rows) error, batch func() error) error {
	if s.db.dialect == Postgres {
		return s.fetch(ctx, text, args, n, row, batch)
	}
	rows, err := s.Query(ctx, text, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	pending := 0
	end := func() error {
		pending = 0
		if err := batch(); err != nil {
			return err
		}
		return s.bounded()
	}
	for rows.Next() {
		if err := row(rows); err != nil {
			return err
		}
		if pending++; pending == n {
			if err := end(); err != nil {
				return err
			}
		}
	}
	if err := rows.Err(); err != nil || pending == 0 {
		return err
	}
	return end()
}

// fetch scrolls by a cursor. Neither statement is kept prepared: what FETCH gives
// depends on the cursor.
func (s *Snapshot) fetch(ctx context.Context, text string, args []any, n int, row func(*Rows) error, batch func() error) error {
	name := fmt.Sprintf("scroll_%d", scrolls.Add(1))
	if _, err := s.conn.ExecContext(ctx, "DECLARE "+name+" NO SCROLL CURSOR FOR "+text, append([]any{pgx.QueryExecModeDescribeExec}, args...)...); err != nil {
		return classify(err)
	}
	for {
		got := 0
		rows, err := s.Query(ctx, fmt.Sprintf("FETCH %d FROM %s", n, name), pgx.QueryExecModeDescribeExec)
		if err != nil {
			return err
		}
		for err == nil && rows.Next() {
			got++
			err = row(rows)
		}
		if err == nil {
			err = rows.Err()
		}
		rows.Close()
		if err == nil && got > 0 {
			err = batch()
		}
		if err != nil {
			return err
		}
		if got < n {
			_, err := s.conn.ExecContext(ctx, "CLOSE "+name)
			return classify(err)
		}
	}
}
