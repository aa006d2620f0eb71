package businessrule

import "github.com/rapport-platform/rapport/internal/ground/errs"

// CodeRefused is the code of a write that a rule refuses; on the wire it is
// Dataverse's 0x80040265.
const CodeRefused = "businessrule.refused"

func invalid(format string, args ...any) error {
	return errs.New(errs.Invalid, "businessrule.definition", format, args...)
}
