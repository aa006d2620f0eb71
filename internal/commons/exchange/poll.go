package exchange

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

const (
	lookEvery = time.Minute // after lanes, of a counterpart that is not asked for changes
	lanesMost = 500
)

// runPoll asks a counterpart for its changes, and has lanes go on that stand still
// with something to send or to apply, as after a counterpart was enabled.
func (s *Service) runPoll(ctx context.Context, j *job.Job) error {
	var a about
	if err := json.Unmarshal(j.Payload, &a); err != nil {
		return job.Permanent(errs.Wrap(err, errs.Internal, "exchange.job", "the job can't be read"))
	}
	ctx = s.system(ctx, "poll")
	cp := s.byID(a.Counterpart)
	if cp == nil {
		// It may have been enabled just now, and the set in memory be older.
		if err := s.Refresh(ctx); err != nil {
			return err
		}
		if cp = s.byID(a.Counterpart); cp == nil {
			return nil // whoever enables it begins again
		}
	}
	if err := s.wakeLanes(ctx, cp); err != nil {
		return err
	}
	due, more := lookEvery, false
	if cp.poll > 0 {
		due = cp.poll
		if wait, open := s.circuits.Open(cp.id); open {
			due = wait
		} else {
			var err error
			more, err = s.poll(ctx, cp)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			var no refusal
			if err != nil && !errs.Has(err, errs.Unavailable) && !errors.As(err, &no) && errs.CodeOf(err) != "exchange.nonsense" {
				return err
			}
		}
	}
	return s.c.Store.Write(ctx, func(tx *record.Tx) error {
		at := s.c.Clock.Now()
		if !more {
			at = at.Add(due)
		}
		return j.Again(tx.SQL(), at, a)
	})
}

// wakeLanes has jobs for everything that waits; those that are there stay.
func (s *Service) wakeLanes(ctx context.Context, cp *counterpart) error {
	for after := id.Nil; ; {
		page, err := s.c.Store.Find(ctx, query.Query{Table: tableCase, Where: query.And{eq("rpt_counterpartid", cp.id), query.Compare{Left: query.Path{"rpt_exchangecaseid"}, Op: query.Gt, Value: after},
			query.Linked{Table: tableIntent, From: "rpt_caseid", To: "rpt_exchangecaseid", Where: eq("statecode", intentWaiting)}}, Order: []query.Order{{Column: "rpt_exchangecaseid"}}, Limit: lanesMost})
		if err != nil {
			return err
		}
		events, err := s.waitingRecords(ctx, cp)
		if err != nil {
			return err
		}
		if len(page.Rows) == 0 && len(events) == 0 {
			return nil
		}
		err = s.c.Store.Write(ctx, func(tx *record.Tx) error {
			for _, link := range page.Rows {
				if err := s.goOn(tx, link); err != nil {
					return err
				}
			}
			for key := range events {
				if _, err := s.c.Queue.Enqueue(tx.SQL(), job.Spec{Kind: jobTake, Key: cp.id.String() + " " + key.String(), Payload: about{cp.id, key}}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || len(page.Rows) < lanesMost {
			return err
		}
		after = page.Rows[len(page.Rows)-1].ID("rpt_exchangecaseid")
	}
}

func (s *Service) waitingRecords(ctx context.Context, cp *counterpart) (map[id.ID]bool, error) {
	out := map[id.ID]bool{}
	page, err := s.c.Store.Find(ctx, query.Query{Table: tableEvent, Select: []string{"rpt_recordid"}, Where: query.And{eq("rpt_counterpartid", cp.id), eq("statecode", eventWaiting)}, Limit: lanesMost})
	for _, row := range page.Rows {
		out[row.ID("rpt_recordid")] = true
	}
	return out, err
}

// cursor is how far a counterpart has been asked.
type cursor struct {
	text    string
	asked   time.Time
	failure string
}

// poll asks for changes after the cursor and keeps them together with the new one.
func (s *Service) poll(ctx context.Context, cp *counterpart) (more bool, err error) {
	at, err := s.cursor(ctx, cp.id)
	if err != nil {
		return false, err
	}
	body, err := s.call(ctx, cp, http.MethodGet, "/changes?limit=200&after="+url.QueryEscape(at.text), nil, nil, 16*mostBody)
	var got changes
	if err == nil {
		err = decode(body, &got)
	}
	if err == nil && (got.Next == nil || len(*got.Next) > 200 || len(got.Events) > mostEvents || got.More && *got.Next == at.text) {
		err = nonsense("the list of changes has no usable cursor, or is too long")
	}
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	var no refusal
	s.circuits.Note(cp.id, err == nil || errors.As(err, &no))
	if err != nil {
		return false, errors.Join(err, s.setCursor(ctx, cp.id, at.text, clip(err.Error(), 1000)))
	}
	return got.More, s.keepEvents(ctx, cp, got.Events, wayPoll, func(tx *record.Tx) error { return s.putCursor(tx.SQL(), cp.id, *got.Next, "") })
}

func (s *Service) cursor(ctx context.Context, counterpart id.ID) (c cursor, err error) {
	d := s.c.DB.Dialect()
	key, err := query.Encode(d, query.ID, counterpart)
	if err != nil {
		return c, err
	}
	var asked any
	found, err := s.c.DB.QueryRow(ctx, "SELECT cursor, askedon, failure FROM exchangecursor WHERE counterpartid = "+d.Placeholder(1), []any{key}, &c.text, &asked, &c.failure)
	if err != nil || !found {
		return c, err
	}
	v, err := query.Decode(d, query.Time, 0, asked)
	c.asked, _ = v.(time.Time)
	return c, err
}

func (s *Service) setCursor(ctx context.Context, counterpart id.ID, text, failure string) error {
	return s.c.DB.Write(ctx, func(tx *sqldb.Tx) error { return s.putCursor(tx, counterpart, text, failure) })
}

func (s *Service) putCursor(tx *sqldb.Tx, counterpart id.ID, text, failure string) error {
	d := tx.Dialect()
	key, err := query.Encode(d, query.ID, counterpart)
	if err != nil {
		return err
	}
	at, err := query.Encode(d, query.Time, s.c.Clock.Now())
	if err != nil {
		return err
	}
	p := d.Placeholder
	_, err = tx.Exec("INSERT INTO exchangecursor (counterpartid, cursor, askedon, failure) VALUES ("+p(1)+", "+p(2)+", "+p(3)+", "+p(4)+") ON CONFLICT (counterpartid) DO UPDATE SET cursor = excluded.cursor, askedon = excluded.askedon, failure = excluded.failure", key, text, at, failure)
	return err
}
