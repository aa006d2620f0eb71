package webhook

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/secret"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/event"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Options are what web hooks need.
type Options struct {
	DB           *sqldb.DB
	Log          *changelog.Log
	Catalog      func() *metadata.Catalog
	Steps        func() *Steps
	Clock        clock.Clock
	Jobs         *job.Queue
	Box          *secret.Box
	Client       *Client
	Letters      event.Keeper
	Logger       *slog.Logger
	Organization id.ID
	Name         string // host under which the organisation is known
	Unit         func(user id.ID) id.ID
}

// Service tells web hooks of changes.
type Service struct {
	o       Options
	circuit *Circuits
}

// New makes the service.
func New(o Options) *Service { return &Service{o: o, circuit: NewCircuits(o.Clock)} }

const (
	consumer = "webhook"
	batch    = 200
	gather   = 100 * time.Millisecond
)

// Follower gives the consumer that turns changes into deliveries. A new one begins
// at the end of the log: nobody is told of what was before there were web hooks.
func (s *Service) Follower() *event.Batch {
	return &event.Batch{Consumer: consumer, Log: event.Changes(s.o.Log), DB: s.o.DB, Clock: s.o.Clock, Logger: s.o.Logger, FromEnd: true, Max: batch, Gather: gather, Handle: s.take}
}

// told is what a web hook is told of a change.
type told struct {
	endpoint, record id.ID
	headers          map[string]string
	payload          []byte
}

// take works out what web hooks are told of changes.
func (s *Service) take(_ context.Context, events []event.Event) (event.Effect, error) {
	var all []told
	for _, e := range events {
		more, err := s.tell(*e.Change)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	if len(all) == 0 {
		return nil, nil
	}
	return func(_ context.Context, tx *sqldb.Tx) error {
		for _, d := range all {
			if err := s.enqueue(tx, d); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// tell gives the deliveries of one change.
func (s *Service) tell(c changelog.Change) (out []told, err error) {
	steps := s.o.Steps()
	t, ok := s.o.Catalog().Table(c.Table)
	if steps == nil || !ok {
		return nil, nil
	}
	for _, step := range steps.byTable[c.Table] {
		if step.Message != c.Op || !touches(step, c) {
			continue
		}
		payload, cut, err := describe(organisation{s.o.Organization, s.o.Name, s.o.Unit}, t, step, c)
		if err != nil {
			return nil, err
		}
		headers := map[string]string{"x-ms-dynamics-organization": s.o.Name, "x-ms-dynamics-entity-name": t.Name, "x-ms-dynamics-request-name": messages[c.Op],
			"x-ms-correlation-request-id": id.Derive("request", c.Origin).String()}
		if cut {
			headers["x-ms-dynamics-msg-size-exceeded"] = "true"
		}
		out = append(out, told{step.Endpoint, c.Record, headers, payload})
	}
	return out, nil
}

// touches tells whether an update changes a column that the step asks for.
func touches(step Step, c changelog.Change) bool {
	if c.Op != changelog.Update || len(step.Columns) == 0 {
		return true
	}
	changed := map[string]json.RawMessage{}
	if json.Unmarshal(c.After, &changed) != nil {
		return true
	}
	return slices.ContainsFunc(step.Columns, func(name string) bool { _, is := changed[name]; return is })
}

func (s *Service) enqueue(tx *sqldb.Tx, what told) error {
	d := tx.Dialect()
	lane := what.endpoint.String() + " " + what.record.String()
	if err := tx.Lock("web hook " + lane); err != nil {
		return err
	}
	text, err := json.Marshal(what.headers)
	if err != nil {
		return err
	}
	who, err := query.Encode(d, query.ID, what.endpoint)
	if err != nil {
		return err
	}
	at, err := query.Encode(d, query.Time, s.o.Clock.Now())
	if err != nil {
		return err
	}
	p := d.Placeholder
	if _, err := tx.Exec("INSERT INTO webhookdelivery (endpointid, lane, headers, payload, attempts, createdon) VALUES ("+p(1)+", "+p(2)+", "+p(3)+", "+p(4)+", 0, "+p(5)+")", who, lane, string(text), string(what.payload), at); err != nil {
		return err
	}
	_, err = s.o.Jobs.Enqueue(tx, job.Spec{Kind: Kind, Key: lane, Payload: ahead{Endpoint: what.endpoint, Lane: lane}})
	return err
}
