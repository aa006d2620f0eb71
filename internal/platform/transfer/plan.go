package transfer

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/transfer/cell"
	"github.com/rapport-platform/rapport/internal/platform/transfer/read"
)

// plan converts the records of one file.
type plan struct {
	table  *metadata.Table
	m      Mapping
	info   read.Info
	fields []field
	zone   *time.Location
	match  []*metadata.Column
}

// field fills one column of the table.
type field struct {
	index  int    // in the record; -1 takes the constant
	value  string // the constant
	from   string // heading
	column *metadata.Column
	lookup Lookup
	order  string // of a date's parts
}

// row is one record of a file, as far as it can be told without the database.
type row struct {
	line   int
	record []string
	values record.Row
	refs   []ref
	bad    []errs.Field
}

// ref is a lookup whose target has still to be found.
type ref struct {
	field *field
	text  string
}

// newPlan checks the mapping against the file. sample are some of its records,
// from which the order of a date's parts is found where none is named.
func newPlan(t *metadata.Table, m Mapping, info read.Info, sample [][]string) (*plan, error) {
	if err := m.check(t, info.Header); err != nil {
		return nil, err
	}
	p := &plan{table: t, m: m, info: info}
	p.zone, _ = time.LoadLocation(m.Zone) // it has been checked
	for i, from := range info.Header {
		to := m.Columns[from]
		if to == "" {
			continue
		}
		c, _ := t.Column(to)
		p.fields = append(p.fields, field{index: i, from: from, column: c, lookup: m.Lookups[from], order: p.orderOf(i, c, sample)})
	}
	for _, c := range t.Columns {
		if v, given := m.Defaults[c.Name]; given {
			p.fields = append(p.fields, field{index: -1, value: v, from: c.Name, column: c, order: p.orderOf(-1, c, [][]string{{v}})})
		}
	}
	for _, name := range m.Match {
		c, _ := t.Column(name)
		p.match = append(p.match, c)
	}
	return p, nil
}

// orderOf finds the order in which a column's dates are written; "iso" where it
// can't be told, so that an ambiguous one is refused rather than guessed.
func (p *plan) orderOf(i int, c *metadata.Column, sample [][]string) string {
	if c.TypeName != "date" && c.TypeName != "datetime" {
		return ""
	}
	if p.m.Dates != "" {
		return p.m.Dates
	}
	var values []string
	for _, r := range sample {
		if i >= 0 && len(r) != len(p.info.Header) {
			continue
		}
		// What can be read in no order is wrong in any, and says nothing.
		if v := r[max(i, 0)]; cell.Order([]string{v}) != "" {
			values = append(values, v)
		}
	}
	if order := cell.Order(values); order != "" {
		return order
	}
	return "iso"
}

// convert makes a row of a record. What is wrong with it stands in bad.
func (p *plan) convert(rec []string, line int) row {
	r := row{line: line, record: rec, values: make(record.Row, len(p.fields))}
	if len(rec) != len(p.info.Header) {
		r.bad = []errs.Field{{Code: "fields", Message: fmt.Sprintf("%d fields, but the header has %d", len(rec), len(p.info.Header))}}
		return r
	}
	for i := range p.fields {
		f := &p.fields[i]
		v := f.value
		if f.index >= 0 {
			v = strings.TrimSpace(cell.Unguard(rec[f.index]))
		}
		if empty(f.column, v) {
			if p.m.Clear && f.column.Name != p.table.ID {
				r.values[f.column.Name] = nil
			}
			continue
		}
		if f.column.IsLookup() {
			r.refs = append(r.refs, ref{f, v})
			continue
		}
		value, err := p.value(f, v)
		if err != nil {
			r.bad = append(r.bad, errs.Field{Name: f.from, Code: errs.CodeOf(err), Message: strings.TrimPrefix(message(err), f.column.Name+": ")})
			continue
		}
		r.values[f.column.Name] = value
	}
	return r
}

// empty tells whether a cell holds no value. A text may be the word "null".
func empty(c *metadata.Column, v string) bool {
	if c.TypeName == "text" || c.TypeName == "memo" || c.IsLookup() {
		return v == ""
	}
	return cell.Missing(v)
}

// value gives the canonical value of a cell that is not empty.
func (p *plan) value(f *field, v string) (any, error) {
	c := f.column
	switch c.TypeName {
	case "whole", "bigint", "decimal", "money", "double":
		n, ok := v, p.info.Kind == "xlsx" && cell.Stored(v)
		if !ok {
			n, ok = cell.Number(v, p.m.Decimal)
		}
		if !ok {
			return nil, errs.New(errs.Invalid, "column.type", "a number is expected")
		}
		return c.Coerce(json.Number(n))
	case "boolean":
		if o, ok := c.OptionByLabel(v); ok {
			return c.Coerce(o.Value == 1)
		}
		if yes, ok := cell.YesNo(v); ok {
			return c.Coerce(yes)
		}
		return nil, errs.New(errs.Invalid, "column.type", "yes or no is expected")
	case "choice":
		return option(c, v)
	case "multichoice":
		var members []int64
		for _, part := range strings.FieldsFunc(v, func(r rune) bool { return r == ';' || r == ',' || r == '\n' }) {
			n, err := option(c, strings.TrimSpace(part))
			if err != nil {
				return nil, err
			}
			members = append(members, n)
		}
		return c.Coerce(query.NewSet(members...))
	case "date", "datetime":
		return p.moment(f, v)
	case "id":
		key, err := id.Parse(v)
		if err != nil {
			return nil, errs.New(errs.Invalid, "column.type", "an id is expected")
		}
		return key, nil
	}
	return c.Coerce(v)
}

// option finds an option by its label in any language, or by its code.
func option(c *metadata.Column, v string) (int64, error) {
	if o, ok := c.OptionByLabel(v); ok {
		return o.Value, nil
	}
	if n, err := strconv.ParseInt(v, 10, 64); err == nil {
		if _, ok := c.Option(n); ok {
			return n, nil
		}
	}
	return 0, errs.New(errs.Invalid, "column.option", "this is none of the options, by label or value")
}

func (p *plan) moment(f *field, v string) (any, error) {
	zone := p.zone
	day := f.column.TypeName == "date" || f.column.Behaviour == metadata.DateOnly
	if day || f.column.Behaviour == metadata.TimeZoneIndependent {
		zone = time.UTC // what the clock shows counts, wherever
	}
	at, ok := time.Time{}, false
	if p.info.Kind == "xlsx" {
		at, ok = cell.Serial(v, p.info.Date1904, zone)
	}
	if !ok {
		var err error
		if at, err = cell.Time(v, f.order, zone); err != nil {
			return nil, err
		}
	}
	if day {
		return f.column.Coerce(at.Format(time.DateOnly))
	}
	return f.column.Coerce(at.Format(time.RFC3339Nano))
}

func message(err error) string {
	if e, ok := errors.AsType[*errs.Error](err); ok {
		return e.Message
	}
	return "this can't be used"
}
