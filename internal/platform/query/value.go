package query

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// Kind says how a column's values are stored and compared. The canonical Go
// value of each kind stands beside it; nil is null in every kind.
type Kind uint8

// The kinds.
const (
	Text  Kind = iota // string
	Memo              // string; not sortable
	Int               // int64; whole numbers and choices
	Bool              // bool
	ID                // id.ID; keys and lookups
	Time              // time.Time in UTC, to the microsecond
	Day               // Date
	Fixed             // Number; money (scale 4) and decimals (scale of the column)
	JSON              // json.RawMessage; neither filtered nor sorted
	Float             // float64; never NaN or infinite, and nought has no sign
	Set               // SetValue; several options of a choice, tested by HasAny and HasAll; not sorted
)

// Date is a calendar day, "2006-01-02", which sorts as it reads.
type Date string

// ParseDate reads a calendar day.
func ParseDate(s string) (Date, error) {
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		return "", errs.New(errs.Invalid, "value.date", "a date looks like 2006-01-02")
	}
	return Date(s), nil
}

// Number is a fixed-point decimal: Units × 10^-Scale. It is exact; its range
// is that of 64 bits, ±9.2e18 units, so ±922 trillion at money's scale of 4.
type Number struct {
	Units int64
	Scale uint8
}

// String gives the shortest decimal form without an exponent.
func (n Number) String() string {
	u, neg := n.Units, n.Units < 0
	digits := strconv.FormatUint(uint64(u), 10)
	if neg {
		digits = strconv.FormatUint(-uint64(u), 10)
	}
	if s := int(n.Scale); s > 0 {
		if len(digits) <= s {
			digits = strings.Repeat("0", s-len(digits)+1) + digits
		}
		cut := len(digits) - s
		frac := strings.TrimRight(digits[cut:], "0")
		digits = digits[:cut]
		if frac != "" {
			digits += "." + frac
		}
	}
	if neg && digits != "0" {
		return "-" + digits
	}
	return digits
}

// MarshalJSON writes the number as a JSON number.
func (n Number) MarshalJSON() ([]byte, error) { return []byte(n.String()), nil }

// Float gives the nearest float64, for expressions and models.
func (n Number) Float() float64 {
	f, _ := strconv.ParseFloat(n.String(), 64)
	return f
}

// ParseNumber reads a decimal at a scale. Digits beyond the scale are rounded
// half away from zero; an exponent is allowed; out of range is an error.
func ParseNumber(s string, scale uint8) (Number, error) {
	bad := errs.New(errs.Invalid, "value.number", "this is not a number in the allowed range")
	mantissa, exp := s, 0
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		e, err := strconv.Atoi(s[i+1:])
		if err != nil || e > 40 || e < -40 {
			return Number{}, bad
		}
		mantissa, exp = s[:i], e
	}
	neg := strings.HasPrefix(mantissa, "-")
	mantissa = strings.TrimPrefix(strings.TrimPrefix(mantissa, "-"), "+")
	whole, frac, _ := strings.Cut(mantissa, ".")
	if whole == "" && frac == "" || len(whole)+len(frac) > 60 {
		return Number{}, bad
	}
	digits := whole + frac
	for _, c := range digits {
		if c < '0' || c > '9' {
			return Number{}, bad
		}
	}
	// The decimal point stands after `point` digits once scaled.
	point := len(whole) + exp + int(scale)
	round := false
	switch {
	case point < 0:
		digits = "0"
	case point < len(digits):
		round = digits[point] >= '5'
		digits = digits[:point]
	default:
		digits += strings.Repeat("0", point-len(digits))
	}
	digits = strings.TrimLeft(digits, "0")
	if digits == "" {
		digits = "0"
	}
	u, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || u == 1<<63-1 {
		return Number{}, bad
	}
	if round {
		u++
	}
	if neg {
		u = -u
	}
	return Number{Units: u, Scale: scale}, nil
}

// Fold gives the form of a text by which it is compared, sorted and searched:
// Unicode NFKC and full case folding. It is computed here, in Go, so that both
// databases compare alike.
func Fold(s string) string {
	if isPlain(s) {
		return strings.ToLower(s)
	}
	return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(s)))
}

// FoldEqual tells whether two texts have the same form.
func FoldEqual(a, b string) bool {
	if isPlain(a) && isPlain(b) {
		return strings.EqualFold(a, b)
	}
	return Fold(a) == Fold(b)
}

func isPlain(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// RawJSON gives v as canonical JSON value of kind JSON.
func RawJSON(v any) (json.RawMessage, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, errs.Wrap(err, errs.Invalid, "value.json", "this value has no JSON form")
	}
	return b, nil
}
