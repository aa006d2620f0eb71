package exchange

import (
	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// What callers may see.
var (
	// ErrSignature means that an event is not signed, wrongly, or not just now.
	ErrSignature = errs.New(errs.Unauthenticated, "exchange.signature", "the signature is missing, wrong, or not of the last five minutes")
	// ErrBody means that what came is no JSON.
	ErrBody = errs.New(errs.Invalid, "exchange.body", "the body is no event and no list of events")
	// ErrFull means that too many events of the counterpart wait for a person.
	ErrFull = errs.New(errs.TooMany, "exchange.full", "too many events lie in quarantine: nothing more of this kind is taken until somebody looks at them")
	// ErrDisabled means that nothing is exchanged with the counterpart at the moment.
	ErrDisabled = errs.New(errs.Conflict, "exchange.disabled", "the counterpart is disabled, has no address, or its mapping can't be used")
	// ErrState means that something is not in the state that was asked about.
	ErrState = errs.New(errs.Conflict, "exchange.state", "this has been settled meanwhile")
	// ErrBusy means that the two sides are still on their way to each other.
	ErrBusy = errs.New(errs.Conflict, "exchange.busy", "changes are still on their way: try again in a moment")
	// ErrClosed means that the exchange of a case has ended.
	ErrClosed = errs.New(errs.Conflict, "exchange.closed", "the exchange of this case has ended")
)

// nonsense is an event, or an answer, that can't be right.
func nonsense(format string, args ...any) error {
	return errs.New(errs.Invalid, "exchange.nonsense", format, args...)
}

func badMapping(field, format string, args ...any) error {
	return errs.InvalidFields("exchange.mapping", "the mapping can't be used as it stands", []errs.Field{{Name: "rpt_mapping." + field, Code: "invalid", Message: errs.New(errs.Invalid, "exchange.mapping", format, args...).Message}})
}
