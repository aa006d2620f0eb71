package decision

import (
	"errors"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// What callers may see.
var (
	// ErrNotInForce means that no version decides on such records today.
	ErrNotInForce = errs.New(errs.Conflict, "decision.not_in_force", "no version of this decision set is in force today")
	// ErrNothingBefore means that there is no version to go back to.
	ErrNothingBefore = errs.New(errs.Conflict, "decision.nothing_before", "no version was in force before this one")
	// ErrDraftOnly means that a version is no draft any more.
	ErrDraftOnly = errs.New(errs.Conflict, "decision.not_a_draft", "only a draft can be changed: copy this version and change the copy")
	// ErrSuperseded means that a newer decision, or newer inputs, stand in its place.
	ErrSuperseded = errs.New(errs.Conflict, "decision.superseded", "this decision is no longer the current one: decide again")
	// ErrSamePerson means that who asked for an override also wants to settle it.
	ErrSamePerson = errs.New(errs.Forbidden, "decision.same_person", "an override is settled by a second person, never by the one who asked for it")
	// ErrGuarded means that a record was not decided in its favour.
	ErrGuarded = errs.New(errs.Conflict, "decision.guarded", "this needs a decision in favour of the record, or one that two people have overridden")
	// ErrMoving means that the record changed each time that it was decided on.
	ErrMoving = errs.New(errs.Conflict, "decision.moving", "the record changes while it is decided on: try again")
)

// badDefinition carries what is wrong with a definition.
func badDefinition(field, code, format string, args ...any) error {
	return errs.InvalidFields("decision.invalid", "the decision set can't be used as it stands", []errs.Field{{Name: field, Code: code, Message: errs.New(errs.Invalid, code, format, args...).Message}})
}

func asError(err error) *errs.Error {
	var e *errs.Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}
