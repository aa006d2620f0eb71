package metadata

import (
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Rollup says how a column's value is computed from related rows. The column X
// has X_date (when it was computed) and X_state beside it.
type Rollup struct {
	Relation string `yaml:"relation"` // collection of this table whose rows count
	Function string `yaml:"function"` // SUM, COUNT, MIN, MAX, AVG
	Column   string `yaml:"column"`   // of the related table; not with COUNT
	Filter   string `yaml:"filter"`   // OData $filter on the related rows; "" takes all
}

// The states of a roll-up.
const (
	RollupNotCalculated = 0
	RollupCalculated    = 1
	RollupOverflow      = 2 // the result does not fit the column
	RollupFailed        = 3
)

// RollupDate and RollupState name the columns beside a roll-up.
func RollupDate(column string) string  { return column + "_date" }
func RollupState(column string) string { return column + "_state" }

func rollupStates() []Option {
	return []Option{
		{Value: RollupNotCalculated, Label: Label{"en": "Not calculated", "de": "Nicht berechnet"}},
		{Value: RollupCalculated, Label: Label{"en": "Calculated", "de": "Berechnet"}},
		{Value: RollupOverflow, Label: Label{"en": "Out of range", "de": "Außerhalb des Bereichs"}},
		{Value: RollupFailed, Label: Label{"en": "Failed", "de": "Fehlgeschlagen"}},
	}
}

// partColumns gives the columns that complete roll-ups and files.
func (t *Table) partColumns() []Column {
	var out []Column
	for _, c := range t.Columns {
		switch {
		case c.Rollup != nil:
			out = append(out,
				Column{Name: RollupDate(c.Name), TypeName: "datetime", ReadOnly: true, PartOf: c.Name, Label: c.Label.with(" (last updated on)", " (zuletzt aktualisiert)")},
				Column{Name: RollupState(c.Name), TypeName: "choice", Options: rollupStates(), ReadOnly: true, PartOf: c.Name, Label: c.Label.with(" (state)", " (Status)")})
		case c.TypeName == "file" && !c.Inline:
			out = append(out, Column{Name: FileName(c.Name), TypeName: "text", Max: 255, ReadOnly: true, PartOf: c.Name, Secured: c.Secured, Audit: c.Audit, Label: c.Label.with(" (name)", " (Name)")})
		}
	}
	return out
}

// FileName names the column that holds the name of a file column's file.
func FileName(column string) string { return column + "_name" }

func (l Label) with(en, de string) Label {
	out := make(Label, len(l))
	for lang, text := range l {
		if lang == "de" {
			out[lang] = text + de
		} else {
			out[lang] = text + en
		}
	}
	return out
}

// checkRollup makes sure that the roll-up can be computed. Its filter is text
// that a higher floor reads; what is wrong with it shows when it is computed.
func (c *Catalog) checkRollup(t *Table, col *Column) error {
	bad := func(format string, args ...any) error {
		return errs.New(errs.Invalid, "metadata.rollup", "roll-up "+t.Name+"."+col.Name+": "+format, args...)
	}
	r := col.Rollup
	if col.Formula != "" || col.Default != nil || col.Required {
		return bad("it has no formula, no default and is not required")
	}
	rel, ok := t.relations[r.Relation]
	if !ok || !rel.Many {
		return bad("table %s has no collection %q", t.Name, r.Relation)
	}
	other := c.tables[rel.Table]
	if other.NoTrack {
		return bad("changes of %s are not tracked, so that nothing would bring the value up to date", other.Name)
	}
	numbers := []query.Kind{query.Int, query.Fixed, query.Float}
	kind := col.kind.Shape(col).Kind
	if r.Function == "COUNT" {
		if r.Column != "" || kind != query.Int {
			return bad("COUNT names no column and gives a whole number")
		}
		return nil
	}
	if !slices.Contains([]string{"SUM", "MIN", "MAX", "AVG"}, r.Function) {
		return bad("the function is SUM, COUNT, MIN, MAX or AVG")
	}
	of, ok := other.Column(r.Column)
	if !ok {
		return bad("table %s has no column %q", other.Name, r.Column)
	}
	from := of.kind.Shape(of).Kind
	switch {
	case slices.Contains(numbers, from) && slices.Contains(numbers, kind):
		return nil
	case (r.Function == "MIN" || r.Function == "MAX") && from == kind && (kind == query.Time || kind == query.Day):
		return nil
	}
	return bad("%s of %s can't be kept in this column", r.Function, r.Column)
}
