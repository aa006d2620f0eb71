package cell

import "strings"

// formulas are the characters by which spreadsheets know a formula.
const formulas = "=+-@\t\r"

// Guard gives a text so that no spreadsheet takes it for a formula: with an
// apostrophe before it where it begins like one, or like one that is guarded. It
// is for texts only; numbers are written as they are.
func Guard(v string) string {
	if formula(v) {
		return "'" + v
	}
	return v
}

// formula tells whether a text begins like a formula, with or without apostrophes before it.
func formula(v string) bool {
	v = strings.TrimLeft(v, "'")
	return v != "" && strings.ContainsRune(formulas, rune(v[0]))
}

// Unguard takes back what Guard did.
func Unguard(v string) string {
	if strings.HasPrefix(v, "'") && formula(v) {
		return v[1:]
	}
	return v
}
