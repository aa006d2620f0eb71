package intake

import (
	"strings"
	"unicode"
)

// particles stay small inside a name.
var particles = map[string]bool{"van": true, "von": true, "vom": true, "der": true, "den": true, "de": true, "del": true, "della": true, "di": true,
	"da": true, "do": true, "dos": true, "das": true, "du": true, "des": true, "la": true, "le": true, "ter": true, "ten": true, "te": true, "zu": true,
	"zum": true, "zur": true, "und": true, "y": true, "e": true, "bin": true, "ibn": true, "al": true, "el": true, "am": true, "an": true, "im": true,
	"sur": true, "of": true, "upon": true, "auf": true, "af": true, "av": true}

// proper gives a name its capitals, but only where it has none or nothing else:
// people who wrote capitals of their own knew why. A particle before another
// word stays small, except at the start of a place.
func proper(s string, place bool) string {
	if s != strings.ToUpper(s) && s != strings.ToLower(s) || strings.ToUpper(s) == strings.ToLower(s) {
		return s
	}
	if strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsMark(r) && !strings.ContainsRune(" -–.'’", r)
	}) {
		return s // no name as people have them: it is kept as it came
	}
	words := strings.Split(strings.ToLower(s), " ")
	for i, w := range words {
		last := i == len(words)-1
		if particles[w] && !last && (i > 0 || !place) {
			continue
		}
		words[i] = capitals(w)
	}
	return strings.Join(words, " ")
}

// capitals raises the first letter of a word and of its parts after a hyphen or
// an apostrophe (but not the s of "Bishop's"), and that after "mc".
func capitals(word string) string {
	letters := []rune(word)
	raise := true
	for i, r := range letters {
		if raise && unicode.IsLetter(r) {
			letters[i], raise = unicode.ToTitle(r), false
		}
		switch {
		case r == '-' || r == '–' || r == '.':
			raise = true
		case r == '\'' || r == '’':
			raise = len(letters)-i > 2
		case r == 'c' && i == 1 && letters[0] == 'M' && len(letters) > 4:
			raise = true
		}
	}
	return string(letters)
}
