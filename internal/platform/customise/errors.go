package customise

import "github.com/rapport-platform/rapport/internal/ground/errs"

var (
	// errChanged means that another change came in between: begin again.
	errChanged = errs.New(errs.Unavailable, "customise.changed", "the data model has just been changed by another; try again")
	// ErrHiding means that what is asked for is still on its way out.
	errHiding = &errs.Error{Kind: errs.Unavailable, Code: "customise.hiding", Message: "what had this name is still being removed; try again in a few seconds", RetryAfter: Grace}
)

func invalid(code, format string, args ...any) error {
	return errs.New(errs.Invalid, "customise."+code, format, args...)
}
