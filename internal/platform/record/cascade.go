package record

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// What happens to a row may happen to the rows that look up to it, too; their
// lookups say so (metadata.Cascade). Up to relatedMax of them it happens in the
// same transaction. More are a job (cascade_job.go), in parts of cascadeBatch
// rows, each part one transaction that also notes how far the work is: a process
// that is killed goes on after the last part. Meanwhile:
//
//   - delete: the children go first, the row itself goes with the last part. It
//     can be read, changed and linked to until then; what is linked to it in the
//     meantime goes along.
//   - assign, share, unshare: the row itself has changed at once, its children
//     follow. Those who should lose sight of a child see it until its part is done.
const (
	relatedMax   = 1000 // rows that one transaction takes along
	cascadeBatch = 200  // rows of one part of a job
)

var errTooMany = errs.New(errs.Conflict, "record.too_many_related", "more than %d records of other tables hang on this one: delete or move them first", relatedMax)

// branch is a relation to children along which something happens.
type branch struct {
	child     *metadata.Table
	column    *metadata.Column
	rel       query.Relation
	behaviour metadata.Behaviour
}

// branches lists, in a fixed order, the relations along which something happens.
func (tx *Tx) branches(t *metadata.Table, pick func(metadata.Cascade) metadata.Behaviour) []branch {
	var out []branch
	relations := t.Relations()
	for _, name := range slices.Sorted(maps.Keys(relations)) {
		rel := relations[name]
		if !rel.Many || rel.ManyToMany() {
			continue
		}
		child, err := tx.table(rel.Table)
		if err != nil || child.Managed && child.Name == "activitypointer" {
			continue // the base mirrors what happens to the table that extends it
		}
		column, _ := child.Column(rel.To)
		if b := pick(column.Cascade); b != "" && b != metadata.NoCascade && child.Owned() {
			out = append(out, branch{child, column, rel, b})
		}
	}
	return out
}

// place is how far a walk along the branches is.
type place struct {
	Branch int   `json:"branch"`
	After  id.ID `json:"after"`
}

// walk calls fn with up to limit children, locked, from the place on, which it
// moves. finished tells that there are no more.
func (tx *Tx) walk(ctx context.Context, list []branch, key, owner id.ID, at *place, limit int, fn func(child *metadata.Table, old Row) error) (finished bool, err error) {
	for ; at.Branch < len(list); at.Branch, at.After = at.Branch+1, id.Nil {
		b := list[at.Branch]
		for {
			if limit <= 0 {
				return false, nil
			}
			page, err := tx.find(ctx, query.Query{Table: b.child.Name, Select: []string{b.child.ID}, Where: b.where(key, owner, at.After), Order: []query.Order{{Column: b.child.ID}}, Limit: min(limit, relatedMax)}, nil)
			if err != nil {
				return false, err
			}
			for _, row := range page.Rows {
				at.After = row.ID(b.child.ID)
				limit--
				old, err := tx.lock(ctx, b.child, at.After, nil, forChange)
				if errors.Is(err, ErrNotFound) || err == nil && old.ID(b.column.Name) != key {
					continue // gone, or moved elsewhere, since it was found
				}
				if err == nil {
					err = fn(b.child, old)
				}
				if err != nil {
					return false, err
				}
			}
			if page.Next == nil {
				break
			}
		}
	}
	return true, nil
}

func (b branch) where(key, owner, after id.ID) query.Node {
	where := query.And{query.Compare{Left: query.Path{b.column.Name}, Value: key}}
	if b.rel.OnType != "" {
		where = append(where, query.Compare{Left: query.Path{metadata.TypeColumn(b.column.Name)}, Value: b.rel.OnType})
	}
	if b.behaviour == metadata.Active && b.child.Stateful() {
		where = append(where, query.Compare{Left: query.Path{"statecode"}, Value: int64(0)})
	}
	if b.behaviour == metadata.UserOwned {
		where = append(where, query.Compare{Left: query.Path{"ownerid"}, Value: owner})
	}
	if after != id.Nil {
		where = append(where, query.Compare{Left: query.Path{b.child.ID}, Op: query.Gt, Value: after})
	}
	return where
}

// within runs the walk in this transaction, or, where there are too many
// children, as a job.
func (tx *Tx) within(ctx context.Context, list []branch, work cascadeWork, fn func(*metadata.Table, Row) error) error {
	if len(list) == 0 {
		return nil
	}
	if tx.cascading { // a part of a job: what hangs on a child is a job of its own
		return tx.later(ctx, work, list)
	}
	err := tx.Nested(func() error {
		finished, err := tx.walk(ctx, list, work.Record, work.Owner, &place{}, relatedMax, fn)
		if err == nil && !finished {
			return errTooMany
		}
		return err
	})
	if errs.CodeOf(err) == errTooMany.Code && tx.o.Jobs != nil {
		return tx.enqueue(ctx, work)
	}
	return err
}

// later asks for a job if there is any child at all.
func (tx *Tx) later(ctx context.Context, work cascadeWork, list []branch) error {
	for _, b := range list {
		page, err := tx.find(ctx, query.Query{Table: b.child.Name, Select: []string{b.child.ID}, Where: b.where(work.Record, work.Owner, id.Nil), Limit: 1}, nil)
		if err != nil {
			return err
		}
		if len(page.Rows) > 0 {
			return tx.enqueue(ctx, work)
		}
	}
	return nil
}

// assignChildren gives the children of a row that has got another owner to that
// owner, with the rights of whoever assigns.
func (tx *Tx) assignChildren(ctx context.Context, t *metadata.Table, old, row Row) error {
	list := tx.branches(t, func(c metadata.Cascade) metadata.Behaviour { return c.Assign })
	work := cascadeWork{Op: "assign", Table: t.Name, Record: row.ID(t.ID), Owner: old.ID("ownerid"), To: row.ID("ownerid"), ToTable: row.Text("owneridtype")}
	return tx.within(ctx, list, work, func(child *metadata.Table, old Row) error { return tx.assignChild(ctx, child, old, work) })
}

func (tx *Tx) assignChild(ctx context.Context, child *metadata.Table, old Row, work cascadeWork) error {
	_, err := tx.updateLocked(ctx, child, old, Row{"ownerid": work.To, "owneridtype": work.ToTable}, Match{})
	return err
}

// shareHook makes children be shared, and not shared any more, with their parent.
func shareHook() Hook {
	share := func(ctx context.Context, tx *Tx, row Row, before, after access.Right) error {
		t, ok := tx.o.Catalog().Table(row.Text("objecttypecode"))
		if !ok {
			return nil
		}
		return tx.shareChildren(ctx, t, row.ID("objectid"), row.ID("principalid"), row.Text("principaltypecode"), before, after)
	}
	mask := func(row Row) access.Right { return access.Right(row.Int("accessrightsmask")) }
	return Hook{Table: "principalobjectaccess",
		AfterCreate: func(ctx context.Context, tx *Tx, row Row) error { return share(ctx, tx, row, 0, mask(row)) },
		AfterUpdate: func(ctx context.Context, tx *Tx, old, row Row) error {
			return share(ctx, tx, row, mask(old), mask(row))
		},
		BeforeDelete: func(ctx context.Context, tx *Tx, row Row) error { return share(ctx, tx, row, mask(row), 0) },
	}
}

// shareChildren takes a change of a share to the children: rights that were
// added are shared, rights that were taken away are taken away.
func (tx *Tx) shareChildren(ctx context.Context, t *metadata.Table, key, who id.ID, whoTable string, before, after access.Right) error {
	owner := id.Nil
	if t.Owned() {
		page, err := tx.find(ctx, query.Query{Table: t.Name, Select: []string{"ownerid"}, Where: query.Compare{Left: query.Path{t.ID}, Value: key}, Limit: 1}, nil)
		if err != nil || len(page.Rows) == 0 {
			return err
		}
		owner = page.Rows[0].ID("ownerid")
	}
	for _, op := range []struct {
		name string
		mask access.Right
		pick func(metadata.Cascade) metadata.Behaviour
	}{
		{"share", after &^ before, func(c metadata.Cascade) metadata.Behaviour { return c.Share }},
		{"unshare", before &^ after, func(c metadata.Cascade) metadata.Behaviour { return c.Unshare }},
	} {
		if op.mask == 0 {
			continue
		}
		work := cascadeWork{Op: op.name, Table: t.Name, Record: key, Owner: owner, To: who, ToTable: whoTable, Mask: op.mask}
		err := tx.within(ctx, tx.branches(t, op.pick), work, func(child *metadata.Table, old Row) error {
			return tx.shareChild(ctx, child, old.ID(child.ID), work)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// shareChild adds rights to what is shared of a row, or takes them away. Who
// shares the parent shares what hangs on it: no further right is needed.
func (tx *Tx) shareChild(ctx context.Context, child *metadata.Table, key id.ID, work cascadeWork) error {
	ctx = access.Elevate(ctx, "cascade")
	page, err := tx.find(ctx, query.Query{Table: "principalobjectaccess", Limit: 1, Where: query.And{
		query.Compare{Left: query.Path{"objectid"}, Value: key}, query.Compare{Left: query.Path{"principalid"}, Value: work.To}}}, nil)
	if err != nil {
		return err
	}
	var mask access.Right
	if len(page.Rows) > 0 {
		mask = access.Right(page.Rows[0].Int("accessrightsmask"))
	}
	after := mask | work.Mask
	if work.Op == "unshare" {
		after = mask &^ work.Mask
	}
	switch {
	case after == mask:
		return nil
	case len(page.Rows) == 0:
		_, err = tx.Create(ctx, "principalobjectaccess", Row{"objectid": key, "objecttypecode": child.Name, "principalid": work.To, "principaltypecode": work.ToTable, "accessrightsmask": int64(after)})
	case after == 0:
		err = tx.Delete(ctx, "principalobjectaccess", page.Rows[0].ID("principalobjectaccessid"), Match{})
	default:
		_, err = tx.Update(ctx, "principalobjectaccess", page.Rows[0].ID("principalobjectaccessid"), Row{"accessrightsmask": int64(after)}, Match{})
	}
	return err
}

// reparent gives a row that is put under a parent the parent's shares, and takes
// from one that leaves a parent what it had of it.
func (tx *Tx) reparent(ctx context.Context, t *metadata.Table, old, row Row) error {
	for _, c := range t.Columns {
		if c.Cascade.Reparent == "" || c.Cascade.Reparent == metadata.NoCascade || old.ID(c.Name) == row.ID(c.Name) {
			continue
		}
		for _, side := range []struct {
			op  string
			row Row
		}{{"unshare", old}, {"share", row}} {
			if err := tx.inherit(ctx, t, c, side.op, side.row, row.ID(t.ID)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (tx *Tx) inherit(ctx context.Context, t *metadata.Table, c *metadata.Column, op string, of Row, key id.ID) error {
	target := c.Targets[0]
	if c.Polymorphic() {
		target = of.Text(metadata.TypeColumn(c.Name))
	}
	parent := of.ID(c.Name)
	if parent == id.Nil || !tx.o.Access.HasShares(target) {
		return nil
	}
	page, err := tx.find(ctx, query.Query{Table: "principalobjectaccess", Where: query.Compare{Left: query.Path{"objectid"}, Value: parent}, Limit: relatedMax}, nil)
	if err != nil {
		return err
	}
	for _, share := range page.Rows {
		work := cascadeWork{Op: op, To: share.ID("principalid"), ToTable: share.Text("principaltypecode"), Mask: access.Right(share.Int("accessrightsmask"))}
		if err := tx.shareChild(ctx, t, key, work); err != nil {
			return err
		}
	}
	return nil
}
