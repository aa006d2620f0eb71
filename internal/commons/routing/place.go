package routing

import (
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// Place is where a record belongs, as its columns say.
type Place struct{ Country, City, Postal string }

// The forms of a postal pattern.
const (
	exact  = byte('=')
	prefix = byte('*')
	span   = byte('-')
)

// Pattern is a set of postal codes: one code, those that begin alike, or those
// whose beginning lies between two bounds, both among them.
type Pattern struct {
	form   byte
	lo, hi string // hi of a range only, as long as lo
}

// maxCode bounds a postal code, without spaces and hyphens.
const maxCode = 16

// code gives a postal code as it is compared: capital letters and digits only.
func code(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		}
		return -1
	}, s)
}

// ParsePattern reads a postal pattern: "10115", "10*", "10115-10999" or
// "10115..10999". A hyphen makes a range where both sides are equally long, and
// belongs to the code where they are not, as in 00-001 or 01310-100.
func ParsePattern(text string) (Pattern, error) {
	bad := func(why string) (Pattern, error) {
		return Pattern{}, errs.New(errs.Invalid, "routing.postal", "%q is no postal code, beginning or range: %s", clip(text, 40), why)
	}
	t := strings.TrimSpace(text)
	if head, ok := strings.CutSuffix(t, "*"); ok {
		c := code(head)
		if c == "" || strings.ContainsRune(head, '*') {
			return bad("letters or digits stand before the asterisk")
		}
		if len(c) > maxCode {
			return bad("it is too long")
		}
		return Pattern{form: prefix, lo: c}, nil
	}
	for _, between := range []string{"..", "–", "-"} {
		a, b, ok := strings.Cut(t, between)
		if !ok {
			continue
		}
		lo, hi := code(a), code(b)
		if between == "-" && len(lo) != len(hi) {
			break // a hyphen within one code
		}
		if lo == "" || len(lo) != len(hi) {
			return bad("both ends of a range are equally long")
		}
		if len(lo) > maxCode {
			return bad("it is too long")
		}
		if lo > hi {
			return bad("the range ends before it begins")
		}
		return Pattern{form: span, lo: lo, hi: hi}, nil
	}
	c := code(t)
	if c == "" || strings.ContainsRune(t, '*') {
		return bad("letters and digits are expected")
	}
	if len(c) > maxCode {
		return bad("it is too long")
	}
	return Pattern{form: exact, lo: c}, nil
}

// Holds tells whether a code, as code gives it, belongs to the set.
func (p Pattern) Holds(c string) bool {
	switch p.form {
	case exact:
		return c == p.lo
	case prefix:
		return strings.HasPrefix(c, p.lo)
	}
	return len(c) >= len(p.lo) && c[:len(p.lo)] >= p.lo && c[:len(p.lo)] <= p.hi
}

// covers tells whether every code of q belongs to p.
func (p Pattern) covers(q Pattern) bool {
	if q.form == exact {
		return p.Holds(q.lo)
	}
	top := q.hi
	if q.form == prefix {
		top = q.lo
	}
	switch p.form {
	case prefix:
		return strings.HasPrefix(q.lo, p.lo) && strings.HasPrefix(top, p.lo)
	case span:
		n := len(p.lo)
		return len(q.lo) >= n && q.lo[:n] >= p.lo && top[:n] <= p.hi
	}
	return false
}

// width is the share of all codes that a pattern takes, each place being one of
// 36 letters and digits: by it the narrower of two patterns is told.
func (p Pattern) width() float64 {
	unit := 1.0
	for range len(p.lo) {
		unit /= 36
	}
	switch p.form {
	case exact:
		return 0
	case prefix:
		return unit
	}
	w, at := unit, 1.0
	for i := range len(p.lo) {
		at /= 36
		w += float64(digit(p.hi[i])-digit(p.lo[i])) * at
	}
	return w
}

func digit(b byte) int {
	if b >= 'A' {
		return int(b-'A') + 10
	}
	return int(b - '0')
}

// String gives the pattern as people write it.
func (p Pattern) String() string {
	switch p.form {
	case prefix:
		return p.lo + "*"
	case span:
		return p.lo + "-" + p.hi
	}
	return p.lo
}

// list splits a text at commas, semicolons and line ends, and leaves out what is empty.
func list(text string) (out []string) {
	for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ',' || r == ';' || r == '\n' || r == '\r' }) {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "…"
	}
	return s
}
