package decision

import (
	"context"
	"encoding/json"
	"iter"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/rule/decide"
)

// RehearseInput says on what a version is tried.
type RehearseInput struct {
	Source  string `json:"Source,omitempty" doc:"records: the table's records as they are now, inputs of services being their fallbacks; checks: past decisions with their inputs as they were then. records by default"`
	Days    int64  `json:"Days,omitempty" doc:"How far back records and decisions may have been made; 0 takes all"`
	Limit   int64  `json:"Limit,omitempty" doc:"Most cases looked at; 100,000 by default, 500,000 at most"`
	Samples int64  `json:"Samples,omitempty" doc:"Most differences shown; 100 by default, 1,000 at most"`
}

// RehearseOutput is the difference.
type RehearseOutput struct {
	Report string `json:"Report" doc:"As JSON: cases, changed, problems, moves (outcome before → after → cases), tables, differences"`
}

// TryInput is a case made up.
type TryInput struct {
	Inputs string `json:"Inputs" doc:"Values by name of input, as JSON; those of services among them"`
}

// TryOutput is the decision on it.
type TryOutput struct {
	Outcome int64  `json:"Outcome" doc:"1 passed, 2 referred, 3 failed"`
	Reasons string `json:"Reasons" doc:"As JSON: checks and problems"`
	Values  string `json:"Values" doc:"Inputs and formulas, as JSON"`
	Ways    string `json:"Ways" doc:"What would make it pass, as JSON"`
}

const (
	casesDefault, casesMost     = 100_000, 500_000
	samplesDefault, samplesMost = 100, 1000
)

// rehearse tries a version on past cases beside the one in force. It reads as the
// caller and writes nothing.
func (s *Service) rehearse(ctx context.Context, c action.Call, in RehearseInput) (RehearseOutput, error) {
	version, err := c.Reader.Get(ctx, "rpt_decisionversion", c.Target, nil, nil)
	if err != nil {
		return RehearseOutput{}, err
	}
	decision := version.ID("rpt_decisionid")
	set, err := c.Reader.Get(ctx, "rpt_decision", decision, nil, nil)
	if err != nil {
		return RehearseOutput{}, err
	}
	after, err := compileRow(version)
	if err != nil {
		return RehearseOutput{}, err
	}
	_, before, err := s.inForce(ctx, c.Reader, decision)
	if err != nil && errs.CodeOf(err) != ErrNotInForce.Code {
		return RehearseOutput{}, err
	}
	limit := within(in.Limit, casesDefault, casesMost)
	var since time.Time
	if in.Days > 0 {
		since = s.c.Clock.Now().AddDate(0, 0, -int(min(in.Days, 36500)))
	}
	var cases iter.Seq2[decide.Case, error]
	switch in.Source {
	case "", "records":
		cases, err = s.records(ctx, c.Reader, set.Text("rpt_table"), before, after, since, limit)
	case "checks":
		cases = pastChecks(ctx, c.Reader, decision, since, limit)
	default:
		err = errs.InvalidFields("decision.source", "there is no such source", []errs.Field{{Name: "Source", Code: "unknown", Message: "it is records or checks"}})
	}
	if err != nil {
		return RehearseOutput{}, err
	}
	report, err := decide.Rehearse(ctx, before, after, s.c.Clock.Now(), cases, within(in.Samples, samplesDefault, samplesMost))
	if err != nil {
		return RehearseOutput{}, err
	}
	text, err := json.Marshal(report)
	return RehearseOutput{string(text)}, err
}

func within(n, usual, most int64) int {
	if n <= 0 {
		n = usual
	}
	return int(min(n, most))
}

// records gives the table's records as cases, for the inputs of both versions.
func (s *Service) records(ctx context.Context, from record.Reader, table string, before, after *decide.Program, since time.Time, limit int) (iter.Seq2[decide.Case, error], error) {
	both := &decide.Definition{Inputs: after.Definition().Inputs}
	if before != nil {
		both = &decide.Definition{Inputs: append(append([]decide.Input{}, both.Inputs...), before.Definition().Inputs...)}
	}
	src, err := bind(s.c.Catalog(), table, both)
	if err != nil {
		return nil, err
	}
	// An input of both versions that comes from another column now: the newer one counts.
	fallbacks := map[string]any{}
	for _, in := range both.Inputs {
		if _, known := fallbacks[in.Name]; in.Service != "" && in.Fallback != nil && !known {
			fallbacks[in.Name] = in.Fallback
		}
	}
	var where query.Node
	if _, has := src.table.Column("createdon"); has && !since.IsZero() {
		where = query.Compare{Left: query.Path{"createdon"}, Op: query.Ge, Value: since}
	}
	q := query.Query{Table: table, Select: src.columns, Expand: src.expand, Where: where}
	return pages(ctx, from, q, limit, func(row record.Row) (decide.Case, bool) {
		vars := src.values(row)
		for name, v := range fallbacks {
			if vars[name] == nil {
				vars[name] = v
			}
		}
		return decide.Case{ID: row.ID(src.table.ID), Name: row.Text(src.table.Title), Vars: vars}, true
	}), nil
}

var outcomes = map[int64]decide.Outcome{1: decide.Pass, 2: decide.Refer, 3: decide.Fail}

// pastChecks gives past decisions as cases, with what was decided then.
func pastChecks(ctx context.Context, from record.Reader, decision any, since time.Time, limit int) iter.Seq2[decide.Case, error] {
	where := query.And{eq("rpt_decisionid", decision)}
	if !since.IsZero() {
		where = append(where, query.Compare{Left: query.Path{"rpt_decidedon"}, Op: query.Ge, Value: since})
	}
	q := query.Query{Table: "rpt_decisioncheck", Select: []string{"rpt_name", "rpt_recordid", "rpt_inputs", "rpt_outcome"}, Where: where}
	return pages(ctx, from, q, limit, func(row record.Row) (decide.Case, bool) {
		raw, _ := row["rpt_inputs"].(json.RawMessage)
		var vars map[string]any
		ok := json.Unmarshal(raw, &vars) == nil // one that can't be read is left out
		return decide.Case{ID: row.ID("rpt_recordid"), Name: row.Text("rpt_name"), Vars: vars, Was: outcomes[row.Int("rpt_outcome")]}, ok
	})
}

// pages walks a query page by page, up to a limit.
func pages(ctx context.Context, from record.Reader, q query.Query, limit int, one func(record.Row) (decide.Case, bool)) iter.Seq2[decide.Case, error] {
	return func(yield func(decide.Case, error) bool) {
		for left := limit; left > 0; {
			q.Limit = min(left, record.MaxPage)
			page, err := from.Find(ctx, q)
			if err != nil {
				yield(decide.Case{}, err)
				return
			}
			for _, row := range page.Rows {
				if c, ok := one(row); ok && !yield(c, nil) {
					return
				}
			}
			if left -= len(page.Rows); page.Next == nil {
				return
			}
			q.After = page.Next
		}
	}
}

// try decides on a made-up case; nothing is written or asked.
func (s *Service) try(ctx context.Context, c action.Call, in TryInput) (TryOutput, error) {
	row, err := c.Reader.Get(ctx, "rpt_decisionversion", c.Target, nil, nil)
	if err != nil {
		return TryOutput{}, err
	}
	p, err := compileRow(row)
	if err != nil {
		return TryOutput{}, err
	}
	vars := map[string]any{}
	if err := json.Unmarshal([]byte(in.Inputs), &vars); err != nil {
		return TryOutput{}, errs.InvalidFields("decision.inputs", "the inputs can't be read", []errs.Field{{Name: "Inputs", Code: "json", Message: "an object of values by name is expected"}})
	}
	return s.evaluate(ctx, p, vars)
}

func (s *Service) evaluate(ctx context.Context, p *decide.Program, vars map[string]any) (TryOutput, error) {
	now := s.c.Clock.Now()
	r, err := p.Evaluate(ctx, vars, now)
	if err != nil {
		return TryOutput{}, err
	}
	ways, err := p.Ways(ctx, vars, now)
	if err != nil {
		return TryOutput{}, err
	}
	out := TryOutput{Outcome: int64(r.Outcome)}
	for to, v := range map[*string]any{&out.Reasons: map[string]any{"checks": r.Checks, "problems": r.Problems}, &out.Values: shown(r.Values), &out.Ways: ways} {
		text, err := json.Marshal(v)
		if err != nil {
			return TryOutput{}, errs.Wrap(err, errs.Internal, "decision.json", "the decision has no JSON form")
		}
		*to = string(text)
	}
	return out, nil
}

// Quick decides by the version in force of a set on values that somebody gave,
// such as a visitor of a page; it writes nothing and asks no service.
func (s *Service) Quick(ctx context.Context, uniqueName string, vars map[string]any) (TryOutput, error) {
	set, err := s.c.Store.GetByKey(s.system(ctx, "quick check"), "rpt_decision", map[string]any{"rpt_uniquename": uniqueName}, nil, nil)
	if err != nil {
		return TryOutput{}, err
	}
	_, p, err := s.inForce(ctx, s.c.Store, set.ID("rpt_decisionid"))
	if err != nil {
		return TryOutput{}, err
	}
	return s.evaluate(ctx, p, vars)
}
