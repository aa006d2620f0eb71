package history

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/capability/scoring/feature"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/transfer/cell"
)

// Columns finds a column of the table lead; *metadata.Table does.
type Columns interface {
	Column(name string) (*metadata.Column, bool)
}

// maxValue bounds a value in the history, in characters.
const maxValue = 2000

// Target is one column of the history that a file fills.
type Target struct {
	Name  string           // in the history table
	From  string           // in the file
	Lead  *metadata.Column // nil for a column of its own
	index int
}

// Row is what one record says.
type Row struct {
	Key     string    // tells leads apart; folded
	At      time.Time // when it was true; zero where only the order is known
	Line    int64     // of the file, in which order the rows stand
	Outcome *bool     // nil while it is open
	Values  []string  // by the plan's targets, in canonical text; "" is missing
}

// Plan converts records of one file.
type Plan struct {
	Targets []Target

	m                   Mapping
	header              []string
	key                 []int
	outcome, at         int
	positive, negatives map[string]bool
	format              string
}

// NewPlan checks the mapping against the file. times are values of the time
// column, from which the order of its parts is found where none is named.
func NewPlan(m Mapping, header []string, columns Columns, times []string) (*Plan, error) {
	known := func(name string) bool {
		c, ok := columns.Column(name)
		return ok && (!c.System || c.Name == "createdon")
	}
	if err := m.Check(header, known); err != nil {
		return nil, err
	}
	p := &Plan{m: m, header: header, outcome: -1, at: -1, positive: set(m.Outcome.Positive), negatives: set(m.Outcome.Negative), format: m.Time.Format}
	at := map[string]int{}
	names := map[string]int{}
	for i, from := range header {
		at[from] = i
		to := m.target(from)
		switch to {
		case Skip:
		case Keep:
			name := feature.AnswerName(from)
			if names[name]++; names[name] > 1 {
				name += "_" + strconv.Itoa(names[name])
			}
			p.Targets = append(p.Targets, Target{Name: name, From: from, index: i})
		default:
			c, _ := columns.Column(to)
			p.Targets = append(p.Targets, Target{Name: c.Name, From: from, Lead: c, index: i})
		}
	}
	for _, k := range m.Key {
		p.key = append(p.key, at[k])
	}
	if m.Outcome.Column != "" {
		p.outcome = at[m.Outcome.Column]
	}
	if m.Time.Column != "" {
		p.at = at[m.Time.Column]
		if p.format == "" {
			if p.format = cell.Order(times); p.format == "" {
				return nil, errs.InvalidFields("history.mapping", "the mapping does not fit the file",
					[]errs.Field{{Name: "time.format", Code: "format", Message: "the moments in " + m.Time.Column + " can't be read: name their order"}})
			}
		}
	}
	return p, nil
}

func set(values []string) map[string]bool {
	out := map[string]bool{}
	for _, v := range values {
		out[query.Fold(strings.TrimSpace(v))] = true
	}
	return out
}

// Convert makes a row of a record, or tells every reason why there is none.
func (p *Plan) Convert(record []string, line int) (Row, []errs.Field) {
	if len(record) != len(p.header) {
		return Row{}, []errs.Field{{Code: "fields", Message: fmt.Sprintf("%d fields, but the header has %d", len(record), len(p.header))}}
	}
	row := Row{Line: int64(line), Values: make([]string, len(p.Targets))}
	var bad []errs.Field
	for i, t := range p.Targets {
		v := strings.TrimSpace(record[t.index])
		if cell.Missing(v) {
			continue
		}
		out, err := p.value(t, v)
		if err != nil {
			bad = append(bad, errs.Field{Name: t.From, Code: errs.CodeOf(err), Message: plain(err)})
			continue
		}
		row.Values[i] = out
	}
	row.Key = p.keyOf(record, line)
	if row.Key == "" {
		bad = append(bad, errs.Field{Name: strings.Join(p.m.Key, ", "), Code: "key.empty", Message: "the key is empty"})
	}
	if p.outcome >= 0 {
		row.Outcome = p.outcomeOf(record[p.outcome])
	}
	if p.at >= 0 {
		var err error
		if row.At, err = cell.Time(record[p.at], p.format, nil); err != nil {
			bad = append(bad, errs.Field{Name: p.m.Time.Column, Code: "history.time", Message: cell.ErrTime.Message})
		}
	}
	return row, bad
}

func (p *Plan) keyOf(record []string, line int) string {
	if len(p.key) == 0 {
		return "line " + strconv.Itoa(line)
	}
	parts := make([]string, len(p.key))
	empty := true
	for i, k := range p.key {
		parts[i] = KeyPart(record[k])
		empty = empty && parts[i] == ""
	}
	if empty {
		return ""
	}
	return strings.Join(parts, "\x1f")
}

// KeyPart gives a value as it stands in a key.
func KeyPart(v string) string { return query.Fold(strings.TrimSpace(v)) }

func (p *Plan) outcomeOf(v string) *bool {
	v = query.Fold(strings.TrimSpace(v))
	yes := p.positive[v]
	if !yes && (v == "" || len(p.negatives) > 0 && !p.negatives[v]) {
		return nil
	}
	return &yes
}

// value gives the canonical text of a value that is not missing.
func (p *Plan) value(t Target, v string) (string, error) {
	if len([]rune(v)) > maxValue {
		return "", errs.New(errs.Invalid, "column.too_long", "more than %d characters", maxValue)
	}
	if t.Lead == nil {
		if p.m.Decimal == "," {
			if n, ok := p.number(v); ok {
				return n, nil
			}
		}
		return v, nil
	}
	switch t.Lead.TypeName {
	case "whole", "decimal", "money":
		n, ok := p.number(v)
		if !ok {
			return "", errs.New(errs.Invalid, "column.type", "a number is expected")
		}
		return n, nil
	case "boolean":
		if yes, ok := cell.YesNo(v); ok {
			return strconv.FormatBool(yes), nil
		}
		return "", errs.New(errs.Invalid, "column.type", "yes or no is expected")
	case "choice":
		if o, ok := t.Lead.OptionByLabel(v); ok {
			return strconv.FormatInt(o.Value, 10), nil
		}
		if n, err := strconv.ParseInt(v, 10, 64); err == nil {
			if _, ok := t.Lead.Option(n); ok {
				return v, nil
			}
		}
		return "", errs.New(errs.Invalid, "column.option", "this is none of the options, by label or value")
	case "date", "datetime":
		at, err := cell.Time(v, cell.Order([]string{v}), nil)
		if err != nil {
			return "", err
		}
		return at.Format(time.RFC3339), nil
	}
	return v, nil
}

// number gives a number in canonical text, with a point.
func (p *Plan) number(v string) (string, bool) {
	v, ok := cell.Number(v, p.m.Decimal)
	if !ok {
		return "", false
	}
	n, err := strconv.ParseFloat(v, 64)
	if err != nil || math.IsInf(n, 0) {
		return "", false
	}
	return strconv.FormatFloat(n, 'g', -1, 64), true
}

func plain(err error) string {
	if e, ok := err.(*errs.Error); ok {
		return e.Message
	}
	return "this can't be used"
}
