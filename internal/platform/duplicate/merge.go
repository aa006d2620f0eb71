package duplicate

import (
	"context"
	"errors"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// mergeMost is how many rows of other tables one merge moves.
const mergeMost = 5000

// Merging says which row stays and which goes.
type Merging struct {
	Table        string
	Stays, Goes  id.ID
	Update       record.Row // values of the row that stays, chosen by whoever merges
	CheckParents bool       // refuse rows that belong to different parents
}

// Merge makes one row of two: the one that stays takes the chosen values and
// everything that looks up to the other; the other is closed and says into which
// it went. The change log holds each step, under the origin "merge" and the id
// of the row that went.
func Merge(ctx context.Context, tx *record.Tx, c *metadata.Catalog, m Merging) error {
	t, ok := c.Table(m.Table)
	if !ok {
		return record.ErrNotFound
	}
	master, can := t.Column("masterid")
	if !can || !master.IsLookup() || !t.Stateful() {
		return errs.New(errs.Invalid, "merge.table", "records of %s can't be merged", t.Name)
	}
	if m.Stays == m.Goes || m.Stays == id.Nil || m.Goes == id.Nil {
		return errs.New(errs.Invalid, "merge.same", "name two different records")
	}
	// Locked in a fixed order, so that two merges of the same rows do not wait for each other.
	rows := map[id.ID]record.Row{}
	first, second := m.Stays, m.Goes
	if second.String() < first.String() {
		first, second = second, first
	}
	for _, key := range []id.ID{first, second} {
		row, err := tx.Demand(ctx, t.Name, key, access.Write)
		if err != nil {
			return err
		}
		rows[key] = row
	}
	stays, goes := rows[m.Stays], rows[m.Goes]
	if goes.ID("masterid") != id.Nil || goes.Int("statecode") != t.States[0].Value {
		return errs.New(errs.Conflict, "merge.closed", "the record that goes is closed already")
	}
	if stays.ID("masterid") != id.Nil {
		return errs.New(errs.Conflict, "merge.closed", "the record that stays has been merged into another")
	}
	if m.CheckParents {
		if err := sameParents(t, stays, goes); err != nil {
			return err
		}
	}
	ctx = changelog.WithOrigin(ctx, "merge "+m.Goes.String())
	// What hangs on the row moves as the platform's own work: the right to merge covers it.
	system := access.Elevate(ctx, "merge")
	if err := move(system, tx, c, t, m); err != nil {
		return err
	}
	closed := record.Row{"masterid": m.Stays, "merged": true}
	closed["statecode"], closed["statuscode"] = closing(t)
	if _, err := tx.Update(system, t.Name, m.Goes, closed, record.Match{}); err != nil {
		return err
	}
	if len(m.Update) == 0 {
		return nil
	}
	_, err := tx.Update(ctx, t.Name, m.Stays, m.Update, record.Match{})
	return err
}

// closing gives the state and reason of a row that went: the reason "merged" or
// "canceled" where the table has one, else the first of the last state.
func closing(t *metadata.Table) (state, reason int64) {
	last := t.States[len(t.States)-1]
	reason = last.Reasons[0].Value
	for _, r := range last.Reasons {
		if r.Label["en"] == "Canceled" {
			reason = r.Value
		}
	}
	for _, r := range last.Reasons {
		if r.Label["en"] == "Merged" {
			reason = r.Value
		}
	}
	return last.Value, reason
}

func sameParents(t *metadata.Table, a, b record.Row) error {
	for _, name := range []string{"parentaccountid", "parentcustomerid", "parentcontactid", "customerid"} {
		if _, has := t.Column(name); has && a.ID(name) != b.ID(name) {
			return errs.New(errs.Conflict, "merge.parents", "the records belong to different parents: %s", name)
		}
	}
	return nil
}

// move makes everything that looks up to the row that goes look up to the one
// that stays. What would then stand twice there stays behind.
func move(ctx context.Context, tx *record.Tx, c *metadata.Catalog, t *metadata.Table, m Merging) error {
	left := mergeMost
	for _, rel := range t.Relations() {
		child, ok := c.Table(rel.Table)
		if !rel.Many || !ok || child.NoTrack {
			continue
		}
		column, ok := child.Column(rel.To)
		if !ok || column.System || column.Computed() || column.Cascade.Merge == metadata.NoCascade || column.Name == "masterid" {
			continue
		}
		if child.Managed && child.Base == "" && column.Name == "regardingobjectid" {
			continue // the base mirrors what happens to the tables that extend it
		}
		if err := moveChildren(ctx, tx, child, column, rel, m, &left); err != nil {
			return err
		}
	}
	return nil
}

func moveChildren(ctx context.Context, tx *record.Tx, child *metadata.Table, column *metadata.Column, rel query.Relation, m Merging, left *int) error {
	where := query.And{query.Compare{Left: query.Path{column.Name}, Value: m.Goes}}
	if rel.OnType != "" {
		where = append(where, query.Compare{Left: query.Path{metadata.TypeColumn(column.Name)}, Value: rel.OnType})
	}
	page, err := tx.Find(ctx, query.Query{Table: child.Name, Select: []string{child.ID}, Where: where, Limit: min(*left, record.MaxPage-1) + 1})
	if err != nil {
		return err
	}
	if *left -= len(page.Rows); *left < 0 || page.Next != nil {
		return errs.New(errs.Conflict, "merge.too_many_related", "more than %d records hang on the one that goes: move them first", mergeMost)
	}
	change := record.Row{column.Name: m.Stays}
	if column.Polymorphic() {
		change[metadata.TypeColumn(column.Name)] = m.Table
	}
	for _, row := range page.Rows {
		key := row.ID(child.ID)
		if child.Name == m.Table && key == m.Stays {
			continue // the row that stays was below the one that goes: it can't be below itself
		}
		err := tx.SQL().Nested(func() error {
			_, err := tx.Update(ctx, child.Name, key, change, record.Match{})
			return err
		})
		if errors.Is(err, record.ErrDuplicateKey) {
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}
