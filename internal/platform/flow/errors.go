package flow

import (
	"errors"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// The errors that callers tell apart by errors.Is.
var (
	// ErrInactive means that no active flow has the name. It is of kind
	// Unavailable: whoever starts flows waits until there is one.
	ErrInactive = errs.New(errs.Unavailable, "flow.inactive", "no active flow has this name")
	// ErrNotFailed means that only failed runs can be resumed.
	ErrNotFailed = errs.New(errs.Conflict, "flow.not_failed", "only a failed run can be resumed")
	// ErrEnded means that the run has ended already.
	ErrEnded = errs.New(errs.Conflict, "flow.ended", "the run has ended already")
	// ErrNoRun means that there is no such run.
	ErrNoRun = errs.New(errs.NotFound, "flow.no_run", "there is no such run")
)

// Further codes: flow.invalid (a definition, Fields say where), flow.input (the
// input of a run), flow.step (a step can't be done as it stands), flow.limit.

// Failure is an error as the history keeps it: nothing in it repeats values.
type Failure struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// failureOf gives what may be shown of an error.
func failureOf(err error) *Failure {
	var e *errs.Error
	if !errors.As(err, &e) {
		return &Failure{"internal", "the step failed unexpectedly"}
	}
	parts := []string{e.Message}
	for _, f := range e.Fields {
		parts = append(parts, f.Name+": "+f.Message)
	}
	return &Failure{e.Code, strings.Join(parts, "; ")}
}
