package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // driver "sqlite"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// Options say which database to open.
type Options struct {
	// URL is a postgres:// address, or the path of an SQLite file.
	URL    string
	Logger *slog.Logger
	// Readers is the number of reading connections; 0 means 8.
	Readers int
}

// DB is an open database.
type DB struct {
	dialect Dialect
	reader  *sql.DB
	writer  writer
	logger  *slog.Logger
	path    string      // of the SQLite file
	file    string      // of SQLite: the driver's address of the file, for writing
	stmts   *statements // nil on PostgreSQL, whose driver keeps its own

	snapshots chan struct{} // holds one for each that is under way
}

// writer runs write closures; one implementation per dialect.
type writer interface {
	write(ctx context.Context, fn func(*Tx) error) error
	close() error
}

// Open opens the database and checks that it answers. An SQLite file is made
// if it is missing.
func Open(ctx context.Context, o Options) (*DB, error) {
	if o.Readers == 0 {
		o.Readers = 8
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if strings.HasPrefix(o.URL, "postgres://") || strings.HasPrefix(o.URL, "postgresql://") {
		return openPostgres(ctx, o)
	}
	if strings.Contains(o.URL, "://") {
		return nil, errs.New(errs.Invalid, "sqldb.address", "the database address must be a postgres:// address or the path of a file")
	}
	return openSQLite(ctx, o)
}

// Dialect tells which database this is.
func (db *DB) Dialect() Dialect { return db.dialect }

// Close lets go of all connections. Writes still waiting fail as unavailable.
func (db *DB) Close() error {
	err := db.writer.close()
	if db.stmts != nil {
		db.stmts.close()
	}
	if e := db.reader.Close(); err == nil {
		err = e
	}
	return err
}

// Ping checks that the database answers a query.
func (db *DB) Ping(ctx context.Context) error {
	var one int
	return classify(db.reader.QueryRowContext(ctx, "SELECT 1").Scan(&one))
}

// SQL gives the pool of reading connections to libraries that need one.
func (db *DB) SQL() *sql.DB { return db.reader }

// Query reads rows outside any write. The caller closes the rows.
func (db *DB) Query(ctx context.Context, text string, args ...any) (*Rows, error) {
	if db.stmts != nil {
		return rowsOf(db.stmts.query(ctx, text, args))
	}
	rows, err := rowsOf(db.reader.QueryContext(ctx, text, args...))
	if stale := (*pgconn.PgError)(nil); errors.As(err, &stale) && stalePlan(stale) {
		return rowsOf(db.reader.QueryContext(ctx, text, args...)) // nothing was read yet
	}
	return rows, err
}

// QueryPlanned is Query for a statement whose best plan depends on its values by
// far, such as the words of a search, which few rows have or nearly all:
// PostgreSQL plans it for these values each time. By itself it would settle on one
// plan for whatever values after a few turns.
func (db *DB) QueryPlanned(ctx context.Context, text string, args ...any) (*Rows, error) {
	if db.dialect == Postgres {
		args = append([]any{pgx.QueryExecModeCacheDescribe}, args...)
	}
	return db.Query(ctx, text, args...)
}

// QueryRow reads one row into dest; found is false when there is none.
func (db *DB) QueryRow(ctx context.Context, text string, args []any, dest ...any) (found bool, err error) {
	rows, err := db.Query(ctx, text, args...)
	if err != nil {
		return false, err
	}
	return scanOne(rows, dest)
}

func scanOne(rows *Rows, dest []any) (bool, error) {
	defer rows.Close()
	if !rows.Next() {
		return false, rows.Err()
	}
	if err := rows.Scan(dest...); err != nil {
		return false, classify(err)
	}
	return true, nil
}

// oldestPostgres is the oldest server that the tests run on.
const oldestPostgres = 150000

func openPostgres(ctx context.Context, o Options) (*DB, error) {
	config, err := pgx.ParseConfig(o.URL)
	if err != nil {
		// The cause is dropped on purpose: it repeats the address, which may hold a password.
		return nil, errs.New(errs.Invalid, "sqldb.address", "the database address is not a valid postgres:// address")
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = 5 * time.Second
	}
	pool := stdlib.OpenDB(*config)
	pool.SetMaxOpenConns(o.Readers + 16)
	pool.SetMaxIdleConns(o.Readers + 16)
	db := &DB{dialect: Postgres, reader: pool, writer: &postgresWriter{pool: pool, logger: o.Logger}, logger: o.Logger, snapshots: make(chan struct{}, snapshotsMost)}
	if err := db.Ping(ctx); err != nil {
		pool.Close()
		return nil, err
	}
	var version int
	if _, err := db.QueryRow(ctx, "SELECT current_setting('server_version_num')::int", nil, &version); err != nil {
		pool.Close()
		return nil, err
	}
	if version < oldestPostgres {
		pool.Close()
		return nil, errs.New(errs.Unsupported, "sqldb.old_server", "the PostgreSQL server is version %d; %d or newer is needed", version/10000, oldestPostgres/10000)
	}
	return db, nil
}

func openSQLite(ctx context.Context, o Options) (*DB, error) {
	path, err := filepath.Abs(o.URL)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, errs.Wrap(err, errs.Unavailable, "sqldb.folder", "the folder %s can't be written", filepath.Dir(path))
	}
	const common = "&_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=temp_store(MEMORY)"
	file := "file:" + (&url.URL{Path: path}).EscapedPath() + "?_txlock=immediate" + common
	// What is deleted or replaced is overwritten with zeros, so that the file holds
	// nothing of what the tables no longer do, but in the write-ahead log until Scrub.
	w, err := sql.Open("sqlite", file+"&_pragma=cache_size(-16384)&_pragma=secure_delete(1)&_pragma=wal_autocheckpoint("+strconv.Itoa(walPages)+")&_pragma=journal_size_limit("+strconv.Itoa(walKept)+")")
	if err != nil {
		return nil, err
	}
	w.SetMaxOpenConns(1)
	// The writer comes first: it makes the file and switches it to WAL.
	writer, err := newSQLiteWriter(ctx, w, o.Logger)
	if err != nil {
		w.Close()
		return nil, err
	}
	// A reader's pages are forgotten at the next commit of anybody, and there are
	// many readers: the system's own cache serves them.
	r, err := sql.Open("sqlite", file+"&_pragma=cache_size(-1024)&_pragma=query_only(1)")
	if err != nil {
		writer.close()
		return nil, err
	}
	r.SetMaxOpenConns(o.Readers)
	r.SetMaxIdleConns(o.Readers)
	writer.checkpointer.Store(newCheckpointer(context.WithoutCancel(ctx), r, o.Logger))
	db := &DB{dialect: SQLite, reader: r, writer: writer, logger: o.Logger, path: path, file: file, stmts: &statements{prepare: r.PrepareContext}, snapshots: make(chan struct{}, snapshotsMost)}
	if err := db.Ping(ctx); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

// statements keeps prepared statements, since SQLite parses anew otherwise: those
// used since the last generation of them was full, and that generation.
type statements struct {
	prepare func(ctx context.Context, text string) (*sql.Stmt, error)

	mu       sync.Mutex
	now, old map[string]*sql.Stmt
}

// generationMost is how many statements a generation holds. One that reads all
// columns of a wide table takes 160 KiB on every connection that has run it.
const generationMost = 128

func (s *statements) get(ctx context.Context, text string) (*sql.Stmt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if st, ok := s.now[text]; ok {
		return st, nil
	}
	st, known := s.old[text]
	if !known {
		var err error
		if st, err = s.prepare(context.WithoutCancel(ctx), text); err != nil {
			return nil, err
		}
	}
	delete(s.old, text)
	if len(s.now) >= generationMost {
		for _, st := range s.old {
			st.Close() // one in use ends itself when its last user is done
		}
		s.now, s.old = nil, s.now
	}
	if s.now == nil {
		s.now = make(map[string]*sql.Stmt)
	}
	s.now[text] = st
	return st, nil
}

// query runs a prepared statement. One that was closed between being found and
// being used, by a flood of others, is prepared anew.
func (s *statements) query(ctx context.Context, text string, args []any) (*sql.Rows, error) {
	for try := 0; ; try++ {
		st, err := s.get(ctx, text)
		if err != nil {
			return nil, err
		}
		rows, err := st.QueryContext(ctx, args...)
		if err == nil || try == 3 || err.Error() != "sql: statement is closed" {
			return rows, err
		}
	}
}

func (s *statements) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, known := range []map[string]*sql.Stmt{s.now, s.old} {
		for _, st := range known {
			st.Close()
		}
	}
	s.now, s.old = nil, nil
}
