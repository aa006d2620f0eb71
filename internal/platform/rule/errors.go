package rule

import (
	"errors"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// Codes of this package: "rule.invalid" (a rule that can't be used; Fields say why).

// message gives what people may read of an error.
func message(err error) string {
	var e *errs.Error
	if errors.As(err, &e) {
		return e.Message
	}
	return "this can't be used"
}
