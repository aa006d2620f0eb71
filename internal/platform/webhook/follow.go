package webhook

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/lifecycle"
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
	circuit circuits
}

// New makes the service.
func New(o Options) *Service { return &Service{o: o, circuit: circuits{clock: o.Clock}} }

const (
	consumer = "webhook"
	batch    = 200
	idle     = 500 * time.Millisecond
)

// Follower is the service that turns changes into deliveries.
func (s *Service) Follower() lifecycle.Service {
	return &lifecycle.Loop{Run: func(ctx context.Context) {
		for ctx.Err() == nil {
			grown := s.o.Log.Tailer().Updated()
			n, err := s.Step(ctx)
			if err != nil && ctx.Err() == nil {
				grown = nil
				if !errs.Has(err, errs.Unavailable) {
					s.o.Logger.Error("web hooks", "error", err)
				}
			}
			if n == batch && err == nil {
				continue
			}
			select {
			case <-grown:
			case <-s.o.Clock.After(idle):
			case <-ctx.Done():
			}
		}
	}}
}

// Step takes the next changes and tells how many there were. A first step of all
// begins at the end of the log: nobody is told of what was before there were web hooks.
func (s *Service) Step(ctx context.Context) (int, error) {
	d := s.o.DB.Dialect()
	var seq int64
	found, err := s.o.DB.QueryRow(ctx, "SELECT seq FROM consumerposition WHERE consumer = "+d.Placeholder(1), []any{consumer}, &seq)
	if err != nil {
		return 0, err
	}
	if !found {
		if seq, err = s.o.Log.Last(ctx); err != nil {
			return 0, err
		}
		return 0, s.o.DB.Write(ctx, func(tx *sqldb.Tx) error { return s.move(tx, seq) })
	}
	changes, err := s.o.Log.After(ctx, seq, batch)
	if err != nil || len(changes) == 0 {
		return 0, err
	}
	err = s.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		if err := tx.Lock("web hooks"); err != nil {
			return err
		}
		var now int64
		if _, err := tx.QueryRow("SELECT seq FROM consumerposition WHERE consumer = "+d.Placeholder(1), []any{consumer}, &now); err != nil {
			return err
		}
		if now != seq {
			return nil // another node was faster
		}
		for _, c := range changes {
			if err := s.tell(tx, c); err != nil {
				return err
			}
		}
		return s.move(tx, changes[len(changes)-1].Seq)
	})
	return len(changes), err
}

func (s *Service) move(tx *sqldb.Tx, seq int64) error {
	at, err := query.Encode(tx.Dialect(), query.Time, s.o.Clock.Now())
	if err != nil {
		return err
	}
	p := tx.Dialect().Placeholder
	_, err = tx.Exec("INSERT INTO consumerposition (consumer, log, seq, at) VALUES ("+p(1)+", 'changes', "+p(2)+", "+p(3)+") ON CONFLICT (consumer) DO UPDATE SET seq = excluded.seq, at = excluded.at", consumer, seq, at)
	return err
}

// tell writes down the deliveries of one change.
func (s *Service) tell(tx *sqldb.Tx, c changelog.Change) error {
	steps := s.o.Steps()
	t, ok := s.o.Catalog().Table(c.Table)
	if steps == nil || !ok {
		return nil
	}
	for _, step := range steps.byTable[c.Table] {
		if step.Message != c.Op || !touches(step, c) {
			continue
		}
		payload, cut, err := describe(organisation{s.o.Organization, s.o.Name, s.o.Unit}, t, step, c)
		if err != nil {
			return err
		}
		headers := map[string]string{"x-ms-dynamics-organization": s.o.Name, "x-ms-dynamics-entity-name": t.Name, "x-ms-dynamics-request-name": messages[c.Op],
			"x-ms-correlation-request-id": id.Derive("request", c.Origin).String()}
		if cut {
			headers["x-ms-dynamics-msg-size-exceeded"] = "true"
		}
		if err := s.enqueue(tx, step.Endpoint, c.Record, headers, payload); err != nil {
			return err
		}
	}
	return nil
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

func (s *Service) enqueue(tx *sqldb.Tx, endpoint, row id.ID, headers map[string]string, payload []byte) error {
	d := tx.Dialect()
	lane := endpoint.String() + " " + row.String()
	if err := tx.Lock("web hook " + lane); err != nil {
		return err
	}
	text, err := json.Marshal(headers)
	if err != nil {
		return err
	}
	who, err := query.Encode(d, query.ID, endpoint)
	if err != nil {
		return err
	}
	at, err := query.Encode(d, query.Time, s.o.Clock.Now())
	if err != nil {
		return err
	}
	p := d.Placeholder
	if _, err := tx.Exec("INSERT INTO webhookdelivery (endpointid, lane, headers, payload, attempts, createdon) VALUES ("+p(1)+", "+p(2)+", "+p(3)+", "+p(4)+", 0, "+p(5)+")", who, lane, string(text), string(payload), at); err != nil {
		return err
	}
	_, err = s.o.Jobs.Enqueue(tx, job.Spec{Kind: Kind, Key: lane, Payload: ahead{Endpoint: endpoint, Lane: lane}})
	return err
}
