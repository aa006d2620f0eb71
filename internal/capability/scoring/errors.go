package scoring

import "github.com/rapport-platform/rapport/internal/ground/errs"

// What callers may see.
var (
	// ErrNoModel means that nothing is in force: rules score, and say so.
	ErrNoModel = errs.New(errs.Conflict, "scoring.no_model", "no model is in force; rules score leads until one is promoted")
	// ErrNotReady means that a version can't be promoted as it is.
	ErrNotReady = errs.New(errs.Conflict, "scoring.not_ready", "only a version that is ready, or was in force before, can be promoted")
	// ErrNothingBefore means that there is no version to go back to.
	ErrNothingBefore = errs.New(errs.Conflict, "scoring.nothing_before", "no version was in force before this one")
	// ErrBusy means that a training of the model is under way.
	ErrBusy = errs.New(errs.Conflict, "scoring.busy", "a training of this model is under way")
	// ErrEnded means that there is nothing left to cancel.
	ErrEnded = errs.New(errs.Conflict, "scoring.ended", "this has ended already")

	errCancelled = errs.New(errs.Conflict, "scoring.cancelled", "cancelled by a person")
)
