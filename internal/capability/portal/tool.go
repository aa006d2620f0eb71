package portal

import (
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/expr/exact"
)

// Tool is a part of a form that works something out of its fields before the
// form is sent: what a loan costs, or whether a rule set would let it pass. Its
// fields are those that name it. What it worked out goes into the event.
type Tool struct {
	Name   string `json:"name"`
	Kind   string `json:"kind"` // "calculator" or "check"
	Title  string `json:"title"`
	Text   string `json:"text"`
	Button string `json:"button"`
	// Results are what a calculator shows. Each may use those before it, rounded
	// as they are shown.
	Results []Result `json:"results"`
	Note    string   `json:"note"` // below the results
	// Decision is the unique name of the decision set that a check asks; Inputs
	// says which of its inputs has the answer of which field.
	Decision string             `json:"decision"`
	Inputs   map[string]string  `json:"inputs"`
	Outcomes map[string]Outcome `json:"outcomes"` // by "pass", "refer" and "fail"
}

// The kinds of tool.
const (
	ToolCalculator = "calculator"
	ToolCheck      = "check"
)

// Result is one value that a calculator shows.
type Result struct {
	Name    string `json:"name"`
	Label   string `json:"label"`
	Formula string `json:"formula"` // as package exact reads it, over number fields and the results before
	Digits  int    `json:"digits"`  // behind the point
	Prefix  string `json:"prefix"`  // such as "€ "
	Suffix  string `json:"suffix"`  // such as " %"
	Main    bool   `json:"main"`    // the one that people came for

	formula *exact.Formula
}

// Outcome is what a check tells the visitor.
type Outcome struct {
	Title string `json:"title"`
	Text  string `json:"text"`
}

// outcomes are the verdicts of decision sets, as a form names them.
var outcomes = []string{"pass", "refer", "fail"}

const (
	maxTools   = 5
	maxResults = 12
)

// prepareTools checks the tools and compiles their formulas.
func (f *Form) prepareTools(bad func(name, code, format string, args ...any)) {
	if len(f.Tools) > maxTools {
		bad("tools", "many", "a form has at most %d tools", maxTools)
		return
	}
	names := map[string]bool{}
	for i := range f.Tools {
		t := &f.Tools[i]
		at := fmt.Sprintf("tools[%d]", i)
		if !logicalName.MatchString(t.Name) || names[t.Name] {
			bad(at+".name", "name", "a tool needs a name of its own, of small letters, digits and underscores")
		}
		names[t.Name] = true
		if t.Title == "" || t.Button == "" {
			bad(at, "required", "a tool needs a title and a button")
		}
		if len(f.fieldsOf(t.Name)) == 0 {
			bad(at, "required", "no field belongs to the tool: a field names it as its tool")
		}
		switch t.Kind {
		case ToolCalculator:
			f.prepareCalculator(t, at, bad)
		case ToolCheck:
			f.prepareCheck(t, at, bad)
		default:
			bad(at+".kind", "kind", "a tool is a calculator or a check")
		}
	}
	for i := range f.Fields {
		if name := f.Fields[i].Tool; name != "" && !names[name] {
			bad(f.Fields[i].Name, "tool", "belongs to a tool %q that the form does not have", name)
		}
	}
}

func (f *Form) prepareCalculator(t *Tool, at string, bad func(name, code, format string, args ...any)) {
	var vars []string
	for i := range f.Fields {
		if f.Fields[i].Type == TypeNumber {
			vars = append(vars, f.Fields[i].Name)
		}
	}
	if len(t.Results) == 0 || len(t.Results) > maxResults {
		bad(at+".results", "required", "a calculator has 1 to %d results", maxResults)
	}
	for i := range t.Results {
		r := &t.Results[i]
		where := fmt.Sprintf("%s.results[%d]", at, i)
		if !logicalName.MatchString(r.Name) || slices.Contains(vars, r.Name) {
			bad(where+".name", "name", "a result needs a name of its own, of small letters, digits and underscores")
		}
		if r.Label == "" {
			bad(where+".label", "required", "a result needs a label")
		}
		if r.Digits < 0 || r.Digits > 6 {
			bad(where+".digits", "range", "a result has 0 to 6 digits behind the point")
		}
		var err error
		if r.formula, err = exact.Compile(r.Formula, vars); err != nil {
			bad(where+".formula", "formula", "%s", err.Error())
		}
		vars = append(vars, r.Name)
	}
}

func (f *Form) prepareCheck(t *Tool, at string, bad func(name, code, format string, args ...any)) {
	if !logicalName.MatchString(t.Decision) {
		bad(at+".decision", "required", "a check names a decision set by its unique name")
	}
	if len(t.Inputs) == 0 {
		bad(at+".inputs", "required", "a check says which inputs have the answer of which field")
	}
	for input, field := range t.Inputs {
		if f.field(field) == nil {
			bad(at+".inputs", "unknown", "the input %s comes from a field %q that the form does not have", input, field)
		}
	}
	for name := range t.Outcomes {
		if !slices.Contains(outcomes, name) {
			bad(at+".outcomes", "unknown", "an outcome is one of %s", strings.Join(outcomes, ", "))
		}
	}
	for _, name := range outcomes {
		if t.Outcomes[name].Title == "" {
			bad(at+".outcomes", "required", "the outcome %s needs a title", name)
		}
	}
}

func (f *Form) field(name string) *Field {
	for i := range f.Fields {
		if f.Fields[i].Name == name {
			return &f.Fields[i]
		}
	}
	return nil
}

func (f *Form) fieldsOf(tool string) (list []*Field) {
	for i := range f.Fields {
		if f.Fields[i].Tool == tool {
			list = append(list, &f.Fields[i])
		}
	}
	return list
}

func (f *Form) tool(name string) *Tool {
	for i := range f.Tools {
		if f.Tools[i].Name == name {
			return &f.Tools[i]
		}
	}
	return nil
}

// needs lists the fields without whose answers the tool can say nothing.
func (t *Tool) needs(f *Form) []*Field {
	var list []*Field
	if t.Kind == ToolCheck {
		for _, field := range f.fieldsOf(t.Name) {
			if field.Required {
				list = append(list, field)
			}
		}
		return list
	}
	for i := range t.Results {
		for _, name := range t.Results[i].formula.Uses() {
			if field := f.field(name); field != nil && !slices.Contains(list, field) {
				list = append(list, field)
			}
		}
	}
	return list
}

// Line is one result, ready to be read.
type Line struct {
	Name  string `json:"name"`
	Label string `json:"label"`
	Value string `json:"value"` // as a decimal number: 1234.50
	Text  string `json:"text"`  // as people of the form's language read it: € 1,234.50
	Main  bool   `json:"main,omitempty"`
}

// calculate works all results out of the answers; false where one of them has none.
func (t *Tool) calculate(f *Form, answers map[string]any) ([]Line, bool) {
	vars := map[string]*big.Rat{}
	for i := range f.Fields {
		if v, ok := answers[f.Fields[i].Name].(fmt.Stringer); ok {
			if n, ok := exact.Parse(v.String()); ok {
				vars[f.Fields[i].Name] = n
			}
		}
	}
	lines := make([]Line, len(t.Results))
	for i := range t.Results {
		r := &t.Results[i]
		v, err := r.formula.Eval(vars)
		if err != nil {
			return nil, false
		}
		v = exact.Round(v, r.Digits)
		vars[r.Name] = v
		text := exact.Text(v, r.Digits)
		lines[i] = Line{Name: r.Name, Label: r.Label, Value: text, Text: r.Prefix + f.decimal(text) + r.Suffix, Main: r.Main}
	}
	return lines, true
}

// decimal writes a decimal number as people of the form's language do.
func (f *Form) decimal(text string) string {
	group, point := ",", "."
	if f.prepared != nil && f.prepared.comma {
		group, point = ".", ","
	}
	sign := ""
	if rest, negative := strings.CutPrefix(text, "-"); negative {
		sign, text = "−", rest
	}
	whole, part, has := strings.Cut(text, ".")
	for at := len(whole) - 3; at > 0; at -= 3 {
		whole = whole[:at] + group + whole[at:]
	}
	if has {
		whole += point + part
	}
	return sign + whole
}
