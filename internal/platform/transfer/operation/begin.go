package operation

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Keeper moves operations from one status to the next.
type Keeper struct {
	DB    *sqldb.DB
	Store *record.Store
	Log   *changelog.Log
	Queue *job.Queue
	Clock clock.Clock
	// Restore brings a deleted row back; nil makes it anew with its old id.
	Restore func(ctx context.Context, tx *record.Tx, table string, key id.ID) error
}

// imports is the table of the operations whose changes come out of files.
const imports = "import"

// Payload is what the jobs of operations carry.
type Payload struct {
	Ref Ref `json:"ref"`
	Who Who `json:"who"`
}

// Asker gives in whose name the context's principal has a job work.
func Asker(ctx context.Context) Who {
	p := access.From(ctx)
	return Who{User: p.ID, Delegate: p.Delegate, Scope: p.Scope, System: p.Kind == access.System}
}

// As gives the context in which a job works: in the name of who asked for it,
// with the rights that are held while it works, and with the operation's origin.
func (p Payload) As(ctx context.Context, origin string) context.Context {
	who := access.Principal{Kind: access.User, ID: p.Who.User, Delegate: p.Who.Delegate, Scope: p.Who.Scope}
	if p.Who.System {
		who = access.From(access.AsSystem(ctx, origin))
	}
	channel := changelog.Job
	if p.Ref.Table == imports {
		channel = changelog.Import
	}
	return changelog.WithSource(changelog.WithOrigin(access.With(ctx, who), origin), changelog.Source{Channel: channel})
}

// Own locks an operation of which the context's principal may ask something.
func (k *Keeper) Own(ctx context.Context, tx *record.Tx, ref Ref) (record.Row, error) {
	row, err := tx.Demand(ctx, ref.Table, ref.ID, access.Read)
	if err != nil {
		return nil, err
	}
	if p := access.From(ctx); p.Kind != access.System && row.ID("ownerid") != p.ID {
		return tx.Demand(ctx, ref.Table, ref.ID, access.Write)
	}
	return row, nil
}

// Set changes an operation's row, as the platform. A version other than 0 must
// be the one that the row has.
func (k *Keeper) Set(ctx context.Context, tx *record.Tx, ref Ref, version int64, change record.Row) (record.Row, error) {
	return tx.Update(access.Elevate(ctx, "transfer"), ref.Table, ref.ID, change, record.Match{Version: version})
}

// Enqueue has an operation worked on in the name of who asks.
func (k *Keeper) Enqueue(ctx context.Context, tx *record.Tx, ref Ref, kind string) error {
	_, err := k.Queue.Enqueue(tx.SQL(), job.Spec{Kind: kind, Key: ref.ID.String(), Payload: Payload{ref, Asker(ctx)}})
	return err
}

// Pause has an operation rest after the part that is at work.
func (k *Keeper) Pause(ctx context.Context, tx *record.Tx, ref Ref) error {
	row, err := k.Own(ctx, tx, ref)
	if err != nil {
		return err
	}
	if st := row.Int("rpt_status"); st != Waiting && st != Running {
		return ErrEnded
	}
	_, err = k.Set(ctx, tx, ref, 0, record.Row{"rpt_wish": WishPause})
	return err
}

// Resume has an operation that rests or has failed go on where it stopped.
func (k *Keeper) Resume(ctx context.Context, tx *record.Tx, ref Ref, kind string) error {
	row, err := k.Own(ctx, tx, ref)
	if err != nil {
		return err
	}
	switch row.Int("rpt_status") {
	case Waiting, Running: // the wish to pause is taken back
		_, err = k.Set(ctx, tx, ref, 0, record.Row{"rpt_wish": WishNone})
		return err
	case Paused, Failed:
		if row.Int("rpt_first") == 0 && row["rpt_startedon"] == nil {
			return errs.New(errs.Conflict, "operation.not_begun", "this has not begun: start it")
		}
		if _, err := k.Set(ctx, tx, ref, 0, record.Row{"rpt_status": Waiting, "rpt_wish": WishNone, "rpt_error": nil, "rpt_finishedon": nil}); err != nil {
			return err
		}
		return k.Enqueue(ctx, tx, ref, kind)
	}
	return ErrEnded
}

// Cancel ends an operation after the part that is at work. What has been done
// stays, and can be undone.
func (k *Keeper) Cancel(ctx context.Context, tx *record.Tx, ref Ref) error {
	row, err := k.Own(ctx, tx, ref)
	if err != nil {
		return err
	}
	switch row.Int("rpt_status") {
	case Waiting, Running:
		_, err = k.Set(ctx, tx, ref, 0, record.Row{"rpt_wish": WishCancel})
	case Draft, Checked, Paused:
		err = k.End(ctx, tx, ref, Cancelled, "")
	default:
		err = ErrEnded
	}
	return err
}

// End notes how an operation ended. Its changes lie below where the change log
// reaches now.
func (k *Keeper) End(ctx context.Context, tx *record.Tx, ref Ref, status int64, why string) error {
	top, err := Position(tx, k.Log)
	if err != nil {
		return err
	}
	_, err = k.Set(ctx, tx, ref, 0, record.Row{"rpt_status": status, "rpt_wish": WishNone, "rpt_last": top, "rpt_error": text(why), "rpt_finishedon": k.Clock.Now()})
	return err
}

func text(s string) any {
	if s == "" {
		return nil
	}
	if r := []rune(s); len(r) > 4000 {
		s = string(r[:4000])
	}
	return s
}

// Heard does what people have asked of an operation between two of its parts.
// ended says that the job is over, and that the transaction has noted it.
func (k *Keeper) Heard(ctx context.Context, tx *record.Tx, ref Ref, j *job.Job) (ended bool, err error) {
	row, err := tx.Get(access.Elevate(ctx, "transfer"), ref.Table, ref.ID, []string{"rpt_status", "rpt_wish"}, nil)
	if errs.Has(err, errs.NotFound) {
		return true, j.Done(tx.SQL()) // somebody has deleted it, and with it the wish
	}
	if err != nil {
		return false, err
	}
	switch row.Int("rpt_wish") {
	case WishPause:
		_, err = k.Set(ctx, tx, ref, 0, record.Row{"rpt_status": Paused, "rpt_wish": WishNone})
	case WishCancel:
		err = k.End(ctx, tx, ref, Cancelled, "")
	default:
		if row.Int("rpt_status") == Waiting {
			_, err = k.Set(ctx, tx, ref, 0, record.Row{"rpt_status": Running, "rpt_startedon": k.Clock.Now()})
		}
		return false, err
	}
	if err != nil {
		return false, err
	}
	return true, j.Done(tx.SQL())
}

// Dead notes that a job was given up.
func (k *Keeper) Dead(ctx context.Context, tx *sqldb.Tx, j *job.Job, reason error) error {
	var p Payload
	if json.Unmarshal(j.Payload, &p) != nil {
		return nil
	}
	err := k.End(access.AsSystem(ctx, "transfer"), k.Store.Bind(tx), p.Ref, Failed, Why(reason))
	if errs.Has(err, errs.NotFound) {
		return nil
	}
	return err
}

// Undo has everything that an operation did taken back.
func (k *Keeper) Undo(ctx context.Context, tx *record.Tx, ref Ref) error {
	row, err := k.Own(ctx, tx, ref)
	if err != nil {
		return err
	}
	status := row.Int("rpt_status")
	if status == Waiting || status == Running || status == Undoing {
		return ErrBusy
	}
	if !slices.Contains([]int64{Done, Failed, Cancelled, Paused}, status) || row["rpt_first"] == nil {
		return errs.New(errs.Conflict, "operation.nothing_done", "nothing was changed that could be taken back")
	}
	change := record.Row{"rpt_status": Undoing, "rpt_wish": WishNone, "rpt_error": nil, "rpt_finishedon": nil}
	if row["rpt_undone"] == nil {
		change["rpt_undone"], change["rpt_kept"] = int64(0), int64(0)
	}
	if status == Paused { // it may go on no more, and has no end yet
		top, err := Position(tx, k.Log)
		if err != nil {
			return err
		}
		change["rpt_last"] = top
	}
	if _, err := k.Set(ctx, tx, ref, 0, change); err != nil {
		return err
	}
	return k.Enqueue(ctx, tx, ref, UndoKind)
}
