package duplicate

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Kept is something that undoing a merge left as it is.
type Kept struct {
	Table  string
	Record id.ID
	Column string // of a tie, its navigation property
	Reason string // changed (since the merge), gone (deleted since), refused (by the record's own rules)
}

// Undone tells what undoing a merge did.
type Undone struct {
	Values, Children int // values that are as before, and rows that went back
	Kept             []Kept
}

// Undo takes a merge back: the row that went is as it was, what hung on it hangs
// on it again, and the row that stayed has the values it had. What somebody has
// changed since is left alone and told of. It needs the right to write both rows.
func Undo(ctx context.Context, tx *record.Tx, c *metadata.Catalog, merge id.ID, now time.Time) (Undone, error) {
	system := access.Elevate(changelog.WithOrigin(ctx, "undo of merge "+merge.String()), "merge")
	row, err := tx.Demand(system, "rpt_merge", merge, access.Write)
	if err != nil {
		return Undone{}, err
	}
	if row["rpt_undoneon"] != nil {
		return Undone{}, errs.New(errs.Conflict, "merge.undone", "this merge has been undone already")
	}
	t, ok := c.Table(row.Text("rpt_table"))
	if !ok {
		return Undone{}, record.ErrNotFound
	}
	u := &undoing{tx: tx, catalog: c, table: t, stays: row.ID("rpt_stays"), goes: row.ID("rpt_goes")}
	if _, err := tx.Demand(ctx, t.Name, u.goes, access.Write); errs.Has(err, errs.NotFound) {
		return Undone{}, errs.New(errs.Conflict, "merge.gone", "the record that went has been deleted since: restore it first")
	} else if err != nil {
		return Undone{}, err
	}
	if _, err := tx.Demand(ctx, t.Name, u.stays, access.Write); err != nil && !errs.Has(err, errs.NotFound) {
		return Undone{}, err
	}
	list, err := readSteps(tx.SQL(), merge)
	if err != nil {
		return Undone{}, err
	}
	values := columnsOf(list)
	for _, key := range []id.ID{u.goes, u.stays} { // the row that went is open before anything comes back to it
		if err := u.values(system, key, values[key]); err != nil {
			return Undone{}, err
		}
	}
	for _, one := range slices.Backward(list) {
		switch one.kind {
		case stepChild:
			err = u.child(system, one)
		case stepTie:
			err = u.tie(system, one)
		}
		if err != nil {
			return Undone{}, err
		}
	}
	_, err = tx.Update(system, "rpt_merge", merge, record.Row{"rpt_undoneon": now}, record.Match{})
	return u.out, err
}

type undoing struct {
	tx          *record.Tx
	catalog     *metadata.Catalog
	table       *metadata.Table
	stays, goes id.ID
	out         Undone
}

func (u *undoing) keep(one step, reason string) {
	u.out.Kept = append(u.out.Kept, Kept{one.table, one.record, one.column, reason})
}

// values gives a row the values it had, those that nobody has changed since.
func (u *undoing) values(ctx context.Context, key id.ID, list []step) error {
	if len(list) == 0 {
		return nil
	}
	row, err := u.tx.Demand(ctx, u.table.Name, key, access.Read)
	if errs.Has(err, errs.NotFound) {
		for _, one := range list {
			u.keep(one, "gone")
		}
		return nil
	}
	if err != nil {
		return err
	}
	change := record.Row{}
	n := 0
	for _, one := range list {
		column, ok := u.table.Column(one.column)
		if !ok {
			u.keep(one, "gone")
			continue
		}
		now, err := valueText(column, row)
		if err != nil {
			return err
		}
		if !bytes.Equal(now, one.became) {
			u.keep(one, "changed")
			continue
		}
		if err := valueOf(column, one.was, change); err != nil {
			u.keep(one, "refused") // the column's type has changed since
			delete(change, one.column)
			continue
		}
		n++
	}
	if _, state := change["statecode"]; state {
		if _, reason := change["statuscode"]; !reason {
			delete(change, "statecode") // the reason was changed since, and with it the state
		}
	}
	if len(change) == 0 {
		return nil
	}
	u.out.Values += n
	_, err = u.tx.Update(ctx, u.table.Name, key, change, record.Match{})
	return err
}

// child makes a lookup lead back to the row that went, if it still leads to the one that stayed.
func (u *undoing) child(ctx context.Context, one step) error {
	t, ok := u.catalog.Table(one.table)
	if !ok {
		u.keep(one, "gone")
		return nil
	}
	column, ok := t.Column(one.column)
	if !ok {
		u.keep(one, "gone")
		return nil
	}
	row, err := u.tx.Demand(ctx, t.Name, one.record, access.Read)
	switch {
	case errs.Has(err, errs.NotFound):
		u.keep(one, "gone")
		return nil
	case err != nil:
		return err
	case row.ID(column.Name) != u.stays:
		u.keep(one, "changed")
		return nil
	}
	return u.did(one, func() error { return look(ctx, u.tx, t, column, one.record, u.table.Name, u.goes) })
}

func (u *undoing) tie(ctx context.Context, one step) error {
	rel, ok := u.table.Relation(one.column)
	if !ok || !rel.ManyToMany() {
		u.keep(one, "gone")
		return nil
	}
	x, _ := u.catalog.Table(rel.Via.Table)
	page, err := u.tx.Find(ctx, query.Query{Table: x.Name, Select: []string{x.ID}, Limit: 1, Where: query.And{
		query.Compare{Left: query.Path{rel.Via.Here}, Value: u.stays}, query.Compare{Left: query.Path{rel.Via.There}, Value: one.record}}})
	if err != nil {
		return err
	}
	if len(page.Rows) == 0 {
		u.keep(one, "gone")
		return nil
	}
	return u.did(one, func() error { return retie(ctx, u.tx, u.table, one.column, u.stays, u.goes, one.record) })
}

func (u *undoing) did(one step, do func() error) error {
	ok, err := try(u.tx, do)
	if err != nil {
		return err
	}
	if ok {
		u.out.Children++
	} else {
		u.keep(one, "refused")
	}
	return nil
}
