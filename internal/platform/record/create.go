package record

import (
	"context"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Create makes a row and gives it back as written. The primary id may be given.
func (tx *Tx) Create(ctx context.Context, table string, in Row) (Row, error) {
	ctx, span := tracer.Start(ctx, "create "+table)
	defer span.End()
	t, err := tx.writable(ctx, table)
	if err != nil {
		return nil, err
	}
	row, err := tx.beginCreate(ctx, t, in)
	if err != nil {
		return nil, err
	}
	if err := tx.insert(t, row); err != nil {
		return nil, tx.renumber(row, err)
	}
	if err := tx.insertBase(t, row); err != nil {
		return nil, err
	}
	if err := tx.changed(ctx, t, changelog.Create, nil, row); err != nil {
		return nil, err
	}
	tx.wrote(t, row)
	if err := tx.afterCreate(ctx, t, []Row{row}); err != nil {
		if at, ok := err.(*failedAt); ok {
			err = at.err // there is but one
		}
		return row, err
	}
	return row, nil
}

// afterCreate gives rows the shares of their parents, and lets the hooks see
// them as written.
func (tx *Tx) afterCreate(ctx context.Context, t *metadata.Table, rows []Row) error {
	for i, row := range rows {
		tx.remember(t.Name, row.ID(t.ID), Row{t.ID: row[t.ID], "ownerid": row["ownerid"], "owningbusinessunit": row["owningbusinessunit"]})
		if err := tx.reparent(ctx, t, nil, row); err != nil {
			return AtRow(i, err)
		}
	}
	for _, h := range tx.store.hooksOf(t.Name) {
		if h.AfterCreateMany != nil {
			if err := h.AfterCreateMany(ctx, tx, rows); err != nil {
				return err
			}
			continue
		}
		if h.AfterCreate == nil {
			continue
		}
		for i, row := range rows {
			if err := h.AfterCreate(ctx, tx, row); err != nil {
				return AtRow(i, err)
			}
		}
	}
	return nil
}

// beginCreate gives a row as it will be written, if it may be.
func (tx *Tx) beginCreate(ctx context.Context, t *metadata.Table, in Row) (Row, error) {
	table := t.Name
	if err := tx.o.Access.Allow(ctx, table, access.Create); err != nil {
		return nil, err
	}
	row, err := tx.coerce(ctx, t, in, usual)
	if err != nil {
		return nil, err
	}
	if err := tx.o.Access.AllowColumns(ctx, t, row, true); err != nil {
		return nil, err
	}
	for _, c := range t.Groups().Defaulted {
		if _, given := row[c.Name]; !given {
			row[c.Name] = c.Default
		}
	}
	if row.ID(t.ID) == id.Nil {
		row[t.ID] = id.New()
	}
	if err := applyState(t, nil, row); err != nil {
		return nil, err
	}
	if err := tx.applyOwner(ctx, t, row, true); err != nil {
		return nil, err
	}
	for _, h := range tx.store.hooksOf(table) {
		if h.BeforeCreate != nil {
			if err := h.BeforeCreate(ctx, tx, row); err != nil {
				return nil, err
			}
		}
	}
	if err := tx.derive(ctx, t, nil, row); err != nil {
		return nil, err
	}
	if err := required(t, row); err != nil {
		return nil, err
	}
	// A hook may have changed the owner: where the row ends up is what counts.
	if err := tx.mayCreate(ctx, t, row); err != nil {
		return nil, err
	}
	if err := tx.linkParents(ctx, t, row); err != nil {
		return nil, err
	}
	now, actor := tx.now(), access.Actor(ctx)
	row["createdon"], row["modifiedon"] = now, now
	if err := override(row, now); err != nil {
		return nil, err
	}
	row["createdby"], row["modifiedby"] = actor, actor
	behalf(ctx, t, row, "createdonbehalfby", "modifiedonbehalfby")
	row["versionnumber"] = int64(1)
	return row, nil
}

// mayCreate tells whether the row may be made as it stands.
func (tx *Tx) mayCreate(ctx context.Context, t *metadata.Table, row Row) error {
	ok, err := tx.o.Access.Holds(ctx, t.Name, access.Create, row.ID("ownerid"), row.ID("owningbusinessunit"))
	if err == nil && !ok && access.From(ctx).Kind == access.Member {
		ok, err = tx.o.Access.MemberMay(ctx, t, access.Create, row, func(table string, where query.Node) (bool, error) { return tx.exists(ctx, table, where) })
	}
	if err == nil && !ok {
		err = errs.New(errs.Forbidden, "access.record", "you may not create records of %s for that owner", t.Name)
	}
	return err
}

// override lets a row that is brought in from elsewhere keep the moment at which
// it was made there; overriddencreatedon then says when it came here.
func override(row Row, now time.Time) error {
	was, ok := row[overridden].(time.Time)
	if !ok {
		return nil
	}
	if was.After(now) {
		return errs.InvalidFields("record.invalid", "some values can't be taken", []errs.Field{{Name: overridden, Code: "range", Message: "a record can't have been made in the future"}})
	}
	row["createdon"], row[overridden] = was, now
	return nil
}

const overridden = "overriddencreatedon"

// behalf says who acted for the user under whose name the row is written; where
// nobody did, a modification says so too.
func behalf(ctx context.Context, t *metadata.Table, row Row, columns ...string) {
	for _, name := range columns {
		if _, has := t.Column(name); !has {
			continue
		}
		if by := access.From(ctx).Delegate; by != id.Nil {
			row[name] = by
		} else if name == "modifiedonbehalfby" {
			row[name] = nil
		}
	}
}
