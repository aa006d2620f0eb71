package operation

import (
	"errors"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// The statuses, options of rpt_status.
const (
	Draft = int64(iota)
	Waiting
	Running
	Paused
	Checked // a dry run has ended
	Done
	Failed
	Cancelled
	Undoing
	Undone
)

// The wishes, options of rpt_wish.
const (
	WishNone = int64(iota)
	WishPause
	WishCancel
)

// Ref names an operation.
type Ref struct {
	Table string // import or rpt_bulkoperation
	ID    id.ID
}

// Origin is what the changes of the operation carry in the change log.
func (r Ref) Origin() string { return r.Table + " " + r.ID.String() }

// Who is in whose name a job works.
type Who struct {
	User     id.ID        `json:"user"`
	Delegate id.ID        `json:"delegate"`
	Scope    access.Scope `json:"scope,omitempty"`
	System   bool         `json:"system,omitempty"`
}

// ErrEnded means that there is nothing left to ask of the operation.
var ErrEnded = errs.New(errs.Conflict, "operation.ended", "this has ended already")

// ErrBusy means that the operation is at work.
var ErrBusy = errs.New(errs.Conflict, "operation.busy", "this is at work: wait for its end, or cancel it")

// Why gives what people may read of an error.
func Why(err error) string {
	if e, ok := errors.AsType[*errs.Error](err); ok && e.Kind != errs.Internal {
		text := e.Message
		for _, f := range e.Fields {
			text += "; " + f.Name + ": " + f.Message
		}
		return text
	}
	return "something went wrong that the log tells more about"
}

// AboutRow tells whether an error is about the row that was to be written, so
// that the others can go on.
func AboutRow(err error) bool {
	switch errs.KindOf(err) {
	case errs.Invalid, errs.Forbidden, errs.NotFound, errs.Conflict, errs.Precondition, errs.TooLarge, errs.Unsupported:
		return true
	}
	return false
}

// Position gives how far the change log reaches now: what an operation changes
// from here on stands above it.
func Position(tx *record.Tx, log *changelog.Log) (int64, error) { return log.Top(tx.SQL()) }
