package decision

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/rule/decide"
)

// rounds bounds how often a record that changes meanwhile is decided on again.
const rounds = 4

// work is a job's payload: a record to be decided on.
type work struct {
	Table    string `json:"table"`
	Record   id.ID  `json:"record"`
	Decision id.ID  `json:"decision"`
}

func (s *Service) enqueue(tx *record.Tx, w work) error {
	// Several changes of one record soon after each other make one decision.
	_, err := s.c.Queue.Enqueue(tx.SQL(), job.Spec{Kind: jobCheck, Key: w.Decision.String() + " " + w.Record.String(), Payload: w})
	return err
}

// runCheck decides in the background, in the platform's name.
func (s *Service) runCheck(ctx context.Context, j *job.Job) error {
	var w work
	if err := json.Unmarshal(j.Payload, &w); err != nil {
		return errs.Wrap(err, errs.Internal, "decision.job", "the payload can't be read")
	}
	_, err := s.decide(s.system(ctx, "in the background"), w, func(tx *record.Tx) error { return j.Done(tx.SQL()) })
	if errs.Has(err, errs.NotFound) || errs.CodeOf(err) == ErrNotInForce.Code {
		return nil // the record is gone, or nothing decides on it any more
	}
	return err
}

// decided is a decision that was written.
type decided struct {
	check   id.ID
	outcome decide.Outcome
}

// decide decides on a record in the name of the context's principal, who must be
// allowed to write it. also runs in the transaction of the write.
func (s *Service) decide(ctx context.Context, w work, also func(*record.Tx) error) (out decided, err error) {
	system := s.system(ctx, "decide")
	set, err := s.c.Store.Get(system, "rpt_decision", w.Decision, nil, nil)
	if err != nil {
		return out, err
	}
	version, program, err := s.inForce(ctx, s.c.Store, w.Decision)
	if err != nil {
		return out, err
	}
	src, err := bind(s.c.Catalog(), w.Table, program.Definition())
	if err != nil {
		return out, err
	}
	var known map[string]any // what services answered, for the same inputs
	var calls []Call
	var before string
	for range rounds {
		row, vars, err := src.read(ctx, s.c.Store, w.Record)
		if err != nil {
			return out, err
		}
		inputs, err := json.Marshal(vars)
		if err != nil {
			return out, errs.Wrap(err, errs.Internal, "decision.inputs", "the inputs have no JSON form")
		}
		if calls == nil || string(inputs) != before {
			before, known = string(inputs), vars
			if calls, err = s.ask(ctx, program.Definition(), known); err != nil {
				return out, err
			}
		}
		now := s.c.Clock.Now()
		result, err := program.Evaluate(ctx, known, now)
		if err != nil {
			return out, err
		}
		ways, err := program.Ways(ctx, known, now)
		if err != nil {
			return out, err
		}
		moved := false
		err = s.c.Store.Write(ctx, func(tx *record.Tx) error {
			moved = false
			// Those behind lookups first: whoever changes one of them holds it before its dependents.
			if err := src.hold(system, tx, row); err != nil {
				return err
			}
			locked, err := tx.Demand(ctx, w.Table, w.Record, access.Write)
			if err != nil {
				return err
			}
			if moved, err = src.moved(ctx, tx, row, locked, inputs); err != nil || moved {
				return err
			}
			out, err = s.keep(system, tx, set, version, program.Definition(), src.table, locked, result, ways, calls, now)
			if err == nil && also != nil {
				err = also(tx)
			}
			return err
		})
		if err != nil || !moved {
			return out, err
		}
	}
	return out, ErrMoving
}

// keep writes a decision in place of the one before.
func (s *Service) keep(ctx context.Context, tx *record.Tx, set record.Row, version dates, d *decide.Definition, t *metadata.Table, row record.Row, r decide.Result, ways []decide.Way, calls []Call, now time.Time) (decided, error) {
	key, decision := row.ID(t.ID), set.ID("rpt_decisionid")
	if err := supersede(ctx, tx, decision, key); err != nil {
		return decided{}, err
	}
	in := record.Row{"rpt_name": clip(set.Text("rpt_name")+": "+row.Text(t.Title), 300), "rpt_decisionid": decision, "rpt_versionid": version.id, "rpt_versionnumber": version.number,
		"rpt_recordid": key, "rpt_recordtable": t.Name, "rpt_decidedon": now, "rpt_outcome": int64(r.Outcome)}
	for column, v := range map[string]any{"rpt_inputs": shown(r.Values), "rpt_reasons": map[string]any{"checks": r.Checks, "problems": r.Problems}, "rpt_ways": ways, "rpt_calls": calls} {
		text, err := query.RawJSON(v)
		if err != nil {
			return decided{}, err
		}
		in[column] = text
	}
	checks, _ := tx.Catalog().Table("rpt_decisioncheck")
	if about, ok := checks.Column("regardingobjectid"); ok && slices.Contains(about.Targets, t.Name) {
		in["regardingobjectid"], in[metadata.TypeColumn("regardingobjectid")] = key, t.Name
	}
	if owner := row.ID("ownerid"); owner != id.Nil {
		in["ownerid"], in[metadata.TypeColumn("ownerid")] = owner, row.Text(metadata.TypeColumn("ownerid"))
	}
	if err := s.tellFailed(ctx, tx, version, d, in, r.Problems); err != nil {
		return decided{}, err
	}
	made, err := tx.Create(ctx, "rpt_decisioncheck", in)
	if err != nil {
		return decided{}, err
	}
	if column := set.Text("rpt_outcomecolumn"); column != "" && row[column] != int64(r.Outcome) {
		if _, err := tx.Update(ctx, t.Name, key, record.Row{column: int64(r.Outcome)}, record.Match{}); err != nil {
			return decided{}, err
		}
	}
	return decided{made.ID("rpt_decisioncheckid"), r.Outcome}, nil
}

// supersede closes the current decisions of a set on a record.
func supersede(ctx context.Context, tx *record.Tx, decision, key id.ID) error {
	page, err := tx.Find(ctx, query.Query{Table: "rpt_decisioncheck", Select: []string{"rpt_decisioncheckid"}, Limit: 100,
		Where: query.And{eq("rpt_recordid", key), eq("rpt_decisionid", decision), eq("statecode", int64(0))}})
	if err != nil {
		return err
	}
	for _, row := range page.Rows {
		if _, err := tx.Update(ctx, "rpt_decisioncheck", row.ID("rpt_decisioncheckid"), record.Row{"statecode": int64(1), "statuscode": int64(2)}, record.Match{}); err != nil {
			return err
		}
	}
	return nil
}

// shown gives the inputs and formulas as JSON keeps them: days without a time.
func shown(values map[string]any) map[string]any {
	out := make(map[string]any, len(values))
	for name, v := range values {
		if t, ok := v.(time.Time); ok {
			v = t.Format(time.DateOnly)
		}
		out[name] = v
	}
	return out
}

func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}
