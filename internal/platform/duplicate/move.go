package duplicate

import (
	"context"
	"maps"
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// mover makes everything that hangs on the row that goes hang on the one that stays.
type mover struct {
	Merging
	tx      *record.Tx
	catalog *metadata.Catalog
	table   *metadata.Table
	steps   steps
	left    int // rows that may still be moved
	moved   int
	behind  int
}

// move goes through every relationship: lookups of other tables (of activities,
// parties, queue items, notes, connections and whatever was added), and ties of
// N:N relations. What would then stand twice, or in a circle, stays behind.
func (w *mover) move(ctx context.Context) error {
	relations := w.table.Relations()
	for _, name := range slices.Sorted(maps.Keys(relations)) {
		rel := relations[name]
		if !rel.Many {
			continue
		}
		var err error
		if rel.ManyToMany() {
			err = w.ties(ctx, rel)
		} else if child, column, ok := w.hangs(rel); ok {
			err = w.children(ctx, child, column, rel)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// hangs gives the lookup of a relation if its rows move with a merge.
func (w *mover) hangs(rel query.Relation) (*metadata.Table, *metadata.Column, bool) {
	child, ok := w.catalog.Table(rel.Table)
	if !ok || child.NoTrack || child.Intersect {
		return nil, nil, false
	}
	column, ok := child.Column(rel.To)
	if !ok || column.System || column.Computed() || column.Cascade.Merge == metadata.NoCascade || column.Name == "masterid" {
		return nil, nil, false
	}
	// The base of the activities mirrors what happens to the tables that extend it.
	return child, column, !(child.Managed && child.Base == "" && column.Name == "regardingobjectid")
}

func (w *mover) count(page record.Page) error {
	if w.left -= len(page.Rows); w.left < 0 || page.Next != nil {
		return errs.New(errs.Conflict, "merge.too_many_related", "more than %d records hang on the one that goes: move them first", mergeMost)
	}
	return nil
}

func (w *mover) children(ctx context.Context, child *metadata.Table, column *metadata.Column, rel query.Relation) error {
	where := query.And{query.Compare{Left: query.Path{column.Name}, Value: w.Goes}}
	if rel.OnType != "" {
		where = append(where, query.Compare{Left: query.Path{metadata.TypeColumn(column.Name)}, Value: rel.OnType})
	}
	page, err := w.tx.Find(ctx, query.Query{Table: child.Name, Select: []string{child.ID}, Where: where, Limit: min(w.left, record.MaxPage-1) + 1})
	if err != nil {
		return err
	}
	if err := w.count(page); err != nil {
		return err
	}
	for _, row := range page.Rows {
		key := row.ID(child.ID)
		if child.Name == w.Table && key == w.Stays {
			w.behind++ // the row that stays was below the one that goes: it can't be below itself
			continue
		}
		if ok, err := try(w.tx, func() error { return look(ctx, w.tx, child, column, key, w.Table, w.Stays) }); err != nil {
			return err
		} else if !ok {
			w.behind++
			continue
		}
		w.moved++
		w.steps.add(step{kind: stepChild, table: child.Name, record: key, column: column.Name})
	}
	return nil
}

// ties moves those of an N:N relation whose intersect table is not a table of its own.
func (w *mover) ties(ctx context.Context, rel query.Relation) error {
	x, ok := w.catalog.Table(rel.Via.Table)
	if !ok || !x.Intersect {
		return nil // its rows are children
	}
	page, err := w.tx.Find(ctx, query.Query{Table: x.Name, Select: []string{x.ID, rel.Via.There}, Where: query.Compare{Left: query.Path{rel.Via.Here}, Value: w.Goes}, Limit: min(w.left, record.MaxPage-1) + 1})
	if err != nil {
		return err
	}
	if err := w.count(page); err != nil {
		return err
	}
	for _, row := range page.Rows {
		other := row.ID(rel.Via.There)
		twice, err := w.tx.Find(ctx, query.Query{Table: x.Name, Select: []string{x.ID}, Limit: 1, Where: query.And{
			query.Compare{Left: query.Path{rel.Via.Here}, Value: w.Stays}, query.Compare{Left: query.Path{rel.Via.There}, Value: other}}})
		if err != nil {
			return err
		}
		if len(twice.Rows) > 0 || other == w.Stays {
			w.behind++
			continue
		}
		if ok, err := try(w.tx, func() error { return retie(ctx, w.tx, w.table, rel.Name, w.Goes, w.Stays, other) }); err != nil {
			return err
		} else if !ok {
			w.behind++
			continue
		}
		w.moved++
		w.steps.add(step{kind: stepTie, table: w.Table, record: other, column: rel.Name})
	}
	return nil
}

// look makes a lookup lead to another row.
func look(ctx context.Context, tx *record.Tx, child *metadata.Table, column *metadata.Column, key id.ID, table string, to id.ID) error {
	change := record.Row{column.Name: to}
	if column.Polymorphic() {
		change[metadata.TypeColumn(column.Name)] = table
	}
	_, err := tx.Update(ctx, child.Name, key, change, record.Match{MustExist: true})
	return err
}

// retie ties a row to another one in place of the first.
func retie(ctx context.Context, tx *record.Tx, t *metadata.Table, nav string, from, to, other id.ID) error {
	if err := tx.Associate(ctx, t.Name, to, nav, other); err != nil {
		return err
	}
	return tx.Disassociate(ctx, t.Name, from, nav, other)
}

// try does one step by itself; false where the records' own rules refuse it.
func try(tx *record.Tx, step func() error) (bool, error) {
	err := tx.Nested(step)
	if err == nil {
		return true, nil
	}
	if !errs.Has(err, errs.Conflict) && !errs.Has(err, errs.Invalid) && !errs.Has(err, errs.NotFound) {
		return false, err
	}
	return false, nil
}
