package record

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Link is a lookup of a row, with where it leads.
type Link struct {
	Table  string
	Record id.ID
	Column string
	Target id.ID
}

// Restored tells what has come back.
type Restored struct {
	Rows    []Link // Table and Record of each, the one that was asked for first
	Linked  []Link // lookups of rows that had stayed, and lead here again
	Kept    []Link // lookups that lead elsewhere by now, and stay so
	Cleared []Link // lookups of rows that came back, whose targets are gone
}

// restoreMost bounds what one restoration brings back.
const restoreMost = 20_000

// Restore brings a row back from the recycle bin, and with it all that went
// because it went: children, ties to other rows, and the lookups of rows that
// stayed. A row that went with its parent comes back alone. It takes the right to
// create each of them. Creation hooks do not run.
//
// What a lookup leads to may be gone by now: that refuses, naming the lookups;
// with clear, those that need no value are emptied instead, ties to what is gone
// stay away, and an owner who is gone is replaced by who restores. A row that has taken an alternate key in the
// meantime refuses in any case.
func (tx *Tx) Restore(ctx context.Context, table string, key id.ID, clear bool) (Restored, error) {
	t, err := tx.writable(ctx, table)
	if err != nil {
		return Restored{}, err
	}
	root, err := tx.binned(ctx, "b.tablename = "+tx.sql.Dialect().Placeholder(1)+" AND b.recordid = "+tx.sql.Dialect().Placeholder(2), t.Name, key)
	if err != nil {
		return Restored{}, err
	}
	if len(root) == 0 {
		return Restored{}, errNotBinned
	}
	list := root
	if root[0].root && root[0].deletion != id.Nil {
		list, err = tx.binned(ctx, "b.deletion = "+tx.sql.Dialect().Placeholder(1), root[0].deletion)
		if err != nil {
			return Restored{}, err
		}
		slices.SortStableFunc(list, func(a, b binnedRow) int { return rank(a) - rank(b) })
	}
	if len(list) > restoreMost {
		return Restored{}, errs.New(errs.Unsupported, "restore.too_many", "more than %d records were deleted together: they can't be brought back at once", restoreMost)
	}
	r := &restorer{tx: tx, clear: clear, back: map[parentKey]bool{}, there: map[parentKey]bool{}, dropped: map[parentKey]bool{}}
	return r.all(ctx, list)
}

func rank(b binnedRow) int {
	if b.root {
		return 0
	}
	return 1
}

var errNotBinned = errs.New(errs.NotFound, "restore.not_found", "there is no such record in the recycle bin, or you may not see it")

// binnedRow is a row in the recycle bin.
type binnedRow struct {
	t         *metadata.Table
	table     string
	record    id.ID
	row       Row
	deletion  id.ID
	root      bool
	deletedOn time.Time
	deletedBy id.ID
}

func (r reader) binned(ctx context.Context, where string, args ...any) ([]binnedRow, error) {
	d := r.o.DB.Dialect()
	enc, err := encoded(d, args...)
	if err != nil {
		return nil, err
	}
	rows, err := r.query(ctx, "SELECT b.tablename, b.recordid, b.image, b.deletion, b.root, b.deletedon, b.deletedby FROM recyclebin b WHERE "+where, enc)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []binnedRow
	for rows.Next() {
		var b binnedRow
		var text string
		raw := make([]any, 5)
		if err := rows.Scan(&b.table, &raw[0], &text, &raw[1], &raw[2], &raw[3], &raw[4]); err != nil {
			return nil, err
		}
		for i, kind := range []query.Kind{query.ID, query.ID, query.Bool, query.Time, query.ID} {
			v, err := query.Decode(d, kind, 0, raw[i])
			if err != nil {
				return nil, err
			}
			raw[i] = v
		}
		b.record, _ = raw[0].(id.ID)
		b.deletion, _ = raw[1].(id.ID)
		b.root, _ = raw[2].(bool)
		b.deletedOn, _ = raw[3].(time.Time)
		b.deletedBy, _ = raw[4].(id.ID)
		if b.t, _ = r.o.Catalog().Table(b.table); b.t != nil {
			if b.row, err = rowOf(b.t, []byte(text)); err != nil {
				return nil, err
			}
		}
		out = append(out, b)
	}
	return out, rows.Err()
}

// rowOf reads a full image. What the table's definition no longer knows, or can't
// hold any more, is left out.
func rowOf(t *metadata.Table, image []byte) (Row, error) {
	d := json.NewDecoder(bytes.NewReader(image))
	d.UseNumber()
	var values map[string]any
	if err := d.Decode(&values); err != nil {
		return nil, errs.Wrap(err, errs.Internal, "restore.image", "the record in the recycle bin can't be read")
	}
	out := Row{}
	for _, c := range t.Columns {
		v := values[c.Name]
		if v == nil {
			continue
		}
		if text, ok := v.(string); ok && c.IsFile() {
			if key, err := id.Parse(text); err == nil {
				out[c.Name] = key
			}
			continue
		}
		canonical, err := c.Coerce(v)
		if err != nil {
			continue
		}
		out[c.Name] = canonical
		if kind, ok := values[metadata.TypeColumn(c.Name)].(string); ok && c.Polymorphic() {
			out[metadata.TypeColumn(c.Name)] = kind
		}
	}
	return out, nil
}

type restorer struct {
	tx      *Tx
	clear   bool
	back    map[parentKey]bool // rows that come back
	there   map[parentKey]bool // rows that lookups lead to, by whether they are there
	dropped map[parentKey]bool // ties that do not come back
	out     Restored
}

func (r *restorer) all(ctx context.Context, list []binnedRow) (Restored, error) {
	for _, b := range list {
		r.back[parentKey{b.table, b.record}] = true
	}
	var missing []errs.Field
	for _, b := range list {
		if b.t == nil {
			return r.out, errs.New(errs.Conflict, "restore.table", "the table %s is not there any more", b.table)
		}
		bad, err := r.lookups(ctx, b)
		if err != nil {
			return r.out, err
		}
		missing = append(missing, bad...)
	}
	if len(missing) > 0 {
		e := errs.New(errs.Conflict, "restore.parent_gone", "what the record belongs to is not there any more: restore that first, or leave the links empty")
		e.Fields = missing[:min(len(missing), 50)]
		return r.out, e
	}
	for _, b := range list {
		if err := r.one(ctx, b); err != nil {
			return r.out, err
		}
	}
	for _, b := range list {
		if err := r.links(ctx, b); err != nil {
			return r.out, err
		}
	}
	return r.out, r.forget(list)
}

// lookups finds those whose target is gone.
func (r *restorer) lookups(ctx context.Context, b binnedRow) (bad []errs.Field, err error) {
	for _, c := range b.t.Columns {
		key := b.row.ID(c.Name)
		if !c.IsLookup() || key == id.Nil || c.System && c.Name != "ownerid" || c.OnDelete() == metadata.NoCascade && c.Name != "ownerid" {
			continue
		}
		target := c.Targets[0]
		if c.Polymorphic() {
			target = b.row.Text(metadata.TypeColumn(c.Name))
		}
		ok, err := r.exists(ctx, target, key)
		if err != nil {
			return nil, err
		}
		switch {
		case ok:
		case c.Name == "ownerid" && r.clear:
			b.row["ownerid"], b.row[metadata.TypeColumn("ownerid")] = access.Actor(ctx), "systemuser"
			r.out.Cleared = append(r.out.Cleared, Link{b.table, b.record, c.Name, key})
		case r.clear && (b.t.Intersect || accompanies(b)): // a tie to what is gone ties nothing
			r.dropped[parentKey{b.table, b.record}] = true
			r.out.Cleared = append(r.out.Cleared, Link{b.table, b.record, c.Name, key})
		case r.clear && !c.Required:
			delete(b.row, c.Name)
			delete(b.row, metadata.TypeColumn(c.Name))
			r.out.Cleared = append(r.out.Cleared, Link{b.table, b.record, c.Name, key})
		default:
			bad = append(bad, errs.Field{Name: b.table + "." + c.Name, Code: "missing", Message: "the " + target + " " + key.String() + " is not there any more"})
		}
	}
	return bad, nil
}

func (r *restorer) exists(ctx context.Context, table string, key id.ID) (bool, error) {
	at := parentKey{table, key}
	if r.back[at] {
		return true, nil
	}
	if known, ok := r.there[at]; ok {
		return known, nil
	}
	t, err := r.tx.table(table)
	if err != nil {
		return false, nil //nolint:nilerr // a table that is gone has no rows
	}
	_, err = r.tx.lock(ctx, t, key, []string{t.ID}, forLink)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return false, err
	}
	r.there[at] = err == nil
	return err == nil, nil
}

// one brings one row back, and its change row with it.
func (r *restorer) one(ctx context.Context, b binnedRow) error {
	tx, t, row := r.tx, b.t, b.row
	if r.dropped[parentKey{b.table, b.record}] {
		return nil
	}
	if !t.Intersect && !accompanies(b) {
		if err := tx.o.Access.Allow(ctx, t.Name, access.Create); err != nil {
			return err
		}
		if err := tx.applyOwner(ctx, t, row, true); err != nil {
			return err
		}
		if ok, err := tx.o.Access.Holds(ctx, t.Name, access.Create, row.ID("ownerid"), row.ID("owningbusinessunit")); err != nil {
			return err
		} else if !ok {
			return errs.New(errs.Forbidden, "access.record", "you may not create records of %s for that owner", t.Name)
		}
	}
	row["versionnumber"] = row.Version() + 2 // the deletion was a version, too
	row["modifiedon"], row["modifiedby"] = tx.now(), access.Actor(ctx)
	if err := tx.insert(t, row); err != nil {
		return inTheWay(t, b.record, err)
	}
	if err := tx.insertBase(t, row); err != nil {
		return inTheWay(t, b.record, err)
	}
	if err := tx.changed(ctx, t, changelog.Create, nil, row); err != nil {
		return err
	}
	for _, h := range tx.store.hooksOf(t.Name) {
		if h.AfterRestore != nil {
			if err := h.AfterRestore(ctx, tx, row); err != nil {
				return err
			}
		}
	}
	if !accompanies(b) {
		r.out.Rows = append(r.out.Rows, Link{Table: b.table, Record: b.record})
	}
	return nil
}

// accompanies tells whether a row is the platform's own note of who may use the
// record that it went with: a share, or the record's access team and its members. Who may bring
// the record back brings these back, and nobody counts them.
func accompanies(b binnedRow) bool {
	return !b.root && (b.table == "principalobjectaccess" || b.table == "team" || b.table == "teammembership")
}

// inTheWay says what keeps a row from coming back.
func inTheWay(t *metadata.Table, key id.ID, err error) error {
	var e *errs.Error
	switch {
	case errs.CodeOf(err) == ErrDuplicateKey.Code && errors.As(err, &e):
		out := errs.New(errs.Conflict, "restore.key_taken", "a record of %s can't come back: %s", t.Name, e.Message)
		out.Fields, out.Cause = e.Fields, err
		return out
	case errs.CodeOf(err) == errRace.Code:
		return errs.New(errs.Conflict, "restore.there", "the record %s of %s is there: it has been made anew", key, t.Name)
	}
	return err
}

// links leads the lookups of rows that stayed back to a row that is there again.
// As emptying them needed no right on those rows, neither does this.
func (r *restorer) links(ctx context.Context, b binnedRow) error {
	if b.deletion == id.Nil {
		return nil
	}
	list, err := r.tx.binnedLinks(ctx, b)
	if err != nil {
		return err
	}
	for _, l := range list {
		t, err := r.tx.table(l.Table)
		if err != nil {
			continue
		}
		c, ok := t.Column(l.Column)
		if !ok || !c.IsLookup() {
			continue
		}
		old, err := r.tx.lock(ctx, t, l.Record, nil, forChange)
		if errors.Is(err, ErrNotFound) || r.back[parentKey{l.Table, l.Record}] {
			continue
		}
		if err != nil {
			return err
		}
		if old.ID(c.Name) != id.Nil {
			if old.ID(c.Name) != l.Target {
				r.out.Kept = append(r.out.Kept, l)
			}
			continue
		}
		change := Row{c.Name: l.Target}
		if c.Polymorphic() {
			change[metadata.TypeColumn(c.Name)] = b.table
		}
		if err := r.tx.writeUpdate(ctx, t, old, change, Row{}); err != nil {
			return err
		}
		r.out.Linked = append(r.out.Linked, l)
	}
	return nil
}

func (tx *Tx) binnedLinks(ctx context.Context, b binnedRow) ([]Link, error) {
	d := tx.sql.Dialect()
	args, err := encoded(d, b.deletion, b.table, b.record)
	if err != nil {
		return nil, err
	}
	rows, err := tx.query(ctx, "SELECT tablename, recordid, columnname FROM recyclelink WHERE deletion = "+d.Placeholder(1)+" AND targettable = "+d.Placeholder(2)+" AND targetid = "+d.Placeholder(3)+" ORDER BY tablename, recordid", args)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Link
	for rows.Next() {
		l := Link{Target: b.record}
		var raw any
		if err := rows.Scan(&l.Table, &raw, &l.Column); err != nil {
			return nil, err
		}
		if l.Record, err = query.DecodeID(raw); err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	return out, rows.Err()
}

// forget takes from the bin what has come back.
func (r *restorer) forget(list []binnedRow) error {
	d := r.tx.sql.Dialect()
	for _, b := range list {
		args, err := encoded(d, b.table, b.record)
		if err != nil {
			return err
		}
		if _, err := r.tx.sql.Exec("DELETE FROM recyclebin WHERE tablename = "+d.Placeholder(1)+" AND recordid = "+d.Placeholder(2), args...); err != nil {
			return err
		}
		if args, err = encoded(d, b.deletion, b.table, b.record); err != nil {
			return err
		}
		if _, err := r.tx.sql.Exec("DELETE FROM recyclelink WHERE deletion = "+d.Placeholder(1)+" AND targettable = "+d.Placeholder(2)+" AND targetid = "+d.Placeholder(3), args...); err != nil {
			return err
		}
	}
	return nil
}
