package decide

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/expr"
)

// Program is a compiled decision set. It is safe for concurrent use.
type Program struct {
	def      *Definition
	kinds    []string        // of inputs, then formulas
	index    map[string]int  // name → place among those
	formulas []*expr.Program // nil where it can't be used; Compile fails then
	tables   []table
}

type table struct {
	*Table
	inputs []int // places of the table's inputs
	rows   []row
}

type row struct {
	cells   []*cell
	outcome Outcome
	reason  string
}

var nameForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// reserved are names that formulas know already, or CEL keeps for itself.
var reserved = []string{"today", "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package", "namespace", "return", "var", "void", "while",
	"int", "uint", "double", "bool", "string", "bytes", "list", "map", "type", "has", "all", "exists", "filter", "size"}

// Compile checks a definition and makes a program of it. The error has a field
// for each thing that is wrong, named by its place: tables[0].rows[2].when[1].
func Compile(d *Definition) (*Program, error) {
	c := &compiler{p: &Program{def: d, index: map[string]int{}}}
	c.limits(d)
	for i := range d.Inputs {
		c.input(fmt.Sprintf("inputs[%d]", i), &d.Inputs[i])
	}
	for i := range d.Formulas {
		c.formula(fmt.Sprintf("formulas[%d]", i), &d.Formulas[i])
	}
	seen := map[string]bool{}
	for i := range d.Tables {
		at := fmt.Sprintf("tables[%d]", i)
		if t := &d.Tables[i]; !nameForm.MatchString(t.Name) || seen[t.Name] {
			c.bad(at+".name", "name", "a table needs a name of its own, of small letters, digits and _")
		}
		seen[d.Tables[i].Name] = true
		c.table(at, &d.Tables[i])
	}
	return c.p, errs.InvalidFields("decision.invalid", "the decision set can't be used as it stands", c.fields)
}

type compiler struct {
	p      *Program
	vars   []expr.Var
	fields []errs.Field
}

func (c *compiler) bad(name, code, format string, args ...any) {
	if len(c.fields) < 100 {
		c.fields = append(c.fields, errs.Field{Name: name, Code: code, Message: fmt.Sprintf(format, args...)})
	}
}

func (c *compiler) limits(d *Definition) {
	if len(d.Tables) == 0 {
		c.bad("tables", "required", "a decision set needs a table")
	}
	if len(d.Inputs) > maxInputs || len(d.Formulas) > maxInputs || len(d.Tables) > maxTables {
		c.bad("tables", "too_many", "at most %d inputs, %d formulas and %d tables", maxInputs, maxInputs, maxTables)
		d.Inputs, d.Formulas, d.Tables = d.Inputs[:min(len(d.Inputs), maxInputs)], d.Formulas[:min(len(d.Formulas), maxInputs)], d.Tables[:min(len(d.Tables), maxTables)]
	}
}

// name takes a name for an input or formula.
func (c *compiler) name(at, name, kind string) {
	if _, twice := c.p.index[name]; twice || !nameForm.MatchString(name) || slices.Contains(reserved, name) {
		c.bad(at+".name", "name", "%q can't be a name: it needs one of its own, of small letters, digits and _", name)
		return
	}
	c.p.index[name] = len(c.p.kinds)
	c.p.kinds = append(c.p.kinds, kind)
	k := map[string]expr.Kind{Number: expr.Number, Choice: expr.Number, Text: expr.Text, Boolean: expr.Bool, Date: expr.Time}[kind]
	c.vars = append(c.vars, expr.Var{Name: name, Kind: k})
}

func (c *compiler) input(at string, in *Input) {
	if !slices.Contains([]string{Number, Choice, Text, Boolean, Date}, in.Kind) {
		c.bad(at+".kind", "kind", "an input is a number, choice, text, boolean or date")
	}
	if !slices.Contains([]string{Fixed, Up, Down, Any}, in.Change) || in.Change != Fixed && in.Kind == Date {
		c.bad(at+".change", "change", "an input changes up, down, any or not at all")
	}
	if in.Column != "" && in.Service != "" {
		c.bad(at+".service", "source", "an input comes from a column or from a service, not from both")
	}
	if in.Service != "" && in.Field == "" {
		c.bad(at+".field", "required", "say which field of the service's answer it is")
	}
	if in.Step < 0 || in.Least != nil && in.Most != nil && *in.Least > *in.Most {
		c.bad(at+".least", "range", "least must not be over most, nor the step below 0")
	}
	if in.Fallback != nil && canonical(in.Kind, in.Fallback) == nil {
		c.bad(at+".fallback", "type", "the fallback is no %s", in.Kind)
	}
	if len(in.Values) > maxRows {
		c.bad(at+".values", "too_many", "at most %d values", maxRows)
	}
	for _, v := range in.Values {
		if (in.Kind != Text && in.Kind != Choice) || canonical(in.Kind, v) == nil {
			c.bad(at+".values", "type", "values are listed of texts and choices, and must be such")
			break
		}
	}
	c.name(at, in.Name, in.Kind)
}

func (c *compiler) formula(at string, f *Formula) {
	if !slices.Contains([]string{Number, Text, Boolean}, f.Kind) {
		c.bad(at+".kind", "kind", "a formula gives a number, text or boolean")
	}
	var program *expr.Program
	env, err := expr.New(expr.Options{Vars: append([]expr.Var{{Name: "today", Kind: expr.Time}}, c.vars...)})
	if err == nil {
		program, err = env.Compile(f.Formula)
	}
	if err != nil {
		c.bad(at+".formula", errs.CodeOf(err), "%s", messageOf(err))
	}
	c.p.formulas = append(c.p.formulas, program)
	c.name(at, f.Name, f.Kind)
}

func (c *compiler) table(at string, t *Table) {
	out := table{Table: t}
	if t.Policy == "" {
		t.Policy = First
	}
	if t.Policy != First && t.Policy != Unique {
		c.bad(at+".policy", "policy", "the policy is first or unique")
	}
	if len(t.Inputs) == 0 || len(t.Inputs) > maxColumns || len(t.Rows) == 0 || len(t.Rows) > maxRows {
		c.bad(at, "size", "a table has 1 to %d inputs and 1 to %d rows", maxColumns, maxRows)
		return
	}
	for i, name := range t.Inputs {
		place, ok := c.p.index[name]
		if !ok || slices.Contains(t.Inputs[:i], name) {
			c.bad(fmt.Sprintf("%s.inputs[%d]", at, i), "unknown", "%q is no input or formula, or stands twice", name)
			return
		}
		if c.p.kinds[place] == Date {
			c.bad(fmt.Sprintf("%s.inputs[%d]", at, i), "date", "tables can't compare dates: make a number of %q by a formula such as years(%s, today)", name, name)
			return
		}
		out.inputs = append(out.inputs, place)
	}
	for r := range t.Rows {
		out.rows = append(out.rows, c.row(fmt.Sprintf("%s.rows[%d]", at, r), &out, &t.Rows[r]))
	}
	if len(c.fields) == 0 {
		for _, place := range out.inputs {
			all := cells(place, []*table{&out})
			if slices.ContainsFunc(all, func(c *cell) bool { return c.missing }) {
				for _, c := range all {
					c.handled = true
				}
			}
		}
	}
	c.p.tables = append(c.p.tables, out)
}

func (c *compiler) row(at string, t *table, r *Row) row {
	out := row{reason: r.Reason}
	switch r.Outcome {
	case "pass":
		out.outcome = Pass
	case "refer":
		out.outcome = Refer
	case "fail":
		out.outcome = Fail
	default:
		c.bad(at+".outcome", "outcome", "the outcome is pass, refer or fail")
	}
	if len(r.Reason) > maxReason {
		c.bad(at+".reason", "too_long", "a reason has at most %d characters", maxReason)
	}
	if len(r.When) != len(t.inputs) {
		c.bad(at+".when", "size", "the row needs %d cells, one for each input", len(t.inputs))
		return out
	}
	for i, text := range r.When {
		cell, err := parseCell(c.p.kinds[t.inputs[i]], text)
		if err != nil {
			c.bad(fmt.Sprintf("%s.when[%d]", at, i), errs.CodeOf(err), "%s", messageOf(err))
		}
		out.cells = append(out.cells, cell)
	}
	return out
}

func messageOf(err error) string {
	var e *errs.Error
	if asError(err, &e) {
		return strings.TrimSpace(e.Message)
	}
	return err.Error()
}

// Definition gives what the program was made of. It must not be changed.
func (p *Program) Definition() *Definition { return p.def }

// formula works one formula out; nil where it can't be.
func (p *Program) formula(ctx context.Context, i int, vars map[string]any) (any, error) {
	v, err := p.formulas[i].Eval(ctx, vars)
	if err != nil {
		return nil, err
	}
	return canonical(p.def.Formulas[i].Kind, v), nil
}
