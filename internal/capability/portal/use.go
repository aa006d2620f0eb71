package portal

import (
	"cmp"
	"context"
	"encoding/json"
	"strconv"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/limit"
)

// Verdict is what a decision set says of values that somebody gave.
type Verdict struct {
	Outcome string     // "pass", "refer" or "fail"
	Ways    [][]Change // each of them would make it pass; the least changes first
}

// Change is one step of a way to pass.
type Change struct {
	Input string
	Label string // in the set's words
	To    any    // float64, or a text
}

// Decider asks decision sets without writing anything. An error of kind
// Unavailable means that none can be asked just now.
type Decider interface {
	Quick(ctx context.Context, set string, values map[string]any) (Verdict, error)
}

// Answer is what a tool says. It is also what a page's script gets.
type Answer struct {
	Tool    string   `json:"tool"`
	Lines   []Line   `json:"lines,omitempty"`
	Outcome string   `json:"outcome,omitempty"` // of a check: "pass", "refer", "fail", or "away" where it can't be asked
	Title   string   `json:"title,omitempty"`
	Text    string   `json:"text,omitempty"`
	WaysIn  string   `json:"waysTitle,omitempty"`
	Ways    []string `json:"ways,omitempty"`
}

const maxWays = 4 // shown to a visitor

// Use works a tool out of what was typed so far; nothing is sent or kept.
// Complaints about the tool's fields are an errs.Invalid with Fields.
func (s *Service) Use(ctx context.Context, f Form, name string, values map[string]any, visit Visit) (Answer, error) {
	t := f.tool(name)
	if t == nil {
		return Answer{}, errs.New(errs.NotFound, "portal.tool_unknown", "the form has no such tool")
	}
	if wait, ok := s.uses.Allow(limit.Network(visit.Address)); !ok {
		s.limitedForm.Add(1)
		return Answer{}, tooMany(wait)
	}
	var faults []errs.Field
	answers := map[string]any{}
	for i := range f.Fields {
		field := &f.Fields[i]
		value, code, most := field.read(values[field.Name])
		if code == "" {
			answers[field.Name] = value
		} else if field.Tool == name {
			faults = append(faults, errs.Field{Name: field.Name, Code: code, Message: f.message(code, most)})
		}
	}
	for _, field := range t.needs(&f) {
		if _, read := answers[field.Name]; read && answers[field.Name] == nil {
			code := "required"
			if field.Type == TypeSelect {
				code = "choose"
			}
			faults = append(faults, errs.Field{Name: field.Name, Code: code, Message: f.message(code, "")})
		}
	}
	if len(faults) > 0 {
		return Answer{}, f.complain(faults)
	}
	answer := s.answer(ctx, &f, t, answers)
	if answer == nil {
		return Answer{}, f.complain([]errs.Field{{Name: t.needs(&f)[0].Name, Code: "formula", Message: f.message("formula", "")}})
	}
	return *answer, nil
}

// answer gives what a tool says of answers; nil where it can say nothing.
func (s *Service) answer(ctx context.Context, f *Form, t *Tool, answers map[string]any) *Answer {
	if t.Kind == ToolCalculator {
		lines, ok := t.calculate(f, answers)
		if !ok {
			return nil
		}
		return &Answer{Tool: t.Name, Lines: lines}
	}
	return s.decide(ctx, f, t, answers)
}

func (s *Service) decide(ctx context.Context, f *Form, t *Tool, answers map[string]any) *Answer {
	away := &Answer{Tool: t.Name, Outcome: "away", Title: f.message("away_title", ""), Text: f.message("away", "")}
	if s.cfg.Decider == nil {
		return away
	}
	inputs := map[string]any{}
	of := map[string]*Field{}
	for input, name := range t.Inputs {
		of[input] = f.field(name)
		switch v := answers[name].(type) {
		case nil:
		case string:
			inputs[input] = v
			if n, err := strconv.ParseFloat(v, 64); err == nil && of[input].Type == TypeSelect {
				inputs[input] = n // an option of a choice
			}
		default:
			inputs[input] = v
		}
	}
	ctx, stop := context.WithTimeout(ctx, decideWait)
	defer stop()
	verdict, err := s.cfg.Decider.Quick(ctx, t.Decision, inputs)
	words, known := t.Outcomes[verdict.Outcome]
	if err != nil || !known {
		s.undecided.Add(1)
		return away
	}
	out := &Answer{Tool: t.Name, Outcome: verdict.Outcome, Title: words.Title, Text: words.Text}
	if verdict.Outcome == "pass" {
		return out
	}
	for _, way := range verdict.Ways[:min(len(verdict.Ways), maxWays)] {
		text := ""
		for _, c := range way {
			part := f.changeText(of[c.Input], c)
			if text != "" {
				part = ", " + part
			}
			text += part
		}
		if text != "" {
			out.Ways = append(out.Ways, text)
		}
	}
	if len(out.Ways) > 0 {
		out.WaysIn = f.message("ways", "")
	}
	return out
}

// changeText says one change in the form's words: "Amount: 12,000".
func (f *Form) changeText(field *Field, c Change) string {
	label, value := c.Label, ""
	if field != nil {
		label = cmp.Or(field.Short, field.Label)
	}
	switch to := c.To.(type) {
	case float64:
		value = f.decimal(strconv.FormatFloat(to, 'f', -1, 64))
		if field != nil && field.Type == TypeSelect {
			for _, o := range field.choices {
				if n, err := strconv.ParseFloat(o.Value, 64); err == nil && n == to {
					value = o.Label
				}
			}
		} else if field != nil && field.Prefix != "" {
			value = field.Prefix + "\u00a0" + value
		}
	case string:
		value = to
	case bool:
		value = f.message("no", "")
		if to {
			value = f.message("yes", "")
		}
	}
	return label + ": " + value
}

// carried gives what the tools say of a submission's answers, for the event.
func (s *Service) carried(ctx context.Context, f *Form, values map[string]any) map[string]any {
	if len(f.Tools) == 0 {
		return nil
	}
	answers := map[string]any{}
	for i := range f.Fields {
		if value, code, _ := f.Fields[i].read(values[f.Fields[i].Name]); code == "" {
			answers[f.Fields[i].Name] = value
		}
	}
	out := map[string]any{}
	for i := range f.Tools {
		t := &f.Tools[i]
		if !t.complete(f, answers) {
			continue
		}
		answer := s.answer(ctx, f, t, answers)
		if answer == nil {
			continue
		}
		told := map[string]any{}
		if answer.Outcome != "" {
			told["outcome"] = answer.Outcome
		}
		for _, field := range f.fieldsOf(t.Name) {
			if v := answers[field.Name]; v != nil {
				told[field.Name] = v
			}
		}
		for _, line := range answer.Lines {
			told[line.Name] = json.Number(line.Value)
		}
		if len(answer.Ways) > 0 {
			told["ways"] = answer.Ways
		}
		out[t.Name] = told
	}
	return out
}

func (t *Tool) complete(f *Form, answers map[string]any) bool {
	needs := t.needs(f)
	for _, field := range needs {
		if answers[field.Name] == nil {
			return false
		}
	}
	return len(needs) > 0
}
