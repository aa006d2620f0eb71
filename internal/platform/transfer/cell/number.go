package cell

import (
	"regexp"
	"strings"
)

var (
	plainNumber   = regexp.MustCompile(`^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$`)
	groupedNumber = regexp.MustCompile(`^[+-]?\d{1,3}(,\d{2,3})*,\d{3}(\.\d*)?$`)
	spaces        = strings.NewReplacer(" ", "", "\u00a0", "", "\u202f", "", "'", "", "’", "")
	swapped       = strings.NewReplacer(".", ",", ",", ".")
)

// Number gives a number as plain decimal text with a point. sign is the decimal
// sign, "." or ","; "" is ".". Groups of digits may be parted by the other sign,
// by spaces and apostrophes; a currency sign or a percent sign may stand at
// either end, and brackets mean minus. Groups that are none ("1,5" where the
// point is the decimal sign) are refused rather than guessed at.
func Number(v, sign string) (string, bool) {
	if digits(v) {
		return v, true
	}
	v = strings.Trim(spaces.Replace(v), "€$£¥%")
	if inner, ok := strings.CutPrefix(v, "("); ok && strings.HasSuffix(inner, ")") {
		v = "-" + strings.Trim(strings.TrimSuffix(inner, ")"), "€$£¥%")
	}
	if minus, ok := strings.CutPrefix(v, "-"); ok { // -€5
		v = "-" + strings.TrimLeft(minus, "€$£¥")
	}
	if sign == "," {
		v = swapped.Replace(v)
	}
	if groupedNumber.MatchString(v) {
		v = strings.ReplaceAll(v, ",", "")
	}
	return v, plainNumber.MatchString(v)
}

// Stored tells whether a text is a number as workbooks keep it, whatever the
// country: with a point, and without groups.
func Stored(v string) bool { return plainNumber.MatchString(v) }

// digits tells whether a text is nothing but digits, as most numbers of a file are.
func digits(v string) bool {
	for i := range len(v) {
		if v[i] < '0' || v[i] > '9' {
			return false
		}
	}
	return v != ""
}
