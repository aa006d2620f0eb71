package record

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Delete moves a row to the recycle bin. Rows that look up to it lose the link,
// or go along where their lookup says so. Where there are more of them than one
// transaction should deal with, the deletion is a job, and the row goes last:
// Deferred then names the asyncoperation that tells of it.
func (tx *Tx) Delete(ctx context.Context, table string, key id.ID, m Match) error {
	t, err := tx.writable(ctx, table)
	if err != nil {
		return err
	}
	old, err := tx.lock(ctx, t, key, nil, forDelete)
	if err != nil {
		return err
	}
	defer tx.deleting(key)()
	budget := relatedMax
	if tx.o.Jobs == nil {
		return tx.deleteLocked(ctx, t, old, m, &budget)
	}
	err = tx.Nested(func() error { return tx.deleteLocked(ctx, t, old, m, &budget) })
	if errs.CodeOf(err) == errTooMany.Code {
		return tx.enqueue(ctx, cascadeWork{Op: "delete", Table: t.Name, Record: key, Deletion: tx.deletion.id})
	}
	return err
}

func (tx *Tx) deleteLocked(ctx context.Context, t *metadata.Table, old Row, m Match, budget *int) error {
	key := old.ID(t.ID)
	if !t.Intersect { // who may do it was asked of the two rows
		if err := tx.permit(ctx, t, old, access.Delete); err != nil {
			return err
		}
	}
	if m.Version != 0 && m.Version != old.Version() {
		return ErrVersion
	}
	for _, h := range tx.store.hooksOf(t.Name) {
		if h.BeforeDelete != nil {
			if err := h.BeforeDelete(ctx, tx, old); err != nil {
				return err
			}
		}
	}
	if err := tx.release(ctx, t, key, budget); err != nil {
		return err
	}
	if err := tx.bin(ctx, t, old); err != nil {
		return err
	}
	if err := tx.deleteRow(t, key); err != nil {
		return err
	}
	if err := tx.deleteBase(t, key); err != nil {
		return err
	}
	if err := tx.changed(ctx, t, changelog.Delete, old, nil); err != nil {
		return err
	}
	for _, h := range tx.store.hooksOf(t.Name) {
		if h.AfterDelete != nil {
			if err := h.AfterDelete(ctx, tx, old); err != nil {
				return err
			}
		}
	}
	return nil
}

func (tx *Tx) deleteRow(t *metadata.Table, key id.ID) error {
	delete(tx.whole, parentKey{t.Name, key})
	d := tx.sql.Dialect()
	enc, err := query.Encode(d, query.ID, key)
	if err != nil {
		return err
	}
	_, err = tx.sql.Exec("DELETE FROM "+d.Quote(t.Name)+" WHERE "+d.Quote(t.ID)+" = "+d.Placeholder(1), enc)
	return err
}

// releases lists what is to be done about the children of a row that goes.
// Restrict comes first, so that nothing is done in vain.
func (tx *Tx) releases(t *metadata.Table) []branch {
	var out []branch
	for _, rel := range t.Relations() {
		if !rel.Many || rel.ManyToMany() {
			continue
		}
		child, err := tx.table(rel.Table)
		if err != nil || child.Managed && child.Name == "activitypointer" {
			continue // the base mirrors what happens to the table that extends it
		}
		column, _ := child.Column(rel.To)
		if column.System && column.Cascade.Delete == "" || child.NoTrack || column.OnDelete() == metadata.NoCascade {
			continue // who made or owned a row stays on record
		}
		out = append(out, branch{child, column, rel, column.OnDelete()})
	}
	slices.SortFunc(out, func(a, b branch) int {
		if first, second := a.behaviour == metadata.Restrict, b.behaviour == metadata.Restrict; first != second {
			if first {
				return -1
			}
			return 1
		}
		return strings.Compare(a.rel.Name, b.rel.Name)
	})
	return out
}

// release deals with the rows whose lookups lead here.
func (tx *Tx) release(ctx context.Context, t *metadata.Table, key id.ID, budget *int) error {
	for _, b := range tx.releases(t) {
		if err := tx.releaseChildren(ctx, b, key, budget); err != nil {
			return err
		}
	}
	return nil
}

func inUse(child *metadata.Table) error {
	return errs.New(errs.Conflict, "record.in_use", "records of %s still need this one: delete or move them first", child.Name)
}

func (tx *Tx) releaseChildren(ctx context.Context, b branch, key id.ID, budget *int) error {
	page, err := tx.find(ctx, query.Query{Table: b.child.Name, Select: []string{b.child.ID}, Where: b.where(key, id.Nil, id.Nil), Limit: relatedMax}, nil)
	if err != nil || len(page.Rows) == 0 {
		return err
	}
	if b.behaviour == metadata.Restrict {
		return inUse(b.child)
	}
	if *budget -= len(page.Rows); *budget < 0 || page.Next != nil {
		return errTooMany
	}
	strength := forChange
	if b.behaviour == metadata.CascadeAll {
		strength = forDelete
	}
	for _, row := range page.Rows {
		old, err := tx.lock(ctx, b.child, row.ID(b.child.ID), nil, strength)
		if errors.Is(err, ErrNotFound) {
			continue // somebody has deleted it since it was found
		}
		if err != nil {
			return err
		}
		if old.ID(b.column.Name) != key {
			continue // somebody has made it look elsewhere
		}
		if b.behaviour == metadata.CascadeAll {
			err = tx.deleteLocked(ctx, b.child, old, Match{}, budget)
		} else {
			err = tx.unlink(ctx, b.child, old, b.column)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// unlink empties a lookup whose target goes. It needs no right on the child:
// the link can't outlive what it leads to.
func (tx *Tx) unlink(ctx context.Context, t *metadata.Table, old Row, column *metadata.Column) error {
	if err := tx.binLink(t, old, column); err != nil {
		return err
	}
	change := Row{column.Name: nil}
	if column.Polymorphic() {
		change[metadata.TypeColumn(column.Name)] = nil
	}
	return tx.writeUpdate(ctx, t, old, change, Row{})
}
