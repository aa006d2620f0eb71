package privacy

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// wholeAt tells whether what stands at text[from:to] is an e-mail address as a
// whole, and no part of a longer one: hanna@x.com does not hold anna@x.com, nor
// does anna@x.com.au. What stands before and behind it may be written as JSON or
// an address of the web writes it.
func wholeAt(text string, from, to int) bool {
	return !goesOnBefore(text[:from]) && !goesOnBehind(text[to:])
}

// goesOnBefore tells whether an address that seems to begin behind a text begins
// in it. Signs such as = or / could stand in an address and hardly do.
func goesOnBefore(text string) bool {
	n := len(text)
	switch {
	case n >= 6 && text[n-6] == '\\' && text[n-5] == 'u', // \u003c
		n >= 2 && text[n-2] == '\\' && strings.IndexByte("nrtbf", text[n-1]) >= 0, // \n
		n >= 3 && text[n-3] == '%' && hexDigits(text[n-2:]):                       // %3A
		return false
	}
	last, size := utf8.DecodeLastRuneInString(text)
	if strings.ContainsRune("._-+", last) { // they join words, and begin none
		last, _ = utf8.DecodeLastRuneInString(text[:n-size])
	}
	return letter(last)
}

// goesOnBehind tells whether an address that seems to end before a text ends in it.
func goesOnBehind(text string) bool {
	first, size := utf8.DecodeRuneInString(text)
	next, _ := utf8.DecodeRuneInString(text[size:])
	switch first {
	case '.':
		return letter(next)
	case '-': // of a longer domain, which has a point somewhere
		label := strings.TrimLeftFunc(text, func(r rune) bool { return r == '-' || letter(r) })
		first, size = utf8.DecodeRuneInString(label)
		next, _ = utf8.DecodeRuneInString(label[size:])
		return first == '.' && unicode.IsLetter(next)
	}
	return letter(first)
}

func letter(r rune) bool { return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) }

func hexDigits(s string) bool {
	return strings.Trim(s, "0123456789abcdefABCDEF") == ""
}

// eachWhole gives the places of an address, in small letters, in a text in small letters.
func eachWhole(text, address string, see func(from int) (more bool)) {
	for from := 0; ; {
		i := strings.Index(text[from:], address)
		if i < 0 {
			return
		}
		from += i
		if wholeAt(text, from, from+len(address)) && !see(from) {
			return
		}
		from++
	}
}

// holds tells whether a text holds an address of the person.
func (n *needles) holds(text string) (found bool) {
	text = strings.ToLower(text)
	for _, v := range n.written {
		eachWhole(text, v, func(int) bool { found = true; return false })
		if found {
			return true
		}
	}
	return false
}

// named tells whether something that the database has found to hold one of the
// texts names the person: it finds addresses within longer ones, too.
func (n *needles) named(text string) bool {
	return n.holds(text) || hasAny(strings.ToLower(text), n.visitors)
}

func hasAny(text string, list []string) bool {
	for _, v := range list {
		if strings.Contains(text, v) {
			return true
		}
	}
	return false
}
