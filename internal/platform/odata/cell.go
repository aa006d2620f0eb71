package odata

import (
	"strconv"

	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

const annAttribute = "OData.Community.Display.V1.AttributeName"

// Cell is one value of a row that is not simply a column of its table.
type Cell struct {
	Name  string     // on the wire
	Key   string     // in the row
	Below query.Path // navigation properties under which it stands, of $apply
	// Table and Column say whose value it is, for its form and its formatted
	// value; nil for a count and for a part of a date.
	Table  *metadata.Table
	Column *metadata.Column
	Part   query.DatePart // of a fiscal date, whose formatted value has words
	// Linked marks a value of a linked table, whose column's name is told beside it.
	Linked bool
}

// cells writes the row's values beside its columns.
func (w *Writer) cells(o *objectWriter, v *View, row record.Row) error {
	done := map[string]bool{}
	for i := range v.Cells {
		c := &v.Cells[i]
		if len(c.Below) == 0 {
			if err := w.cell(o, c, row); err != nil {
				return err
			}
			continue
		}
		if done[c.Below[0]] {
			continue
		}
		done[c.Below[0]] = true
		if err := w.below(o, v.Cells[i:], 0, row); err != nil {
			return err
		}
	}
	return nil
}

// below writes those cells together that stand under the navigation property of
// the first one, at a depth of its path.
func (w *Writer) below(o *objectWriter, list []Cell, depth int, row record.Row) error {
	nav := list[0].Below[depth]
	o.name(nav)
	inner := objectWriter{buf: o.buf}
	inner.open()
	done := map[string]bool{}
	for i := range list {
		c := &list[i]
		if len(c.Below) <= depth || c.Below[depth] != nav {
			continue
		}
		if len(c.Below) == depth+1 {
			if err := w.cell(&inner, c, row); err != nil {
				return err
			}
			continue
		}
		if next := c.Below[depth+1]; !done[next] {
			done[next] = true
			if err := w.below(&inner, list[i:], depth+1, row); err != nil {
				return err
			}
		}
	}
	inner.shut()
	return nil
}

func (w *Writer) cell(o *objectWriter, c *Cell, row record.Row) error {
	if c.Column == nil {
		return w.number(o, c, row[c.Key])
	}
	// The column's own writer takes the values under the column's own names.
	own := record.Row{c.Column.Name: row[c.Key]}
	if c.Column.Polymorphic() {
		own[metadata.TypeColumn(c.Column.Name)] = row[metadata.TypeColumn(c.Key)]
	}
	if c.Linked && w.Annotations.Wants(annAttribute) && row[c.Key] != nil {
		o.text(c.Name+"@"+annAttribute, c.Column.Name)
	}
	return w.value(o, c.Name, c.Table, c.Column, own)
}

// number writes a count, or a part of a date.
func (w *Writer) number(o *objectWriter, c *Cell, v any) error {
	if err := o.value(c.Name, v); err != nil || v == nil || !w.Annotations.Wants(annFormatted) {
		return err
	}
	n, _ := v.(int64)
	text := thousands(strconv.FormatInt(n, 10), 0)
	switch c.Part {
	case query.FiscalYearPart:
		text = "FY" + strconv.FormatInt(n, 10)
	case query.FiscalPeriodPart:
		text = "Period " + strconv.FormatInt(n%100, 10) + " FY" + strconv.FormatInt(n/100, 10)
	case query.Whole:
		if v == nil {
			return nil
		}
	default:
		text = strconv.FormatInt(n, 10)
	}
	o.text(c.Name+"@"+annFormatted, text)
	return nil
}
