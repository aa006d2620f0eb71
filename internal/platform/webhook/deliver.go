package webhook

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/event"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Kind is the kind of the jobs that deliver.
const Kind = "webhook"

// ahead names the lane that a job works off.
type ahead struct {
	Endpoint id.ID  `json:"endpoint"`
	Lane     string `json:"lane"`
}

// delivery is one thing that is told.
type delivery struct {
	number   int64
	headers  map[string]string
	payload  []byte
	attempts int64
}

const (
	attemptsMost = 8
	backoffBase  = 2 * time.Second
	backoffMost  = 30 * time.Minute
)

// backoff grows exponentially, with jitter over its upper half.
func backoff(n int64) time.Duration {
	d := min(backoffBase<<min(n, 12), backoffMost)
	return d/2 + rand.N(d/2)
}

// Handler does the jobs.
func (s *Service) Handler() job.Handler {
	return job.Handler{Run: func(ctx context.Context, j *job.Job) error {
		var lane ahead
		if err := json.Unmarshal(j.Payload, &lane); err != nil {
			return job.Permanent(errs.Wrap(err, errs.Internal, "webhook.job", "the job of a delivery can't be read"))
		}
		return s.deliver(ctx, j, lane)
	}}
}

// deliver sends the first of a lane and settles what comes of it.
func (s *Service) deliver(ctx context.Context, j *job.Job, lane ahead) error {
	first, found, err := s.first(ctx, lane.Lane)
	if err != nil {
		return err
	}
	if !found {
		return s.end(ctx, j, lane)
	}
	var address string
	if steps := s.o.Steps(); steps != nil {
		address = steps.urls[lane.Endpoint]
	}
	if address == "" { // the web hook has been disabled or deleted, and with it what it would have been told
		return s.settle(ctx, j, lane, first, nil)
	}
	if wait, open := s.circuit.Open(lane.Endpoint); open {
		return s.o.DB.Write(ctx, func(tx *sqldb.Tx) error { return j.Again(tx, s.o.Clock.Now().Add(wait), lane) })
	}
	key, err := s.secret(ctx, lane.Endpoint)
	if err != nil {
		return err
	}
	sent := s.o.Client.Post(ctx, address, first.headers, first.payload, key, s.o.Clock.Now())
	if ctx.Err() != nil {
		return ctx.Err() // we are being stopped: that says nothing of the other side
	}
	s.circuit.Note(lane.Endpoint, sent == nil)
	if sent == nil {
		return s.settle(ctx, j, lane, first, nil)
	}
	s.o.Logger.Warn("a web hook failed", "endpoint", lane.Endpoint.String(), "attempt", first.attempts+1, "error", sent)
	if first.attempts+1 >= attemptsMost {
		return s.settle(ctx, j, lane, first, sent)
	}
	return s.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		if _, err := tx.Exec("UPDATE webhookdelivery SET attempts = attempts + 1 WHERE number = "+tx.Dialect().Placeholder(1), first.number); err != nil {
			return err
		}
		return j.Again(tx, s.o.Clock.Now().Add(backoff(first.attempts)), lane)
	})
}

func (s *Service) first(ctx context.Context, lane string) (d delivery, found bool, err error) {
	var headers, payload string
	found, err = s.o.DB.QueryRow(ctx, "SELECT number, headers, payload, attempts FROM webhookdelivery WHERE lane = "+s.o.DB.Dialect().Placeholder(1)+" ORDER BY number LIMIT 1", []any{lane}, &d.number, &headers, &payload, &d.attempts)
	if err != nil || !found {
		return d, false, err
	}
	d.payload = []byte(payload)
	return d, true, json.Unmarshal([]byte(headers), &d.headers)
}

// settle takes a delivery out, as a dead letter if it failed for good, and goes
// on with the next of the lane.
func (s *Service) settle(ctx context.Context, j *job.Job, lane ahead, d delivery, failed error) error {
	return s.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		if failed != nil && s.o.Letters != nil {
			letter := event.Letter{Consumer: consumer, Topic: "web hooks", Source: lane.Endpoint.String(), EventID: lane.Lane, Reason: failed.Error(), Seq: uint64(d.number), Attempts: int(d.attempts + 1), At: s.o.Clock.Now()}
			if err := s.o.Letters.Keep(ctx, tx, letter); err != nil {
				return err
			}
		}
		if _, err := tx.Exec("DELETE FROM webhookdelivery WHERE number = "+tx.Dialect().Placeholder(1), d.number); err != nil {
			return err
		}
		return s.next(tx, j, lane)
	})
}

func (s *Service) end(ctx context.Context, j *job.Job, lane ahead) error {
	return s.o.DB.Write(ctx, func(tx *sqldb.Tx) error { return s.next(tx, j, lane) })
}

// next ends the job, unless more waits in its lane. Whoever adds to the lane
// waits for that, and begins a new job.
func (s *Service) next(tx *sqldb.Tx, j *job.Job, lane ahead) error {
	if err := tx.Lock("web hook " + lane.Lane); err != nil {
		return err
	}
	more, err := tx.QueryRow("SELECT 1 FROM webhookdelivery WHERE lane = "+tx.Dialect().Placeholder(1)+" LIMIT 1", []any{lane.Lane}, new(int))
	if err != nil {
		return err
	}
	if more {
		return j.Again(tx, s.o.Clock.Now(), lane)
	}
	return j.Done(tx)
}

// secret opens the signing secret; nil if there is none.
func (s *Service) secret(ctx context.Context, endpoint id.ID) ([]byte, error) {
	d := s.o.DB.Dialect()
	key, err := query.Encode(d, query.ID, endpoint)
	if err != nil {
		return nil, err
	}
	var sealed string
	found, err := s.o.DB.QueryRow(ctx, "SELECT sealed FROM webhooksecret WHERE endpointid = "+d.Placeholder(1), []any{key}, &sealed)
	if err != nil || !found {
		return nil, err
	}
	return s.o.Box.Unseal(place(endpoint), sealed)
}
