package record

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.opentelemetry.io/otel"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

// Options are what a store is made of.
type Options struct {
	DB      *sqldb.DB
	Catalog func() *metadata.Catalog
	Access  *access.Control
	Log     *changelog.Log
	Clock   clock.Clock
	// Files keeps the content of files and pictures; nil takes none.
	Files Files
	// Filter reads the filters of roll-ups; nil fails those that have one.
	Filter ReadFilter
	// Jobs takes what is too much for one transaction; nil refuses it.
	Jobs *job.Queue
	// Patience is how long reading one page may take, related rows and count
	// included; 0 means half a minute.
	Patience time.Duration
	// Swift is what a count may take where an estimate will do.
	Swift Swift
	// Renew looks whether the definitions have changed and takes them in; nil
	// where they never do.
	Renew func(ctx context.Context) (changed bool, err error)
	// Committed is called once a change of one of these tables is on disk; it must not block.
	Committed map[string]func()
}

// pinned are the options with the catalog as it is now, for as long as one
// transaction or one query lasts: what is checked against one epoch must not be
// rendered from another.
func (o *Options) pinned() *Options {
	p := *o
	c := o.Catalog()
	p.Catalog = func() *metadata.Catalog { return c }
	return &p
}

func (o *Options) patience() time.Duration {
	if o.Patience <= 0 {
		return 30 * time.Second
	}
	return o.Patience
}

// Store reads committed records, and opens transactions that write them.
type Store struct {
	reader
	o      Options
	hooks  map[string][]Hook
	makers []func(table string) Hook
	made   sync.Map // table → its hooks, those of the makers among them
	locks  locks
}

// New makes a store. Hooks are added before it is used.
func New(o Options) *Store {
	s := &Store{o: o, hooks: map[string][]Hook{}}
	s.AddHook(currencyHook())
	s.AddHook(shareHook())
	s.AddHook(moveHook("systemuser"))
	s.AddHook(moveHook("team"))
	s.reader = reader{o: &s.o, live: true, apart: true, note: s.NoteReads, query: func(ctx context.Context, text string, args []any) (*sqldb.Rows, error) {
		return o.DB.Query(ctx, text, args...)
	}}
	return s
}

// KeepFiles says who keeps the content of files, before the store is used.
func (s *Store) KeepFiles(f Files) { s.o.Files = f }

// tracer makes the spans of writes; where they go is decided when the product starts.
var tracer = otel.Tracer("github.com/rapport-platform/rapport/record")

// races bounds how often a write runs again because another one made the row
// that it was about to make.
const races = 5

// Write runs fn in a transaction; see sqldb.DB.Write. fn may run again.
func (s *Store) Write(ctx context.Context, fn func(*Tx) error) error {
	var err error
	for range races {
		known := s.o.Catalog()
		err = s.o.DB.Write(ctx, func(t *sqldb.Tx) error { return fn(s.Bind(t)) })
		if errs.CodeOf(err) != errRace.Code && !s.o.renewed(ctx, err, known) {
			return err
		}
	}
	return lost(err)
}

// renewed tells whether an error may come of the definitions known when it
// happened, and others are in force now. A column that is gone makes the
// database refuse.
func (o *Options) renewed(ctx context.Context, err error, known *metadata.Catalog) bool {
	if code := errs.CodeOf(err); o.Renew == nil || code != codeStale && code != "sqldb.failed" {
		return false
	}
	// On SQLite the change may stand in the group of writes that is still open: it
	// can be read once the group, and with it this empty write, is on disk.
	if e := o.DB.Write(ctx, func(*sqldb.Tx) error { return nil }); e != nil {
		return false
	}
	_, e := o.Renew(ctx)
	return e == nil && o.Catalog() != known
}

// lost gives the error of a race that was lost each time: what is in the way
// was not made at the same moment, but is simply there.
func lost(race error) error {
	if errs.CodeOf(race) != errRace.Code {
		return race
	}
	for err := race; err != nil; err = errors.Unwrap(err) {
		if e, ok := err.(*errs.Error); ok && e.Code == ErrDuplicateKey.Code {
			return e
		}
	}
	e := *ErrExists
	e.Cause = race
	return &e
}

// Bind lets records be written within a transaction that is already running,
// so that they commit with what else is in it.
func (s *Store) Bind(t *sqldb.Tx) *Tx {
	o := s.o.pinned()
	s.locks.follow(o.Catalog())
	tx := &Tx{store: s, sql: t}
	tx.reader = reader{o: o, note: tx.NoteReads, query: func(_ context.Context, text string, args []any) (*sqldb.Rows, error) {
		return t.Query(text, args...)
	}}
	return tx
}

// Tx reads and writes records within one transaction.
type Tx struct {
	reader
	store    *Store
	sql      *sqldb.Tx
	inserts  map[insertShape]string // statements by table and columns
	numbered []string               // automatic numbers drawn so far
	parents  map[parentKey]Row      // rows that lookups may lead to and that this transaction holds already
	whole    map[parentKey]Row      // rows that this transaction has written, as they stand
	// cascading says that a part of a job is under way: what hangs on its rows is left to jobs of its own.
	cascading bool
	deletion  deletion // that is under way
	// Deferred lists the asyncoperations of the jobs that this transaction has asked for.
	Deferred []id.ID
}

// SQL gives the transaction underneath, for packages that own tables of their own.
func (tx *Tx) SQL() *sqldb.Tx { return tx.sql }

func (tx *Tx) table(name string) (*metadata.Table, error) { return tableOf(tx.o, name) }

func tableOf(o *Options, name string) (*metadata.Table, error) {
	t, ok := o.Catalog().Table(name)
	if !ok {
		return nil, errs.New(errs.NotFound, "record.table", "there is no table %s", name)
	}
	return t, nil
}

// writable refuses tables that only the platform itself writes.
func (tx *Tx) writable(ctx context.Context, name string) (*metadata.Table, error) {
	t, err := tx.table(name)
	if err != nil {
		return nil, err
	}
	if t.Intersect {
		return nil, errs.New(errs.Invalid, "record.intersect", "rows of %s come and go by associating the two records", name)
	}
	if t.Managed && access.From(ctx).Kind != access.System {
		return nil, errs.New(errs.Forbidden, "record.managed", "rows of %s are written by the platform only", name)
	}
	return t, nil
}

// Catalog gives the tables in force.
func (s *Store) Catalog() *metadata.Catalog { return s.o.Catalog() }
