package search

import (
	"encoding/hex"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/rapport-platform/rapport/internal/platform/query"
)

const (
	tokenMost  = 40  // letters of a token; the rest of a longer word is left off
	tokensMost = 400 // different tokens of one record
)

// Words cuts a text into folded words: letters and digits, without accents, in
// lower case. An address such as a.berg@example.com gives its parts.
func Words(text string) []string {
	folded := norm.NFD.String(query.Fold(text))
	var out []string
	var word []rune
	flush := func() {
		if len(word) > 0 {
			out = append(out, string(word[:min(len(word), tokenMost)]))
			word = word[:0]
		}
	}
	for _, r := range folded {
		switch {
		case unicode.Is(unicode.Mn, r):
		case unicode.IsLetter(r) || unicode.IsNumber(r):
			word = append(word, r)
		default:
			flush()
		}
	}
	flush()
	return out
}

// token gives the form in which a word stands in the databases. Words with
// other than plain letters are written as the hexadecimal of their bytes, so
// that no database cuts them in its own way; a beginning stays a beginning.
func token(word string) string {
	for i := range len(word) {
		if c := word[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return "zz" + hex.EncodeToString([]byte(word))
		}
	}
	return word
}

// Tokens gives the tokens of a text, as they stand in a Hit.
func Tokens(text string) []string { return tokensOf(text) }

// tokensOf gives the different tokens of texts, sorted.
func tokensOf(texts ...string) []string {
	var out []string
	for _, t := range texts {
		for _, w := range Words(t) {
			out = append(out, token(w))
		}
	}
	slices.Sort(out)
	out = slices.Compact(out)
	return out[:min(len(out), tokensMost)]
}

// variants gives a token with one sign left out at a time, and itself. Short
// tokens are only themselves: too many would be alike. Numbers have none: another
// number is another thing, no slip of the pen.
func variants(t string) []string {
	if strings.Trim(t, "0123456789") == "" {
		return nil
	}
	out := []string{t}
	if len(t) < 4 || strings.HasPrefix(t, "zz") {
		return out
	}
	for i := range len(t) {
		out = append(out, t[:i]+t[i+1:])
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// near tells whether one slip of the pen turns a into b: a letter left out, put
// in, replaced, or two neighbours swapped.
func near(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 || a == b {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) < len(b) {
		return a[i:] == b[i+1:]
	}
	if a[i+1:] == b[i+1:] {
		return true
	}
	return i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}
