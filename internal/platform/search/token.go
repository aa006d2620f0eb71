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

// slipsMost is up to how long tokens a slip of the pen is looked for in.
const slipsMost = 24

// slips lists the tokens that one slip of the pen makes of a token: a letter left
// out, put in, replaced, or two neighbours swapped. Short tokens have none: too
// many would be alike. Numbers neither make nor take one: another number is
// another thing.
func slips(t string) []string {
	const signs = "abcdefghijklmnopqrstuvwxyz0123456789"
	if len(t) < 4 || len(t) > slipsMost || strings.HasPrefix(t, "zz") || number(t) {
		return nil
	}
	out := make([]string, 0, (len(signs)+1)*(2*len(t)+1))
	for i := range len(t) + 1 {
		before, after := t[:i], t[i:]
		for _, s := range signs {
			out = append(out, before+string(s)+after)
			if after != "" {
				out = append(out, before+string(s)+after[1:])
			}
		}
		if after != "" {
			out = append(out, before+after[1:])
		}
		if len(after) > 1 {
			out = append(out, before+after[1:2]+after[:1]+after[2:])
		}
	}
	slices.Sort(out)
	return slices.DeleteFunc(slices.Compact(out), func(s string) bool { return s == t || number(s) })
}

func number(t string) bool { return strings.Trim(t, "0123456789") == "" }
