package record

import (
	"context"
	"slices"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// forRead keeps a row that a formula reads from changing until the transaction
// ends: whoever changes it later brings this one up to date.
const forRead = "FOR SHARE"

// applyFormulas works out the formulas that read what changes. A formula that
// meets an empty value, divides by nothing or gives what the column can't hold
// is empty: a formula never keeps a row from being written.
func (tx *Tx) applyFormulas(ctx context.Context, t *metadata.Table, old, change Row) error {
	formulas := t.Formulas()
	if len(formulas) == 0 {
		return nil
	}
	row := merged(old, change)
	parents := map[string]map[string]any{}
	for _, c := range formulas {
		f := c.Compiled()
		if old != nil && !slices.ContainsFunc(f.Reads, func(name string) bool { _, changes := change[name]; return changes }) {
			continue
		}
		if err := tx.evaluate(ctx, t, c, row, parents); err != nil {
			return err
		}
		change[c.Name] = row[c.Name]
		if err := tx.formulaBase(ctx, t, c, old, change, row); err != nil {
			return err
		}
	}
	return nil
}

// formulaBase brings the twin of an amount that a formula gives up to date.
func (tx *Tx) formulaBase(ctx context.Context, t *metadata.Table, c *metadata.Column, old, change, row Row) error {
	if c.TypeName != "money" || !t.HasMoney() {
		return nil
	}
	if err := tx.applyMoney(ctx, t, old, change); err != nil {
		return err
	}
	for name, v := range change {
		row[name] = v
	}
	return nil
}

// evaluate puts the value of a formula into the row.
func (tx *Tx) evaluate(ctx context.Context, t *metadata.Table, c *metadata.Column, row Row, parents map[string]map[string]any) error {
	f := c.Compiled()
	vars := make(map[string]any, len(f.Reads))
	for _, name := range f.Reads {
		col, _ := t.Column(name)
		if !col.IsLookup() {
			vars[name] = plain(row[name])
			continue
		}
		parent, known := parents[name]
		if !known {
			var err error
			if parent, err = tx.readParent(ctx, t, col, row); err != nil {
				return err
			}
			parents[name] = parent
		}
		if parent != nil {
			vars[name] = parent
		}
	}
	row[c.Name] = nil
	v, err := f.Program.Eval(ctx, vars)
	if err != nil {
		return ctx.Err()
	}
	if value, err := c.Coerce(v); err == nil {
		row[c.Name] = value
	}
	return nil
}

// readParent gives what the table's formulas read of the row that a lookup
// leads to; nil if it leads nowhere. Formulas see past access control, as in
// Dataverse: whoever defines one decides what it shows.
func (tx *Tx) readParent(ctx context.Context, t *metadata.Table, lookup *metadata.Column, row Row) (map[string]any, error) {
	key := row.ID(lookup.Name)
	if key == id.Nil {
		return nil, nil
	}
	target := lookup.Targets[0]
	if lookup.Polymorphic() {
		target = row.Text(metadata.TypeColumn(lookup.Name))
	}
	pt, err := tx.table(target)
	if err != nil {
		return nil, err
	}
	columns := []string{pt.ID}
	for _, c := range t.Formulas() {
		for _, field := range c.Compiled().Parents[lookup.Name] {
			if _, has := pt.Column(field); has && !slices.Contains(columns, field) {
				columns = append(columns, field)
			}
		}
	}
	slices.Sort(columns)
	found, err := tx.lock(ctx, pt, key, columns, forRead)
	if err == ErrNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	out := make(map[string]any, len(found))
	for name, v := range found {
		out[name] = plain(v)
	}
	return out, nil
}

// plain gives a value as expressions know it.
func plain(v any) any {
	switch x := v.(type) {
	case query.Number:
		return x.Float()
	case query.SetValue:
		return string(x)
	case query.Date:
		day, err := time.Parse(time.DateOnly, string(x))
		if err != nil {
			return nil
		}
		return day
	case id.ID:
		return x.String()
	case metadata.Content:
		return nil
	}
	return v
}
