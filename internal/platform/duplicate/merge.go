package duplicate

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
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

// Merged tells what a merge did.
type Merged struct {
	ID    id.ID // of the row of rpt_merge, by which it can be undone
	Moved int   // rows and ties that now belong to the row that stays
	Left  int   // those that could not: what would stand twice, or in a circle
}

// Merge makes one row of two: the one that stays takes the chosen values and
// everything that looks up or is tied to the other; the other is closed and says
// into which it went. The change log holds each step, under the origin "merge"
// and the id of the row that went; the table mergestep holds what Undo needs.
func Merge(ctx context.Context, tx *record.Tx, c *metadata.Catalog, m Merging) (Merged, error) {
	t, ok := c.Table(m.Table)
	if !ok {
		return Merged{}, record.ErrNotFound
	}
	master, can := t.Column("masterid")
	if !can || !master.IsLookup() || !t.Stateful() {
		return Merged{}, errs.New(errs.Invalid, "merge.table", "records of %s can't be merged", t.Name)
	}
	if m.Stays == m.Goes || m.Stays == id.Nil || m.Goes == id.Nil {
		return Merged{}, errs.New(errs.Invalid, "merge.same", "name two different records")
	}
	rows, err := both(ctx, tx, t, m)
	if err != nil {
		return Merged{}, err
	}
	stays, goes := rows[m.Stays], rows[m.Goes]
	if goes.ID("masterid") != id.Nil || goes.Int("statecode") != t.States[0].Value {
		return Merged{}, errs.New(errs.Conflict, "merge.closed", "the record that goes is closed already")
	}
	if stays.ID("masterid") != id.Nil {
		return Merged{}, errs.New(errs.Conflict, "merge.closed", "the record that stays has been merged into another")
	}
	if m.CheckParents {
		if err := sameParents(t, stays, goes); err != nil {
			return Merged{}, err
		}
	}
	ctx = changelog.WithOrigin(ctx, "merge "+m.Goes.String())
	w := &mover{tx: tx, catalog: c, table: t, Merging: m, left: mergeMost, steps: steps{merge: id.New()}}
	// What hangs on the row moves as the platform's own work: the right to merge covers it.
	system := access.Elevate(ctx, "merge")
	if err := w.move(system); err != nil {
		return Merged{}, err
	}
	closed := record.Row{"masterid": m.Stays, "merged": true}
	closed["statecode"], closed["statuscode"] = closing(t)
	if _, err := tx.Update(system, t.Name, m.Goes, closed, record.Match{}); err != nil {
		return Merged{}, err
	}
	if len(m.Update) > 0 {
		if _, err := tx.Update(ctx, t.Name, m.Stays, m.Update, record.Match{}); err != nil {
			return Merged{}, err
		}
	}
	for key, old := range rows {
		now, err := tx.Get(system, t.Name, key, nil, nil)
		if err != nil {
			return Merged{}, err
		}
		if err := w.steps.values(t, key, old, now); err != nil {
			return Merged{}, err
		}
	}
	out := Merged{ID: w.steps.merge, Moved: w.moved, Left: w.behind}
	if _, err := tx.Create(system, "rpt_merge", record.Row{"rpt_mergeid": out.ID, "rpt_name": t.Label.In("en") + " " + m.Goes.String()[:8] + " → " + m.Stays.String()[:8], "rpt_table": t.Name,
		"rpt_stays": m.Stays, "rpt_goes": m.Goes, "rpt_moved": int64(out.Moved), "rpt_left": int64(out.Left)}); err != nil {
		return Merged{}, err
	}
	return out, w.steps.write(tx.SQL())
}

// both locks the two rows in a fixed order, so that two merges of the same rows
// do not wait for each other.
func both(ctx context.Context, tx *record.Tx, t *metadata.Table, m Merging) (map[id.ID]record.Row, error) {
	rows := map[id.ID]record.Row{}
	first, second := m.Stays, m.Goes
	if second.String() < first.String() {
		first, second = second, first
	}
	for _, key := range []id.ID{first, second} {
		row, err := tx.Demand(ctx, t.Name, key, access.Write)
		if err != nil {
			return nil, err
		}
		rows[key] = row
	}
	return rows, nil
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
