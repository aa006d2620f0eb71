package record

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Associate puts the row other into the collection nav of the row key: of a 1:N
// relation by setting other's lookup, of an N:N relation by a row of the
// intersect table. What is there already stays as it is.
//
// An N:N relation takes Append on one of the two rows and Append To on the
// other, as Dataverse asks for it. Where the intersect table is defined as a
// table of its own (teammembership, systemuserroles), its Create privilege is
// needed, too: such rows give people rights.
func (tx *Tx) Associate(ctx context.Context, table string, key id.ID, nav string, other id.ID) error {
	t, rel, err := tx.collection(table, nav)
	if err != nil {
		return err
	}
	if !rel.ManyToMany() {
		change := Row{rel.To: key}
		if rel.OnType != "" {
			change[metadata.TypeColumn(rel.To)] = t.Name
		}
		_, err := tx.Update(ctx, rel.Table, other, change, Match{MustExist: true})
		return err
	}
	x, err := tx.table(rel.Via.Table)
	if err != nil {
		return err
	}
	if err := tx.mayTie(ctx, t, rel, key, other); err != nil {
		return err
	}
	found, err := tx.pair(ctx, x, rel, key, other)
	if err != nil || found != id.Nil {
		return err
	}
	row := Row{rel.Via.Here: key, rel.Via.There: other}
	if x.Intersect {
		err = tx.tie(ctx, x, row)
	} else {
		_, err = tx.Create(ctx, x.Name, row)
	}
	if errs.CodeOf(err) == ErrDuplicateKey.Code {
		// Another write made it since we looked: look again in a new transaction.
		e := *errRace
		e.Cause = err
		return &e
	}
	return err
}

// Disassociate takes the row other out of the collection nav of the row key. It
// is ErrNotFound if it is not in it.
func (tx *Tx) Disassociate(ctx context.Context, table string, key id.ID, nav string, other id.ID) error {
	t, rel, err := tx.collection(table, nav)
	if err != nil {
		return err
	}
	if !rel.ManyToMany() {
		found, err := tx.Get(ctx, rel.Table, other, []string{rel.To}, nil)
		if err == nil && found.ID(rel.To) != key {
			err = ErrNotFound
		}
		if err != nil {
			return err
		}
		change := Row{rel.To: nil}
		if rel.OnType != "" {
			change[metadata.TypeColumn(rel.To)] = nil
		}
		_, err = tx.Update(ctx, rel.Table, other, change, Match{MustExist: true})
		return err
	}
	x, err := tx.table(rel.Via.Table)
	if err != nil {
		return err
	}
	if err := tx.mayTie(ctx, t, rel, key, other); err != nil {
		return err
	}
	found, err := tx.pair(ctx, x, rel, key, other)
	if err != nil {
		return err
	}
	if found == id.Nil {
		return ErrNotFound
	}
	if !x.Intersect {
		return tx.Delete(ctx, x.Name, found, Match{})
	}
	old, err := tx.lock(ctx, x, found, nil, forDelete)
	if err != nil {
		return err
	}
	budget := relatedMax
	return tx.deleteLocked(ctx, x, old, Match{}, &budget)
}

func (tx *Tx) collection(table, nav string) (*metadata.Table, query.Relation, error) {
	t, err := tx.table(table)
	if err != nil {
		return nil, query.Relation{}, err
	}
	rel, ok := t.Relation(nav)
	if !ok || !rel.Many {
		return nil, rel, invalid("relation", "table %s has no collection %s", table, nav)
	}
	return t, rel, nil
}

// mayTie locks both rows against deletion and checks the rights on them.
func (tx *Tx) mayTie(ctx context.Context, t *metadata.Table, rel query.Relation, key, other id.ID) error {
	far, err := tx.table(rel.Table)
	if err != nil {
		return err
	}
	here, err := tx.lockEnd(ctx, t, key)
	if err != nil {
		return err
	}
	there, err := tx.lockEnd(ctx, far, other)
	if err != nil {
		return err
	}
	forth := tx.permitBoth(ctx, t, here, far, there)
	if forth == nil || !errs.Has(forth, errs.Forbidden) {
		return forth
	}
	if tx.permitBoth(ctx, far, there, t, here) == nil {
		return nil
	}
	return forth
}

func (tx *Tx) permitBoth(ctx context.Context, child *metadata.Table, row Row, parent *metadata.Table, of Row) error {
	if err := tx.permit(ctx, child, row, access.Append); err != nil {
		return err
	}
	return tx.permit(ctx, parent, of, access.AppendTo)
}

func (tx *Tx) lockEnd(ctx context.Context, t *metadata.Table, key id.ID) (Row, error) {
	return tx.lock(ctx, t, key, ownerColumns(t), forLink)
}

// ownerColumns are what access control asks of a row.
func ownerColumns(t *metadata.Table) []string {
	if t.Owned() {
		return []string{t.ID, "ownerid", "owningbusinessunit"}
	}
	return []string{t.ID}
}

// pair finds the intersect row of two rows; id.Nil if they are not associated.
func (tx *Tx) pair(ctx context.Context, x *metadata.Table, rel query.Relation, key, other id.ID) (id.ID, error) {
	page, err := tx.find(ctx, query.Query{Table: x.Name, Select: []string{x.ID}, Limit: 1, Where: query.And{
		query.Compare{Left: query.Path{rel.Via.Here}, Value: key}, query.Compare{Left: query.Path{rel.Via.There}, Value: other}}}, nil)
	if err != nil || len(page.Rows) == 0 {
		return id.Nil, err
	}
	return page.Rows[0].ID(x.ID), nil
}

// tie writes a row of a made intersect table, with its change row.
func (tx *Tx) tie(ctx context.Context, x *metadata.Table, row Row) error {
	now, actor := tx.o.Clock.Now(), access.Actor(ctx)
	row[x.ID] = id.New()
	row["createdon"], row["modifiedon"] = now, now
	row["createdby"], row["modifiedby"] = actor, actor
	row["versionnumber"] = int64(1)
	if err := tx.insert(x, row); err != nil {
		return err
	}
	return tx.changed(ctx, x, changelog.Create, nil, row)
}
