package record

import (
	"context"
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// applyOwner fills the owner in and derives the business unit from it.
func (tx *Tx) applyOwner(ctx context.Context, t *metadata.Table, row Row, creating bool) error {
	if !t.Owned() {
		return nil
	}
	_, given := row["ownerid"]
	if row["ownerid"] == nil {
		if !creating {
			if given {
				return invalid("owner", "every record of %s has an owner", t.Name)
			}
			return nil
		}
		row["ownerid"], row["owneridtype"] = access.Actor(ctx), "systemuser"
	}
	unit, err := tx.unitOf(ctx, row.ID("ownerid"), row.Text("owneridtype"))
	if err != nil {
		return err
	}
	row["owningbusinessunit"] = unit
	return nil
}

// unitOf gives the business unit of an owner; from memory where it is known,
// else from the database, as an owner may have been made a moment ago.
func (tx *Tx) unitOf(ctx context.Context, owner id.ID, table string) (id.ID, error) {
	if unit := tx.o.Access.UnitOf(owner, table); unit != id.Nil {
		return unit, nil
	}
	t, err := tx.table(table)
	if err != nil {
		return id.Nil, err
	}
	page, err := tx.find(ctx, query.Query{Table: table, Select: []string{"businessunitid"}, Limit: 1, Where: query.Compare{Left: query.Path{t.ID}, Value: owner}}, nil)
	if err != nil {
		return id.Nil, err
	}
	if len(page.Rows) == 0 {
		return id.Nil, errs.New(errs.Invalid, "record.owner", "the owner does not exist")
	}
	return page.Rows[0].ID("businessunitid"), nil
}

// permit checks a right on one row, shares included. A row that the principal
// may not even read is not found, so that its existence is not given away.
func (tx *Tx) permit(ctx context.Context, t *metadata.Table, row Row, right access.Right) error {
	ok, err := tx.o.Access.Holds(ctx, t.Name, right, row.ID("ownerid"), row.ID("owningbusinessunit"))
	if ok {
		return nil
	}
	if err != nil && !errs.Has(err, errs.Forbidden) {
		return err
	}
	if err == nil {
		// The privilege is there but does not reach this row; a share may.
		if reached, err := tx.reached(ctx, t, row, right); err != nil || reached {
			return err
		}
	}
	if right != access.Read {
		if unread := tx.permit(ctx, t, row, access.Read); unread != nil {
			return unread
		}
		if err != nil {
			return err
		}
		return errs.New(errs.Forbidden, "access.record", "you may read this record of %s, but not use the right %s on it", t.Name, right)
	}
	return ErrNotFound
}

// reached tells whether a right comes by what the owner's unit does not tell: of
// a member by how the row stands to it, of a user by a share.
func (r reader) reached(ctx context.Context, t *metadata.Table, row Row, right access.Right) (bool, error) {
	if access.From(ctx).Kind != access.Member {
		return r.shared(ctx, t, row, right)
	}
	page, err := r.find(ctx, query.Query{Table: t.Name, Select: []string{t.ID}, Limit: 1, Where: query.Compare{Left: query.Path{t.ID}, Value: row.ID(t.ID)}}, r.o.Access.Guard(ctx, right))
	return err == nil && len(page.Rows) > 0, err
}

// exists tells whether there is a row that meets a condition, past access control.
func (r reader) exists(ctx context.Context, table string, where query.Node) (bool, error) {
	t, err := tableOf(r.o, table)
	if err != nil {
		return false, err
	}
	page, err := r.find(access.Elevate(ctx, "how a member stands to a row"), query.Query{Table: table, Select: []string{t.ID}, Limit: 1, Where: where}, nil)
	return err == nil && len(page.Rows) > 0, err
}

func (r reader) shared(ctx context.Context, t *metadata.Table, row Row, right access.Right) (found bool, err error) {
	err = r.shares(ctx, t.Name, row.ID(t.ID), func(with id.ID, mask access.Right) {
		found = found || mask&right != 0 && slices.Contains(r.o.Access.SharedWith(ctx, right), with)
	})
	return found, err
}
