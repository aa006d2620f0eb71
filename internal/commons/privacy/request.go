package privacy

import (
	"context"
	"encoding/json"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Kind is the kind of the jobs that do requests.
const Kind = "person request"

// What a request asks for, as options of rpt_kind.
const (
	forAccess  = int64(0)
	forErasure = int64(1)
)

// Status reasons of a request.
const (
	statusRunning = int64(2)
	statusDone    = int64(3)
	statusFailed  = int64(4)
)

// work is what a request needs until it is done.
type work struct {
	Who     Who      `json:"who"`
	Step    int      `json:"step"`
	Subject *Subject `json:"subject,omitempty"`
	Report  Report   `json:"report"`
}

type payload struct {
	Request id.ID `json:"request"`
}

// ask makes a request and its job, in the caller's transaction. Nothing of the
// person stands in the request itself, as it stays.
func (s *Service) ask(ctx context.Context, tx *record.Tx, kind int64, who Who) (id.ID, error) {
	if err := who.check(s.o.Catalog()); err != nil {
		return id.Nil, err
	}
	name := []string{"Access", "Erasure"}[kind] + " by e-mail or phone"
	row := record.Row{"rpt_kind": kind}
	if who.ID != id.Nil {
		name = []string{"Access", "Erasure"}[kind] + " of " + who.Table + " " + who.ID.String()[:8]
		row["rpt_table"], row["rpt_subjectid"] = who.Table, who.ID
	}
	row["rpt_name"] = name
	made, err := tx.Create(access.Elevate(ctx, "personal data"), "rpt_personrequest", row)
	if err != nil {
		return id.Nil, err
	}
	key := made.ID("rpt_personrequestid")
	if err := s.save(tx.SQL(), key, &work{Who: who}); err != nil {
		return id.Nil, err
	}
	_, err = s.o.Jobs.Enqueue(tx.SQL(), job.Spec{Kind: Kind, Key: key.String(), Payload: payload{key}})
	return key, err
}

// AskErasure makes the request of an erasure, in the caller's transaction.
func (s *Service) AskErasure(ctx context.Context, tx *record.Tx, who Who) (id.ID, error) {
	return s.ask(ctx, tx, forErasure, who)
}

// AskAccess makes the request of an archive.
func (s *Service) AskAccess(ctx context.Context, tx *record.Tx, who Who) (id.ID, error) {
	return s.ask(ctx, tx, forAccess, who)
}

// Preview tells what an erasure would do to the records, for those who may.
func (s *Service) Preview(ctx context.Context, who Who) (Report, error) {
	sub, err := s.plan(ctx, who)
	if err != nil {
		return Report{}, err
	}
	return sub.preview(), sub.frozen()
}

// save keeps the state of a request.
func (s *Service) save(tx *sqldb.Tx, request id.ID, w *work) error {
	text, err := json.Marshal(w)
	if err != nil {
		return err
	}
	key, err := query.Encode(tx.Dialect(), query.ID, request)
	if err != nil {
		return err
	}
	p := tx.Dialect().Placeholder
	_, err = tx.Exec("INSERT INTO personwork (requestid, state) VALUES ("+p(1)+", "+p(2)+") ON CONFLICT (requestid) DO UPDATE SET state = excluded.state", key, string(text))
	return err
}

func (s *Service) load(ctx context.Context, request id.ID) (*work, bool, error) {
	d := s.o.DB.Dialect()
	key, err := query.Encode(d, query.ID, request)
	if err != nil {
		return nil, false, err
	}
	var text string
	found, err := s.o.DB.QueryRow(ctx, "SELECT state FROM personwork WHERE requestid = "+d.Placeholder(1), []any{key}, &text)
	if err != nil || !found {
		return nil, false, err
	}
	w := new(work)
	if err := json.Unmarshal([]byte(text), w); err != nil {
		return nil, false, job.Permanent(errs.Wrap(err, errs.Internal, "privacy.state", "the state of the request can't be read"))
	}
	return w, true, nil
}

func drop(tx *sqldb.Tx, request id.ID) error {
	key, err := query.Encode(tx.Dialect(), query.ID, request)
	if err != nil {
		return err
	}
	_, err = tx.Exec("DELETE FROM personwork WHERE requestid = "+tx.Dialect().Placeholder(1), key)
	return err
}

// Handler does the jobs.
func (s *Service) Handler() job.Handler {
	return job.Handler{Run: s.run, Dead: func(ctx context.Context, tx *sqldb.Tx, j *job.Job, reason error) error {
		var p payload
		if json.Unmarshal(j.Payload, &p) != nil {
			return nil
		}
		ctx = access.AsSystem(ctx, "personal data")
		report, err := query.RawJSON(map[string]any{"failed": errs.CodeOf(reason)})
		if err != nil {
			return err
		}
		// What is known of the person goes too: whoever asks again finds anew what is left.
		if err := drop(tx, p.Request); err != nil {
			return err
		}
		_, err = s.o.Store.Bind(tx).Update(ctx, "rpt_personrequest", p.Request, record.Row{"statuscode": statusFailed, "rpt_report": report, "rpt_completedon": s.o.Clock.Now()}, record.Match{})
		return err
	}}
}

func (s *Service) run(ctx context.Context, j *job.Job) error {
	var p payload
	if err := json.Unmarshal(j.Payload, &p); err != nil {
		return job.Permanent(errs.Wrap(err, errs.Internal, "privacy.job", "the job of a request can't be read"))
	}
	ctx = access.AsSystem(ctx, "personal data")
	row, err := s.o.Store.Get(ctx, "rpt_personrequest", p.Request, []string{"rpt_kind", "statecode"}, nil)
	if errs.Has(err, errs.NotFound) || err == nil && row.Int("statecode") != 0 {
		return s.o.DB.Write(ctx, j.Done)
	}
	if err != nil {
		return err
	}
	w, ok, err := s.load(ctx, p.Request)
	if err != nil || !ok {
		return err
	}
	do := s.export
	if row.Int("rpt_kind") == forErasure {
		do = s.erase
	}
	if err := do(ctx, p.Request, w); err != nil {
		if errs.Has(err, errs.NotFound) || errs.Has(err, errs.Conflict) || errs.Has(err, errs.Invalid) || errs.Has(err, errs.TooLarge) {
			return job.Permanent(err)
		}
		return err
	}
	return s.o.Store.Write(ctx, func(tx *record.Tx) error {
		report, err := query.RawJSON(w.Report)
		if err != nil {
			return err
		}
		if _, err := tx.Update(ctx, "rpt_personrequest", p.Request, record.Row{"statuscode": statusDone, "rpt_step": nil, "rpt_report": report, "rpt_completedon": s.o.Clock.Now()}, record.Match{}); err != nil {
			return err
		}
		if err := drop(tx.SQL(), p.Request); err != nil {
			return err
		}
		return j.Done(tx.SQL())
	})
}
