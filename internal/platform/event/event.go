package event

import (
	"context"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/kit/cloudevents"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
)

// Event is one event of either log, as a consumer sees it.
type Event struct {
	Topic  string // of the stream; "changes" for the change log
	Seq    uint64 // position in its log
	Source string // with ID the identity by which an event has its effect once
	ID     string
	At     time.Time // when it was stored
	Trace  string    // W3C traceparent of whoever published it
	// One of the two is set.
	Cloud  *cloudevents.Event
	Change *changelog.Change
}

// Log is an ordered log that can be read from a position.
type Log interface {
	// Topic names the log.
	Topic() string
	// Open reads from behind the position.
	Open(ctx context.Context, after uint64) (Reader, error)
	// Get reads one event again.
	Get(ctx context.Context, seq uint64) (Event, error)
	// Last gives the newest position, for the lag.
	Last(ctx context.Context) (uint64, error)
}

// Reader reads on.
type Reader interface {
	// Next waits up to the given time for the first event and gives up to max of them.
	Next(ctx context.Context, max int, wait time.Duration) ([]Event, error)
	Close()
}

// Effect is what handling an event does to the database. It may run again; see sqldb.DB.Write.
type Effect func(ctx context.Context, tx *sqldb.Tx) error

// Handler works out what an event does. It runs outside any transaction and
// does no I/O of its own; the effect is then written together with the inbox
// key. An error of kind Unavailable is waited out; every other one counts as an
// attempt.
type Handler func(ctx context.Context, e Event) (Effect, error)

// Subscription is one consumer of one log.
type Subscription struct {
	Consumer string // names position, inbox and dead letters; never rename it
	Log      Log
	Handle   Handler
	// Key gives the order key: events of one key are handled one at a time, in
	// order; those of different keys side by side. Nil or "" asks for no order.
	Key         func(Event) string
	Workers     int // events handled side by side; 0 means 16
	MaxAttempts int // 0 means 6
}
