package record

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

// Update changes the given columns of a row and gives the whole row back.
// Values that are already so are left out; if nothing is left, nothing is
// written and the version stays.
func (tx *Tx) Update(ctx context.Context, table string, key id.ID, in Row, m Match) (Row, error) {
	ctx, span := tracer.Start(ctx, "update "+table)
	defer span.End()
	t, err := tx.writable(ctx, table)
	if err != nil {
		return nil, err
	}
	old, err := tx.lock(ctx, t, key, nil, forChange)
	if err != nil {
		return nil, err
	}
	return tx.updateLocked(ctx, t, old, in, m)
}

func (tx *Tx) updateLocked(ctx context.Context, t *metadata.Table, old, in Row, m Match) (Row, error) {
	if err := tx.permit(ctx, t, old, access.Write); err != nil {
		return nil, err
	}
	if m.MustNotExist {
		return nil, ErrExists
	}
	if m.Version != 0 && m.Version != old.Version() {
		return nil, ErrVersion
	}
	change, err := tx.coerce(ctx, t, in, 0)
	if err != nil {
		return nil, err
	}
	if err := tx.o.Access.AllowColumns(ctx, t, change, false); err != nil {
		return nil, err
	}
	if given, ok := change[t.ID]; ok {
		if given != old[t.ID] {
			return nil, invalid("id", "the id of a record can't be changed")
		}
		delete(change, t.ID)
	}
	if err := applyState(t, old, change); err != nil {
		return nil, err
	}
	if err := follows(ctx, t, old, change); err != nil {
		return nil, err
	}
	if v, given := change[overridden]; given && !equal(v, old[overridden]) {
		return nil, invalid("overridden", "%s is given when the record is made, and then stays", overridden)
	}
	if err := tx.applyOwner(ctx, t, change, false); err != nil {
		return nil, err
	}
	dropEqual(t, old, change)
	if len(change) == 0 {
		return old, nil
	}
	for _, h := range tx.store.hooksOf(t.Name) {
		if h.BeforeUpdate != nil {
			if err := h.BeforeUpdate(ctx, tx, old, change); err != nil {
				return nil, err
			}
		}
	}
	if err := tx.derive(ctx, t, old, change); err != nil {
		return nil, err
	}
	dropEqual(t, old, change)
	if len(change) == 0 {
		return old, nil
	}
	if _, assigned := change["ownerid"]; assigned {
		if err := tx.permit(ctx, t, old, access.Assign); err != nil {
			return nil, err
		}
	}
	row := maps.Clone(old)
	maps.Copy(row, change)
	if err := required(t, row); err != nil {
		return nil, err
	}
	if err := tx.linkParents(ctx, t, change); err != nil {
		return nil, err
	}
	if err := tx.writeUpdate(ctx, t, old, change, row); err != nil {
		return nil, err
	}
	tx.wrote(t, row)
	if err := tx.spread(ctx, t, old, row, change); err != nil {
		return nil, err
	}
	for _, h := range tx.store.hooksOf(t.Name) {
		if h.AfterUpdate != nil {
			if err := h.AfterUpdate(ctx, tx, old, row); err != nil {
				return nil, err
			}
		}
	}
	return row, nil
}

// spread takes a change to the rows that hang on this one, as their lookups say.
func (tx *Tx) spread(ctx context.Context, t *metadata.Table, old, row, change Row) error {
	if _, assigned := change["ownerid"]; assigned {
		if err := tx.assignChildren(ctx, t, old, row); err != nil {
			return err
		}
	}
	return tx.reparent(ctx, t, old, row)
}

// writeUpdate stamps the change, writes it and its change row.
func (tx *Tx) writeUpdate(ctx context.Context, t *metadata.Table, old, change, row Row) error {
	change["modifiedon"], change["modifiedby"] = tx.now(), access.Actor(ctx)
	behalf(ctx, t, change, "modifiedonbehalfby")
	change["versionnumber"] = old.Version() + 1
	maps.Copy(row, change)
	key := old.ID(t.ID)
	if err := tx.update(t, key, change); err != nil {
		if errs.CodeOf(err) == errRace.Code {
			return errs.Wrap(err, errs.Internal, "record.update", "the record could not be changed")
		}
		return err
	}
	if err := tx.updateBase(t, key, change); err != nil {
		return err
	}
	return tx.changed(ctx, t, changelog.Update, old, change)
}

// dropEqual takes out of the change what is already so. A polymorphic lookup and
// its type are one value: both stay, or both go.
func dropEqual(t *metadata.Table, old, change Row) {
	changed := make(Row)
	for _, c := range t.Columns {
		if !c.Polymorphic() {
			continue
		}
		kind := metadata.TypeColumn(c.Name)
		key, given := change[c.Name]
		if given && !(equal(old[c.Name], key) && equal(old[kind], change[kind])) {
			changed[c.Name], changed[kind] = key, change[kind]
		}
	}
	for name, v := range change {
		if equal(old[name], v) {
			delete(change, name)
		}
	}
	maps.Copy(change, changed)
}

func equal(a, b any) bool {
	ja, aIs := a.(json.RawMessage)
	jb, bIs := b.(json.RawMessage)
	if aIs && bIs {
		return bytes.Equal(ja, jb)
	}
	if aIs || bIs {
		return false
	}
	return a == b
}
