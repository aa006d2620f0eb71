package cell

import "github.com/rapport-platform/rapport/internal/platform/query"

// YesNo reads yes and no in English and German.
func YesNo(v string) (yes, ok bool) {
	switch query.Fold(v) {
	case "true", "yes", "y", "1", "ja", "j", "wahr", "x":
		return true, true
	case "false", "no", "n", "0", "nein", "falsch":
		return false, true
	}
	return false, false
}

// Missing tells the ways in which programs write that there is no value.
func Missing(v string) bool {
	switch v {
	case "", "NULL", "null", "NaN", "nan", "N/A", "n/a", "#N/A", `\N`:
		return true
	}
	return false
}
