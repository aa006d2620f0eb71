package operation

import (
	"bytes"
	"context"
	"encoding/json"
	"reflect"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// UndoKind is the kind of the jobs that take operations back.
const UndoKind = "undo operation"

// undoBatch is how many changes one transaction takes back.
const undoBatch = 100

// errChanged is why a change is kept.
var errChanged = errs.New(errs.Conflict, "undo.changed", "somebody has changed the record since; it is left as it is")

// Undos gives the handler of the jobs that take operations back.
func (k *Keeper) Undos() job.Handler { return job.Handler{Run: k.runUndo, Dead: k.Dead} }

// runUndo goes down the change log from the operation's last change to its first.
func (k *Keeper) runUndo(ctx context.Context, j *job.Job) error {
	var p Payload
	if err := json.Unmarshal(j.Payload, &p); err != nil {
		return job.Permanent(errs.Wrap(err, errs.Internal, "undo.job", "the job of an undo can't be read"))
	}
	user := p.As(ctx, "undo "+p.Ref.Origin())
	system := access.AsSystem(ctx, "undo")
	for {
		row, err := k.Store.Get(system, p.Ref.Table, p.Ref.ID, []string{"rpt_first", "rpt_last", "rpt_undone", "rpt_kept", "versionnumber"}, nil)
		if errs.Has(err, errs.NotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		changes, err := k.Log.ByOrigin(ctx, p.Ref.Origin(), row.Int("rpt_first"), row.Int("rpt_last"), undoBatch)
		if err != nil {
			return err
		}
		err = k.Store.Write(ctx, func(tx *record.Tx) error {
			if len(changes) == 0 {
				if _, err := k.Set(system, tx, p.Ref, row.Version(), record.Row{"rpt_status": Undone, "rpt_finishedon": k.Clock.Now()}); err != nil {
					return err
				}
				return j.Done(tx.SQL())
			}
			return k.undoPart(user, system, tx, p.Ref, row, changes)
		})
		if err != nil || len(changes) == 0 {
			return err
		}
	}
}

func (k *Keeper) undoPart(user, system context.Context, tx *record.Tx, ref Ref, row record.Row, changes []changelog.Change) error {
	u := undoing{k: k, tx: tx, touched: map[id.ID]bool{}}
	var faults []Fault
	done := int64(0)
	for _, c := range changes {
		var did bool
		err := tx.SQL().Nested(func() (err error) { did, err = u.takeBack(user, c); return err })
		switch {
		case err == nil && did:
			done++
			u.touched[c.Record] = true
		case err == nil:
		case AboutRow(err):
			faults = append(faults, Fault{Record: c.Record, Code: errs.CodeOf(err), Reason: Why(err), Data: []string{c.Table, c.Record.String()}})
		default:
			return err
		}
	}
	if err := AddFaults(tx.SQL(), ref.ID, PhaseUndo, row.Int("rpt_kept"), faults); err != nil {
		return err
	}
	_, err := k.Set(system, tx, ref, row.Version(), record.Row{"rpt_last": changes[len(changes)-1].Seq - 1,
		"rpt_undone": row.Int("rpt_undone") + done, "rpt_kept": row.Int("rpt_kept") + int64(len(faults))})
	return err
}

// undoing takes back the changes of one transaction.
type undoing struct {
	k       *Keeper
	tx      *record.Tx
	touched map[id.ID]bool // records that this transaction has taken something back of
}

// takeBack undoes one change. did is false where there is nothing to be done,
// because the platform itself does it, or it is so already.
func (u *undoing) takeBack(ctx context.Context, c changelog.Change) (did bool, err error) {
	t, ok := u.tx.Catalog().Table(c.Table)
	if !ok || t.Managed || t.Intersect {
		return false, nil
	}
	switch c.Op {
	case changelog.Create:
		return u.uncreate(ctx, t, c)
	case changelog.Update:
		return u.unchange(ctx, t, c)
	case changelog.Delete:
		return u.undelete(ctx, t, c)
	}
	return false, nil
}

func (u *undoing) uncreate(ctx context.Context, t *metadata.Table, c changelog.Change) (bool, error) {
	row, err := u.tx.Demand(ctx, t.Name, c.Record, access.Delete)
	if errs.Has(err, errs.NotFound) {
		return false, nil // it is gone already
	}
	if err != nil {
		return false, err
	}
	if row.Version() != c.Version && !u.touched[c.Record] {
		if changed, err := u.changedSince(ctx, c); err != nil || changed {
			if changed {
				err = errChanged
			}
			return false, err
		}
	}
	return true, u.tx.Delete(ctx, t.Name, c.Record, record.Match{})
}

// historyPage is how many later changes of a record are looked at.
const historyPage = 100

// changedSince tells whether anybody but the platform, and but this operation
// and its undoing, has changed the record after the change.
func (u *undoing) changedSince(ctx context.Context, c changelog.Change) (bool, error) {
	later, err := u.k.Log.History(ctx, c.Table, c.Record, 0, historyPage)
	if err != nil {
		return false, err
	}
	for _, l := range later {
		if l.Seq <= c.Seq {
			return false, nil
		}
		if l.Actor != access.SystemUser && l.Origin != c.Origin && l.Origin != changelog.Origin(ctx) {
			return true, nil
		}
	}
	return len(later) == historyPage, nil
}

// unchange puts back what an update changed, if it is still as it left it.
func (u *undoing) unchange(ctx context.Context, t *metadata.Table, c changelog.Change) (bool, error) {
	row, err := u.tx.Demand(ctx, t.Name, c.Record, access.Write)
	if errs.Has(err, errs.NotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	before, err := u.values(t, c.Before)
	if err != nil {
		return false, err
	}
	after, err := u.values(t, c.After)
	if err != nil {
		return false, err
	}
	back := record.Row{}
	for name, v := range after {
		if !same(row[name], v) {
			return false, errChanged
		}
		if !same(row[name], before[name]) {
			back[name] = before[name]
		}
	}
	for name := range back { // a lookup and its table are one value
		if c, ok := t.Column(name); ok && c.Polymorphic() {
			back[metadata.TypeColumn(name)] = before[metadata.TypeColumn(name)]
		}
	}
	if len(back) == 0 {
		return false, nil
	}
	_, err = u.tx.Update(ctx, t.Name, c.Record, back, record.Match{})
	return err == nil, err
}

// undelete brings a row back.
func (u *undoing) undelete(ctx context.Context, t *metadata.Table, c changelog.Change) (bool, error) {
	if u.k.Restore != nil {
		err := u.k.Restore(ctx, u.tx, t.Name, c.Record)
		return err == nil, err
	}
	row, err := u.values(t, c.Before)
	if err != nil {
		return false, err
	}
	row[t.ID] = c.Record
	for name, v := range row {
		if v == nil {
			delete(row, name)
		}
	}
	_, err = u.tx.Create(ctx, t.Name, row)
	return err == nil, err
}

// values gives what a change row says of the columns that can be written.
func (u *undoing) values(t *metadata.Table, text json.RawMessage) (record.Row, error) {
	raw := map[string]any{}
	if len(text) > 0 {
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		if err := d.Decode(&raw); err != nil {
			return nil, errs.Wrap(err, errs.Internal, "undo.change", "a change row can't be read")
		}
	}
	out := record.Row{}
	for name, v := range raw {
		c, ok := t.Column(name)
		if !ok || c.ReadOnly || c.Computed() || c.PartOf != "" || name == t.ID {
			continue // the platform works it out, or the definition knows it no more
		}
		value, err := c.Coerce(v)
		if err != nil {
			return nil, err
		}
		out[name] = value
		if kind, given := raw[metadata.TypeColumn(name)]; given && c.Polymorphic() {
			out[metadata.TypeColumn(name)] = kind
		}
	}
	return out, nil
}

func same(a, b any) bool {
	if x, ok := a.(json.RawMessage); ok {
		y, _ := b.(json.RawMessage)
		return bytes.Equal(x, y)
	}
	if x, ok := a.(time.Time); ok {
		y, is := b.(time.Time)
		return is && x.Equal(y)
	}
	return reflect.DeepEqual(a, b)
}
