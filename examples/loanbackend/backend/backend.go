package backend

import (
	"context"
	"database/sql"
	"net/http"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver
)

// Options are what a back-end is started with.
type Options struct {
	File    string // of the database
	Token   string // that callers must have; "" lets everybody in
	Webhook string // where events go; "" sends none
	Secret  string // under which they are signed
	Delay   time.Duration
	Seed    uint64           // of the faults' chances; 0 takes a random one
	Now     func() time.Time // nil is time.Now
}

// Backend is a running back-end.
type Backend struct {
	o      Options
	db     *sql.DB
	faults *faults
	client *http.Client
	write  sync.Mutex    // one change at a time
	wake   chan struct{} // something is to be decided or sent
}

// Open opens the file of a back-end.
func Open(o Options) (*Backend, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	db, err := sql.Open("sqlite", "file:"+o.File+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(10000)&_txlock=immediate")
	if err != nil {
		return nil, err
	}
	if _, err := db.Exec(schema); err != nil {
		db.Close()
		return nil, err
	}
	return &Backend{o: o, db: db, faults: newFaults(o.Seed), client: &http.Client{Timeout: 10 * time.Second}, wake: make(chan struct{}, 1)}, nil
}

// Close lets go of the file.
func (b *Backend) Close() error { return b.db.Close() }

// Run decides on cases and sends events until the context ends.
func (b *Backend) Run(ctx context.Context) {
	for ctx.Err() == nil {
		b.decideDue(ctx)
		b.sendDue(ctx)
		select {
		case <-ctx.Done():
		case <-b.wake:
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (b *Backend) nudge() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}
