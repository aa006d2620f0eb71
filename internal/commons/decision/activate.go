package decision

import (
	"context"
	"encoding/json"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/rule/decide"
)

// ExamineInput is a definition that need not be kept yet.
type ExamineInput struct {
	Table      string `json:"Table" doc:"Logical name of the table whose records it decides on"`
	Definition string `json:"Definition" doc:"The definition, as JSON"`
}

// ExamineOutput is what was found.
type ExamineOutput struct {
	Valid    bool   `json:"Valid" doc:"Whether it can be understood and bound to the table"`
	Problems string `json:"Problems" doc:"What is wrong, as a JSON array of name, code and message"`
	Findings string `json:"Findings" doc:"Contradictions, gaps, rows that are never reached: a JSON array with kind, severity, table, rows, where and message"`
}

// ActivateInput puts a draft in force.
type ActivateInput struct {
	AcceptWarnings bool `json:"AcceptWarnings,omitempty" doc:"Activate even though there are warnings"`
}

// ActivateOutput tells what was found.
type ActivateOutput struct {
	Findings string `json:"Findings" doc:"As of rpt_ExamineDecision"`
}

// VersionOutput names a version.
type VersionOutput struct {
	VersionID id.ID `json:"VersionId"`
}

func (s *Service) examine(_ context.Context, _ action.Call, in ExamineInput) (ExamineOutput, error) {
	out := ExamineOutput{Problems: "[]", Findings: "[]"}
	d, err := decide.Parse([]byte(in.Definition))
	var p *decide.Program
	if err == nil {
		p, err = decide.Compile(d)
	}
	if err == nil {
		_, err = bind(s.c.Catalog(), in.Table, d)
	}
	if err != nil {
		var problems []errs.Field
		if e := asError(err); e != nil {
			if problems = e.Fields; len(problems) == 0 {
				problems = []errs.Field{{Name: "Definition", Code: e.Code, Message: e.Message}}
			}
		}
		text, err := json.Marshal(fields(problems))
		out.Problems = string(text)
		return out, err
	}
	findings, err := json.Marshal(p.Examine())
	out.Valid, out.Findings = true, string(findings)
	return out, err
}

type problem struct {
	Name    string `json:"name"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

func fields(list []errs.Field) []problem {
	out := make([]problem, len(list))
	for i, f := range list {
		out[i] = problem{f.Name, f.Code, f.Message}
	}
	return out
}

// activate examines a draft and lets it decide within its dates.
func (s *Service) activate(ctx context.Context, c action.Call, in ActivateInput) (ActivateOutput, error) {
	row, err := c.Tx.Demand(ctx, "rpt_decisionversion", c.Target, access.Write)
	if err != nil {
		return ActivateOutput{}, err
	}
	if row.Int("rpt_status") == statusActivated {
		return ActivateOutput{}, ErrDraftOnly
	}
	system := s.system(ctx, "activate")
	set, err := c.Tx.Get(system, "rpt_decision", row.ID("rpt_decisionid"), nil, nil)
	if err != nil {
		return ActivateOutput{}, err
	}
	p, err := compileRow(row)
	if err != nil {
		return ActivateOutput{}, err
	}
	if _, err := bind(s.c.Catalog(), set.Text("rpt_table"), p.Definition()); err != nil {
		return ActivateOutput{}, err
	}
	if err := outcomeIsNoInput(p.Definition(), set.Text("rpt_outcomecolumn")); err != nil {
		return ActivateOutput{}, err
	}
	if err := s.servicesExist(system, c.Tx, p.Definition()); err != nil {
		return ActivateOutput{}, err
	}
	from, _ := row["rpt_validfrom"].(time.Time)
	if to, ok := row["rpt_validto"].(time.Time); ok && !to.After(from) {
		return ActivateOutput{}, badDefinition("rpt_validto", "range", "the version would never be in force: it ends before it begins")
	}
	findings := p.Examine()
	if err := grave(findings, in.AcceptWarnings); err != nil {
		return ActivateOutput{}, err
	}
	text, err := query.RawJSON(findings)
	if err != nil {
		return ActivateOutput{}, err
	}
	change := record.Row{"rpt_status": statusActivated, "rpt_activatedon": s.c.Clock.Now(), "rpt_findings": text, "rpt_activatedby": access.From(ctx).ID}
	_, err = c.Tx.Update(system, "rpt_decisionversion", c.Target, change, record.Match{})
	return ActivateOutput{string(text)}, err
}

// grave refuses what must not be put in force, or not without being accepted.
func grave(findings []decide.Finding, accepted bool) error {
	var bad, doubtful []errs.Field
	for _, f := range findings {
		field := errs.Field{Name: f.Table, Code: f.Kind, Message: f.Message}
		if f.Where != "" {
			field.Message += ": " + f.Where
		}
		switch f.Severity {
		case decide.Error:
			bad = append(bad, field)
		case decide.Warning:
			doubtful = append(doubtful, field)
		}
	}
	if err := errs.InvalidFields("decision.contradiction", "the decision set contradicts itself and can't be put in force", bad); err != nil || accepted {
		return err
	}
	return errs.InvalidFields("decision.warnings", "the decision set has gaps or rows that are never reached: put it in force by AcceptWarnings if that is meant", doubtful)
}

func outcomeIsNoInput(d *decide.Definition, outcome string) error {
	for _, in := range d.Inputs {
		if outcome != "" && in.Column == outcome {
			return badDefinition("inputs", "outcome", "the outcome column %s can't be an input", outcome)
		}
	}
	return nil
}

func (s *Service) servicesExist(ctx context.Context, from record.Reader, d *decide.Definition) error {
	for _, in := range d.Inputs {
		if in.Service == "" {
			continue
		}
		page, err := from.Find(ctx, query.Query{Table: "rpt_decisionservice", Select: []string{"rpt_uniquename"}, Limit: 1, Where: eq("rpt_uniquename", in.Service)})
		if err != nil {
			return err
		}
		if len(page.Rows) == 0 {
			return badDefinition("inputs", "service", "there is no service %s", in.Service)
		}
	}
	return nil
}

// rollBack retires the version in force, so that the one before is again.
func (s *Service) rollBack(ctx context.Context, c action.Call, _ action.Empty) (VersionOutput, error) {
	if _, err := c.Tx.Demand(ctx, "rpt_decision", c.Target, access.Write); err != nil { // one at a time
		return VersionOutput{}, err
	}
	system := s.system(ctx, "roll back")
	list, err := activated(system, c.Tx, c.Target)
	if err != nil {
		return VersionOutput{}, err
	}
	now := s.c.Clock.Now()
	current, ok := pick(list, now)
	if !ok {
		return VersionOutput{}, ErrNotInForce
	}
	var others []dates
	for _, d := range list {
		if d.id != current.id {
			others = append(others, d)
		}
	}
	before, ok := pick(others, now)
	if !ok {
		return VersionOutput{}, ErrNothingBefore
	}
	_, err = c.Tx.Update(system, "rpt_decisionversion", current.id, record.Row{"rpt_status": statusRetired}, record.Match{})
	return VersionOutput{before.id}, err
}

// copyVersion makes a draft of a version.
func (s *Service) copyVersion(ctx context.Context, c action.Call, _ action.Empty) (VersionOutput, error) {
	row, err := c.Tx.Get(ctx, "rpt_decisionversion", c.Target, nil, nil)
	if err != nil {
		return VersionOutput{}, err
	}
	made, err := c.Tx.Create(ctx, "rpt_decisionversion", record.Row{"rpt_decisionid": row.ID("rpt_decisionid"), "rpt_definition": row["rpt_definition"]})
	return VersionOutput{made.ID("rpt_decisionversionid")}, err
}
