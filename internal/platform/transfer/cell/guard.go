package cell

import "strings"

// formulas are the characters by which spreadsheets know a formula.
const formulas = "=+-@\t\r"

// Guard gives a text so that no spreadsheet takes it for a formula: with an
// apostrophe before it where it begins like one. It is for texts only; numbers
// are written as they are.
func Guard(v string) string {
	if v != "" && strings.ContainsRune(formulas, rune(v[0])) {
		return "'" + v
	}
	return v
}

// Unguard takes back what Guard did.
func Unguard(v string) string {
	if len(v) > 1 && v[0] == '\'' && strings.ContainsRune(formulas, rune(v[1])) {
		return v[1:]
	}
	return v
}
