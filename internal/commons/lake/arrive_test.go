package lake_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/commons/lake"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/kit/cloudevents"
	"github.com/rapport-platform/rapport/internal/platform/event"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// topic is a log in memory.
type topic struct {
	mu     sync.Mutex
	events []event.Event
}

func (p *topic) publish(id string, data map[string]any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	text, _ := json.Marshal(data)
	seq := uint64(len(p.events)+1) * 10
	p.events = append(p.events, event.Event{Topic: "leads", Seq: seq, Source: "/test", ID: id, At: start.Add(time.Duration(seq) * time.Second),
		Cloud: &cloudevents.Event{ID: id, Source: "/test", Type: "lead.created", Subject: "s", Time: start, Extensions: map[string]string{"visitor": "v"}, Data: text}})
}

func (p *topic) Topic() string { return "leads" }
func (p *topic) Open(_ context.Context, after uint64) (event.Reader, error) {
	return &topicReader{p, after}, nil
}
func (p *topic) Get(context.Context, uint64) (event.Event, error) {
	return event.Event{}, errs.New(errs.NotFound, "event.gone", "not kept")
}
func (p *topic) Last(context.Context) (uint64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return uint64(len(p.events)) * 10, nil
}

type topicReader struct {
	p     *topic
	after uint64
}

func (r *topicReader) Next(ctx context.Context, max int, wait time.Duration) ([]event.Event, error) {
	r.p.mu.Lock()
	var out []event.Event
	for _, e := range r.p.events {
		if e.Seq > r.after && len(out) < max {
			out = append(out, e)
		}
	}
	r.p.mu.Unlock()
	if len(out) > 0 {
		r.after = out[len(out)-1].Seq
		return out, nil
	}
	select {
	case <-time.After(wait):
		return nil, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (r *topicReader) Close() {}

func becomesLead(e event.Event) (map[string]any, bool) {
	var data struct{ Name string }
	if json.Unmarshal(e.Cloud.Data, &data) != nil || data.Name == "" {
		return nil, false
	}
	return map[string]any{"lastname": data.Name, "subject": "by the stream"}, true
}

// Leads that come by the stream are in the lake while the database is away; once
// their records are there, the records win.
func TestArrivalsWithoutDatabase(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		log := &topic{}
		var db *sqldb.DB // away
		var mu sync.Mutex
		arrivals := e.lake.NewArrivals(lake.Topic{Log: log, Table: "lead", Convert: becomesLead}, func() *sqldb.DB { mu.Lock(); defer mu.Unlock(); return db })
		must(t, arrivals.Start(t.Context()))
		for i := range 5 {
			log.publish(fmt.Sprint("event ", i), map[string]any{"name": fmt.Sprint("Person ", i)})
		}
		log.publish("no lead", map[string]any{})
		log.publish("event 4", map[string]any{"name": "Person 4"}) // sent again
		e.flush(t)
		joins := []lake.Join{{Table: "lead", Source: "rpt_source", EventID: "rpt_eventid"}}
		open := func(want int) []lake.Arrival {
			t.Helper()
			got := all(t, e.lake.Arrivals(t.Context(), "lead", []string{"lastname", "subject"}, joins...))
			if len(got) != want {
				t.Errorf("%d arrivals, want %d", len(got), want)
			}
			return got
		}
		if got := open(5); got[0].Values[0] != "Person 0" || got[0].Seq != 10 || got[0].EventID != "event 0" || !got[0].At.Equal(start.Add(10*time.Second)) {
			t.Errorf("%+v", got[0])
		}
		events := all(t, e.lake.Events(t.Context(), "leads", time.Time{}, time.Time{}))
		if len(events) != 7 || string(events[2].Data) != `{"name":"Person 2"}` || events[2].Type != "lead.created" || !events[2].Time.Equal(start) {
			t.Errorf("%d events: %+v", len(events), events)
		}
		if n := len(all(t, e.lake.Events(t.Context(), "leads", start.Add(10*time.Second), start.Add(30*time.Second)))); n != 2 {
			t.Errorf("%d events between, want 2", n)
		}

		// The database is back: its records come by the change log, the position is noted.
		mu.Lock()
		db = e.db
		mu.Unlock()
		stop := e.start(t)
		for i := range 3 {
			e.create(t, "lead", record.Row{"subject": "the record", "lastname": fmt.Sprint("Person ", i), "rpt_source": "/test", "rpt_eventid": fmt.Sprint("event ", i)})
		}
		log.publish("event 7", map[string]any{"name": "Person 7"})
		e.flush(t)
		open(3)
		must(t, arrivals.Stop(context.WithoutCancel(t.Context())))
		stop()
		if seq, ok, err := event.Lowest(t.Context(), e.db, "leads", ""); err != nil || !ok || seq != 80 {
			t.Errorf("the noted position is %d, %v, %v", seq, ok, err)
		}

		// Upkeep clears those away whose records are there; another process goes on behind them.
		must(t, e.lake.Tidy(t.Context(), map[string][]lake.Join{"lead": joins}, false))
		if i := e.info(t, "arrivals/lead"); i.Rows != 4 { // three, one of them twice
			t.Errorf("%d arrivals are kept", i.Rows)
		}
		e.open(t)
		again := e.lake.NewArrivals(lake.Topic{Log: log, Table: "lead", Convert: becomesLead}, func() *sqldb.DB { return e.db })
		must(t, again.Start(t.Context()))
		log.publish("event 8", map[string]any{"name": "Person 8"})
		e.flush(t)
		open(4)
		if n := e.info(t, "events/leads").Rows; n != 9 {
			t.Errorf("%d events, want 9", n)
		}
		n, err := e.lake.EraseEvents(t.Context(), "leads", "lead", []lake.EventID{{Source: "/test", ID: "event 8"}, {Source: "/test", ID: "event 0"}})
		if err != nil || n != 3 {
			t.Errorf("%d rows erased, %v", n, err)
		}
		open(3)
		must(t, again.Stop(context.WithoutCancel(t.Context())))
	})
}

// Of two nodes one feeds the lake; when it stops, the other goes on.
func TestOneNodeAtATime(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		stop := e.start(t)
		e.create(t, "account", record.Row{"name": "by the first"})
		e.flush(t)
		first := e.lake
		e.open(t)
		e.start(t)
		e.create(t, "account", record.Row{"name": "by the first, too"})
		e.flush(t) // the second node knows where the first is
		e.equalToStore(t, "account")
		before := e.info(t, "changes/account").Version
		stop()
		e.create(t, "account", record.Row{"name": "by the second"})
		e.flush(t)
		e.equalToStore(t, "account")
		if after := e.info(t, "changes/account").Version; after <= before {
			t.Errorf("version %d follows %d", after, before)
		}
		if _, err := first.Tables(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestNames(t *testing.T) {
	t.Parallel()
	l := lake.New(lake.Config{Dir: t.TempDir()})
	for _, name := range []string{"", "..", "a/b", "A", "x y", "../../etc"} {
		if _, err := l.Append(t.Context(), name, lake.Import{}); !errors.Is(err, lake.ErrName) {
			t.Errorf("%q: %v", name, err)
		}
	}
}
