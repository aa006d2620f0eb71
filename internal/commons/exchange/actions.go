package exchange

import (
	"context"
	"errors"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Define declares the actions.
func (s *Service) Define(r *action.Registry) {
	action.Define(r, action.Spec{Name: "rpt_ExchangeStatus", Table: tableCounterpart, Effect: action.Read, Right: access.Read, Description: "Tells how the exchange with a counterpart stands: circuit breaker, changes and events by state, cases that differ."}, s.status)
	action.Define(r, action.Spec{Name: "rpt_OpenExchange", Table: tableCounterpart, Effect: action.DB, Right: access.Write, Description: "Begins to exchange a record with a counterpart, or opens a case for a subject, as its mapping says. One that is exchanged already stays as it is."}, s.openNow)
	action.Define(r, action.Spec{Name: "rpt_CompareExchange", Table: tableCounterpart, Effect: action.DB, Right: access.Write, Description: "Has all open cases of a counterpart compared field by field, in the background."}, s.compareSoon)
	action.Define(r, action.Spec{Name: "rpt_ReplayChanges", Table: tableCounterpart, Effect: action.DB, Right: access.Write, Description: "Has up to 1,000 changes that were given up tried again."}, s.replayAll)
	action.Define(r, action.Spec{Name: "rpt_ReplayChange", Table: tableIntent, Effect: action.DB, Right: access.Write, Description: "Has a change that was given up tried again, in its old place."}, s.replayOne)
	action.Define(r, action.Spec{Name: "rpt_DiscardChange", Table: tableIntent, Effect: action.DB, Right: access.Write, Description: "Takes a change that was given up out of the line, so that what comes behind it is sent."}, s.discardOne)
	action.Define(r, action.Spec{Name: "rpt_ResendCase", Table: tableCase, Effect: action.DB, Right: access.Write, Description: "Sends a case again as it is here: its fields, notes and documents."}, s.resendCase)
	action.Define(r, action.Spec{Name: "rpt_CompareCase", Table: tableCase, Effect: action.Alone, Right: access.Write, Description: "Compares a case with the counterpart's field by field, now."}, s.compareCase)
	action.Define(r, action.Spec{Name: "rpt_SettleDifference", Table: tableCase, Effect: action.Alone, Right: access.Write, Description: "Settles a difference between both sides by taking ours or theirs."}, s.settleDifference)
	action.Define(r, action.Spec{Name: "rpt_ReplayExchangeEvent", Table: tableEvent, Effect: action.Alone, Right: access.Write, Description: "Applies an event in quarantine, with a mended text where one is given."}, s.replayEventNow)
	action.Define(r, action.Spec{Name: "rpt_DiscardExchangeEvent", Table: tableEvent, Effect: action.DB, Right: access.Write, Description: "Leaves an event in quarantine aside for good."}, s.discardEvent)
}

// StatusOutput is how the exchange with a counterpart stands.
type StatusOutput struct {
	InForce         bool       `json:"InForce" doc:"It is enabled, has an address and a mapping that can be used"`
	Breaker         string     `json:"Breaker" doc:"closed, open (left alone after failures) or failing"`
	BreakerUntil    *time.Time `json:"BreakerUntil,omitempty" doc:"When it is tried again"`
	Failures        int64      `json:"Failures" doc:"Failures in a row, of this node"`
	Waiting         int64      `json:"Waiting" doc:"Changes still to be sent"`
	Acknowledged    int64      `json:"Acknowledged" doc:"Changes that were taken"`
	Dead            int64      `json:"Dead" doc:"Changes given up"`
	Discarded       int64      `json:"Discarded" doc:"Changes taken out of the line"`
	EventsWaiting   int64      `json:"EventsWaiting" doc:"Events still to be applied"`
	EventsApplied   int64      `json:"EventsApplied" doc:"Events applied"`
	Quarantined     int64      `json:"Quarantined" doc:"Events that need a person"`
	OpenCases       int64      `json:"OpenCases" doc:"Cases under exchange"`
	ClosedCases     int64      `json:"ClosedCases" doc:"Cases whose exchange has ended"`
	DifferingCases  int64      `json:"DifferingCases" doc:"Cases that differ, by the last comparison"`
	AskedOn         *time.Time `json:"AskedOn,omitempty" doc:"When it was last asked for changes"`
	AskingFailed    string     `json:"AskingFailed,omitempty" doc:"Why that failed, if it did"`
	OldestWaitingOn *time.Time `json:"OldestWaitingOn,omitempty" doc:"Since when the oldest change waits"`
}

func (s *Service) status(ctx context.Context, c action.Call, _ action.Empty) (StatusOutput, error) {
	ctx = s.system(ctx, "status") // that the caller may read the counterpart has been checked
	out := StatusOutput{InForce: s.byID(c.Target) != nil, Breaker: "closed"}
	failures, until := s.circuits.State(c.Target)
	out.Failures = int64(failures)
	switch {
	case !until.IsZero():
		out.Breaker, out.BreakerUntil = "open", &until
	case failures > 0:
		out.Breaker = "failing"
	}
	sent, err := s.counts(ctx, c.Reader, tableIntent, c.Target)
	if err != nil {
		return out, err
	}
	out.Waiting, out.Acknowledged, out.Dead, out.Discarded = sent[intentWaiting], sent[intentAcknowledged], sent[intentDead], sent[intentDiscarded]
	came, err := s.counts(ctx, c.Reader, tableEvent, c.Target)
	if err != nil {
		return out, err
	}
	out.EventsWaiting, out.EventsApplied, out.Quarantined = came[eventWaiting], came[eventApplied], came[eventQuarantined]
	cases, err := s.counts(ctx, c.Reader, tableCase, c.Target)
	if err != nil {
		return out, err
	}
	out.OpenCases, out.ClosedCases = cases[caseOpen], cases[caseClosed]
	page, err := c.Reader.Find(ctx, query.Query{Table: tableCase, Select: []string{"rpt_exchangecaseid"}, Limit: 1, Count: true,
		Where: query.And{eq("rpt_counterpartid", c.Target), eq("statecode", caseOpen), query.Compare{Left: query.Path{"rpt_differing"}, Op: query.Gt, Value: int64(0)}}})
	if err != nil {
		return out, err
	}
	out.DifferingCases = page.Total
	oldest, err := c.Reader.Find(ctx, query.Query{Table: tableIntent, Select: []string{"createdon"}, Limit: 1, Order: []query.Order{{Column: "createdon"}}, Where: query.And{eq("rpt_counterpartid", c.Target), eq("statecode", intentWaiting)}})
	if err != nil {
		return out, err
	}
	if len(oldest.Rows) > 0 {
		if at, ok := oldest.Rows[0]["createdon"].(time.Time); ok {
			out.OldestWaitingOn = &at
		}
	}
	asked, err := s.cursor(ctx, c.Target)
	if !asked.asked.IsZero() {
		out.AskedOn, out.AskingFailed = &asked.asked, asked.failure
	}
	return out, err
}

// OpenInput names what is to be exchanged.
type OpenInput struct {
	Record action.Ref `json:"Record" doc:"The case, or the subject for which one is to be opened"`
}

func (s *Service) openNow(ctx context.Context, c action.Call, in OpenInput) (action.Empty, error) {
	cp := s.byID(c.Target)
	if cp == nil {
		return action.Empty{}, ErrDisabled
	}
	if in.Record.Table != cp.m.Case && in.Record.Table != cp.m.Subject {
		return action.Empty{}, errs.InvalidFields("exchange.table", "this record is not exchanged", []errs.Field{{Name: "Record", Code: "table", Message: "the mapping is about " + cp.m.Case + " and " + cp.m.Subject}})
	}
	row, err := c.Tx.Demand(ctx, in.Record.Table, in.Record.ID, access.Write)
	if err != nil {
		return action.Empty{}, err
	}
	ctx = s.system(ctx, "opened by hand")
	links, err := s.links(ctx, c.Tx, cp, in.Record.Table, in.Record.ID)
	if err != nil || len(links) > 0 {
		return action.Empty{}, err
	}
	if in.Record.Table != cp.m.Case {
		if cp.m.Open == nil {
			return action.Empty{}, errs.New(errs.Invalid, "exchange.open", "the mapping does not say how a case is opened for such a record")
		}
		return action.Empty{}, s.begin(ctx, c.Tx, cp, row)
	}
	var subject record.Row
	if key := row.ID(cp.m.Lookup); key != id.Nil {
		if subject, err = c.Tx.Get(ctx, cp.m.Subject, key, nil, nil); err != nil {
			return action.Empty{}, err
		}
	}
	return action.Empty{}, s.open(ctx, c.Tx, cp, row, subject)
}

func (s *Service) compareSoon(_ context.Context, c action.Call, _ action.Empty) (action.Empty, error) {
	a := comparing{about: about{Counterpart: c.Target}}
	fresh, err := s.c.Queue.Enqueue(c.Tx.SQL(), job.Spec{Kind: jobCompare, Key: c.Target.String(), Payload: a})
	if err == nil && fresh == id.Nil {
		_, err = s.c.Queue.Hasten(c.Tx.SQL(), jobCompare, c.Target.String())
	}
	return action.Empty{}, err
}

// CountOutput says how many there were.
type CountOutput struct {
	Count int64 `json:"Count" doc:"How many"`
}

const replayMost = 1000

func (s *Service) replayAll(ctx context.Context, c action.Call, _ action.Empty) (CountOutput, error) {
	ctx = s.system(ctx, "replay")
	page, err := c.Tx.Find(ctx, query.Query{Table: tableIntent, Select: []string{"rpt_caseid"}, Where: query.And{eq("rpt_counterpartid", c.Target), eq("statecode", intentDead)}, Order: []query.Order{{Column: "rpt_caseid"}}, Limit: replayMost})
	if err != nil {
		return CountOutput{}, err
	}
	for _, row := range page.Rows {
		if err := s.replay(ctx, c.Tx, row.ID("rpt_exchangeintentid")); err != nil {
			return CountOutput{}, err
		}
	}
	return CountOutput{int64(len(page.Rows))}, nil
}

func (s *Service) replayOne(ctx context.Context, c action.Call, _ action.Empty) (action.Empty, error) {
	return action.Empty{}, s.replay(s.system(ctx, "replay"), c.Tx, c.Target)
}

func (s *Service) discardOne(ctx context.Context, c action.Call, _ action.Empty) (action.Empty, error) {
	return action.Empty{}, s.discard(s.system(ctx, "discard"), c.Tx, c.Target)
}

// linkOf finds an exchanged case and its counterpart.
func (s *Service) linkOf(ctx context.Context, from record.Reader, key id.ID) (record.Row, *counterpart, error) {
	link, err := from.Get(ctx, tableCase, key, nil, nil)
	if err != nil {
		return nil, nil, err
	}
	cp := s.byID(link.ID("rpt_counterpartid"))
	if cp == nil {
		return nil, nil, ErrDisabled
	}
	return link, cp, nil
}

func (s *Service) resendCase(ctx context.Context, c action.Call, _ action.Empty) (action.Empty, error) {
	ctx = s.system(ctx, "resend")
	link, cp, err := s.linkOf(ctx, c.Tx, c.Target)
	if err != nil {
		return action.Empty{}, err
	}
	return action.Empty{}, s.resend(ctx, c.Tx, cp, link)
}

// CompareOutput says how much differs.
type CompareOutput struct {
	Differing int64 `json:"Differing" doc:"How many parts differ; the exchanged case has the list"`
}

func (s *Service) compareCase(ctx context.Context, c action.Call, _ action.Empty) (CompareOutput, error) {
	ctx = s.system(ctx, "compare")
	link, cp, err := s.linkOf(ctx, s.c.Store, c.Target)
	if err != nil {
		return CompareOutput{}, err
	}
	list, err := s.compare(ctx, cp, link)
	return CompareOutput{int64(len(list))}, public(err)
}

// SettleInput says which difference is settled, and how.
type SettleInput struct {
	Part string `json:"Part,omitempty" doc:"Which part, as the list of differences names it; empty is all"`
	Take string `json:"Take" doc:"ours or theirs"`
}

func (s *Service) settleDifference(ctx context.Context, c action.Call, in SettleInput) (action.Empty, error) {
	ctx = s.system(ctx, "settle")
	link, cp, err := s.linkOf(ctx, s.c.Store, c.Target)
	if err != nil {
		return action.Empty{}, err
	}
	switch in.Take {
	case ours:
		err = s.c.Store.Write(ctx, func(tx *record.Tx) error { return s.takeOurs(ctx, tx, cp, link, in.Part) })
	case theirs:
		if err = s.takeTheirs(ctx, cp, link, in.Part); err == nil {
			_, err = s.compare(ctx, cp, link)
			if errors.Is(err, ErrBusy) {
				err = nil
			}
		}
	default:
		err = errs.InvalidFields("exchange.take", "say whose value counts", []errs.Field{{Name: "Take", Code: "invalid", Message: "ours or theirs"}})
	}
	return action.Empty{}, public(err)
}

// public gives an error of the counterpart a kind that callers see.
func public(err error) error {
	var no refusal
	if errors.As(err, &no) {
		return errs.New(errs.Conflict, "exchange.refused", "%s", no.why)
	}
	return err
}

// EventInput brings a mended event.
type EventInput struct {
	Payload string `json:"Payload,omitempty" doc:"The event as it should have been, as JSON; empty leaves it as it came"`
}

func (s *Service) replayEventNow(ctx context.Context, c action.Call, in EventInput) (action.Empty, error) {
	return action.Empty{}, public(s.replayEvent(s.system(ctx, "replay"), c.Target, in.Payload))
}

func (s *Service) discardEvent(ctx context.Context, c action.Call, _ action.Empty) (action.Empty, error) {
	ctx = s.system(ctx, "discard")
	if err := s.unsettled(ctx, c.Tx, c.Target); err != nil {
		return action.Empty{}, err
	}
	_, err := c.Tx.Update(ctx, tableEvent, c.Target, record.Row{"statecode": eventDiscarded, "rpt_settledon": s.c.Clock.Now()}, record.Match{})
	return action.Empty{}, err
}
