package event

import (
	"context"
	"encoding/json"
	"maps"
	"sync"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
)

// Letter is an event that a consumer gave up on.
type Letter struct {
	Consumer, Topic, Source, EventID, Reason, Data string
	Seq                                            uint64
	Attempts                                       int
	At                                             time.Time // when the event was stored; on replay, when the letter was written
}

// Keeper keeps dead letters as records; the record store does it for the product.
type Keeper interface {
	Keep(ctx context.Context, tx *sqldb.Tx, l Letter) error
}

// DeadLetters writes dead letters and replays them.
type DeadLetters struct {
	DB     *sqldb.DB
	Clock  clock.Clock
	Keeper Keeper

	mu   sync.Mutex
	subs map[string]Subscription
}

func (d *DeadLetters) register(s Subscription) {
	d.mu.Lock()
	defer d.mu.Unlock()
	subs := map[string]Subscription{s.Consumer + "/" + s.Log.Topic(): s}
	maps.Copy(subs, d.subs)
	d.subs = subs
}

// write keeps the letter and the inbox key in one transaction, so that the
// event is settled: it comes back by a replay only.
func (d *DeadLetters) write(ctx context.Context, consumer string, e Event, attempts int, cause error) error {
	l := Letter{Consumer: consumer, Topic: e.Topic, Source: e.Source, EventID: e.ID, Reason: cause.Error(), Seq: e.Seq, Attempts: attempts, At: e.At}
	if e.Cloud != nil {
		text, err := json.Marshal(e.Cloud)
		if err != nil {
			return err
		}
		l.Data = string(text)
	}
	return d.DB.Write(ctx, func(tx *sqldb.Tx) error {
		seen, err := once(tx, consumer, e, d.Clock.Now())
		if err != nil || seen {
			return err
		}
		return d.Keeper.Keep(ctx, tx, l)
	})
}

// Effect works out what handling a dead letter's event again would do. The
// caller writes it together with the letter's new state.
func (d *DeadLetters) Effect(ctx context.Context, l Letter) (Effect, error) {
	d.mu.Lock()
	s, ok := d.subs[l.Consumer+"/"+l.Topic]
	d.mu.Unlock()
	if !ok {
		return nil, errs.New(errs.NotFound, "event.consumer", "the consumer %s of topic %s no longer exists", l.Consumer, l.Topic)
	}
	e, err := letterEvent(ctx, s, l)
	if err != nil {
		return nil, err
	}
	return s.Handle(ctx, e)
}

// letterEvent takes the event from the letter itself, as the log may have let go of it.
func letterEvent(ctx context.Context, s Subscription, l Letter) (Event, error) {
	if l.Data == "" {
		return s.Log.Get(ctx, l.Seq)
	}
	e := Event{Topic: l.Topic, Seq: l.Seq, Source: l.Source, ID: l.EventID, At: l.At}
	if err := json.Unmarshal([]byte(l.Data), &e.Cloud); err != nil {
		return Event{}, errs.Wrap(err, errs.Invalid, "event.letter", "the event in the dead letter can't be read")
	}
	return e, nil
}
