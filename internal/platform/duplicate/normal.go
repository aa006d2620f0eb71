package duplicate

import (
	"slices"
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"

	"github.com/rapport-platform/rapport/internal/platform/query"
)

// normalMost is how many characters of a text are looked at: more than any name,
// number or address has.
const normalMost = 500

func clip(s string) string {
	if r := []rune(s); len(r) > normalMost {
		return string(r[:normalMost])
	}
	return s
}

// email gives an address as mail servers take it: small letters, the domain in
// ASCII. Dots and tags of the local part stay, as joining two people is worse
// than asking one twice.
func email(s string) string {
	s = strings.TrimPrefix(strings.ToLower(strings.TrimSpace(clip(s))), "mailto:")
	local, domain, ok := strings.Cut(s, "@")
	if !ok {
		return query.Fold(s)
	}
	domain = strings.TrimSuffix(domain, ".")
	if ascii, err := idna.Lookup.ToASCII(domain); err == nil {
		domain = ascii
	}
	if domain == "googlemail.com" {
		domain = "gmail.com"
	}
	return query.Fold(local) + "@" + domain
}

// phone gives the digits of a number within its country, so that the forms with
// and without the country's code are the same.
func phone(s string) string {
	s = strings.TrimSpace(clip(s))
	if strings.HasPrefix(s, "00") {
		s = "+" + s[2:]
	}
	if strings.HasPrefix(s, "+") {
		s = strings.Replace(s, "(0)", "", 1)
		if n, err := phonenumbers.Parse(s, ""); err == nil {
			return phonenumbers.GetNationalSignificantNumber(n)
		}
	}
	return strings.TrimLeft(strings.Map(digit, s), "0")
}

// digit leaves digits, and drops all else.
func digit(r rune) rune {
	if r >= '0' && r <= '9' {
		return r
	}
	return -1
}

// plain gives the words of a text in small letters without accents and signs.
func plain(s string) []string {
	s = norm.NFD.String(query.Fold(clip(s)))
	var out strings.Builder
	for _, r := range s {
		switch {
		case unicode.Is(unicode.Mn, r):
		case unicode.IsLetter(r), unicode.IsDigit(r):
			out.WriteRune(r)
		case r == '\'' || r == '’':
		default:
			out.WriteByte(' ')
		}
	}
	return strings.Fields(out.String())
}

// short are the words of addresses that people shorten.
func short() map[string]string {
	return map[string]string{"str": "strasse", "st": "street", "rd": "road", "ave": "avenue", "av": "avenue", "blvd": "boulevard", "dr": "drive", "ln": "lane", "sq": "square", "pl": "platz",
		"ct": "court", "hwy": "highway", "apt": "apartment", "ste": "suite", "n": "north", "s": "south", "e": "east", "w": "west", "saint": "street", "sankt": "street", "weg": "weg"}
}

// address gives the words of an address in full, and house numbers in one piece.
func address(s string) string {
	words := plain(s)
	full := short()
	var out []string
	for _, w := range words {
		if long, ok := full[w]; ok {
			w = long
		} else if strings.HasSuffix(w, "str") && len(w) > 4 {
			w += "asse"
		}
		// 12 a is 12a, and Haupt Strasse is Hauptstrasse.
		if n := len(out); n > 0 && (len(w) == 1 && w[0] >= 'a' && isNumber(out[n-1]) || w == "strasse" && !isNumber(out[n-1])) {
			out[n-1] += w
			continue
		}
		out = append(out, w)
	}
	return strings.Join(out, " ")
}

func isNumber(s string) bool { return s[0] >= '0' && s[0] <= '9' }

// nameOf gives the words of a name in the order of the alphabet.
func nameOf(s string) []string {
	words := plain(s)
	slices.Sort(words)
	return words
}

// sound gives the phonetic key of a name: that of each word, in their order.
// Digits are a part of it: Werk 2 and Werk 3, Unit12 and Unit13 are not alike.
func sound(s string) string {
	var out []string
	for _, w := range plain(s) {
		code := cologne(w)
		if code == "" {
			code = w // of another script
		} else if digits := strings.Map(digit, w); digits != "" {
			code += "#" + digits
		}
		out = append(out, code)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// alikeLeast is the share of letters that must be the same in names that sound alike.
const alikeLeast = 0.6

// alike tells whether two names that sound alike are written alike.
func alike(a, b string) bool {
	x, y := []rune(strings.Join(nameOf(a), " ")), []rune(strings.Join(nameOf(b), " "))
	longest := max(len(x), len(y))
	return longest == 0 || 1-float64(distance(x, y))/float64(longest) >= alikeLeast
}

// distance counts the letters to be changed, added, left out or swapped with
// their neighbour to make one word of the other.
func distance(a, b []rune) int {
	before, last, now := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		now[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			now[j] = min(last[j]+1, now[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				now[j] = min(now[j], before[j-2]+1)
			}
		}
		before, last, now = last, now, before
	}
	return last[len(b)]
}
