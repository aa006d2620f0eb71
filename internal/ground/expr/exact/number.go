package exact

import (
	"math/big"
	"regexp"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

func errValue(format string, args ...any) error {
	return errs.New(errs.Invalid, "formula.value", format, args...)
}

var plain = regexp.MustCompile(`^-?[0-9]{1,20}(?:\.[0-9]{1,12})?$`)

// Parse reads a number as 250000 or -1.5; false where it is none.
func Parse(text string) (*big.Rat, bool) {
	if !plain.MatchString(text) {
		return nil, false
	}
	return new(big.Rat).SetString(text)
}

// Round gives the number with so many digits behind the point; a half goes away
// from zero.
func Round(v *big.Rat, digits int) *big.Rat {
	scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil)
	num := new(big.Int).Mul(new(big.Int).Abs(v.Num()), scale)
	// (2·num + denom) / (2·denom), cut off, is num/denom rounded.
	num.Lsh(num, 1).Add(num, v.Denom())
	num.Quo(num, new(big.Int).Lsh(v.Denom(), 1))
	if v.Sign() < 0 {
		num.Neg(num)
	}
	return new(big.Rat).SetFrac(num, scale)
}

// Text writes a number with so many digits behind the point, rounded.
func Text(v *big.Rat, digits int) string { return Round(v, digits).FloatString(digits) }
