package query

import (
	"strings"
	"unicode/utf8"
)

// maxPattern bounds a pattern, and with it the work that matching takes.
const maxPattern = 4000

// piece is a part of a pattern: any text, one character, a set, or a literal one.
type piece struct {
	any     bool // %
	one     bool // _
	set     []span
	outside bool // [^…]
	char    rune
}

// span is a range of characters, both ends included.
type span struct{ from, to rune }

// parsePattern reads a pattern of Like. A bracket that is not closed is a
// literal one.
func parsePattern(s string) ([]piece, error) {
	if len(s) > maxPattern {
		return nil, invalid("pattern", "a pattern may be at most %d bytes long", maxPattern)
	}
	var out []piece
	runes := []rune(s)
	for i := 0; i < len(runes); i++ {
		switch c := runes[i]; c {
		case '%':
			if len(out) == 0 || !out[len(out)-1].any {
				out = append(out, piece{any: true})
			}
		case '_':
			out = append(out, piece{one: true})
		case '[':
			p, next, ok := parseSet(runes, i+1)
			if !ok {
				out = append(out, piece{char: c})
				continue
			}
			out = append(out, p)
			i = next
		default:
			out = append(out, piece{char: c})
		}
	}
	return out, nil
}

func parseSet(runes []rune, i int) (p piece, end int, ok bool) {
	if i < len(runes) && runes[i] == '^' {
		p.outside = true
		i++
	}
	for first := true; i < len(runes); first = false {
		c := runes[i]
		if c == ']' && !first {
			return p, i, true
		}
		if i+2 < len(runes) && runes[i+1] == '-' && runes[i+2] != ']' {
			p.set = append(p.set, span{min(c, runes[i+2]), max(c, runes[i+2])})
			i += 3
			continue
		}
		p.set = append(p.set, span{c, c})
		i++
	}
	return p, 0, false
}

func (p piece) matches(c rune) bool {
	switch {
	case p.one:
		return true
	case p.set == nil:
		return p.char == c
	}
	for _, s := range p.set {
		if s.from <= c && c <= s.to {
			return !p.outside
		}
	}
	return p.outside
}

// matchPattern tests a text. On a mismatch it goes back to the last % only,
// which suffices and keeps the work to pattern × text.
func matchPattern(pattern []piece, text string) bool {
	runes := []rune(text)
	p, t, star, mark := 0, 0, -1, 0
	for t < len(runes) {
		switch {
		case p < len(pattern) && pattern[p].any:
			star, mark = p, t
			p++
		case p < len(pattern) && pattern[p].matches(runes[t]):
			p++
			t++
		case star >= 0:
			mark++
			p, t = star+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p].any {
		p++
	}
	return p == len(pattern)
}

// glob writes the pattern for SQLite's GLOB.
func glob(pattern []piece) string {
	var b strings.Builder
	for _, p := range pattern {
		switch {
		case p.any:
			b.WriteByte('*')
		case p.one:
			b.WriteByte('?')
		case p.set != nil:
			writeSet(&b, p, func(r rune) string { return string(r) })
		case strings.ContainsRune("*?[", p.char):
			b.WriteString("[" + string(p.char) + "]")
		default:
			b.WriteRune(p.char)
		}
	}
	return b.String()
}

// writeSet writes a set in brackets. In a glob a closing bracket is literal only
// at the start and a minus only at an end; in a regular expression both can be escaped.
func writeSet(b *strings.Builder, p piece, quote func(rune) string) {
	b.WriteByte('[')
	if p.outside {
		b.WriteByte('^')
	}
	last := ""
	for _, s := range p.set {
		switch {
		case s.from == s.to && s.from == '-':
			last = quote('-')
		case s.from == s.to:
			b.WriteString(quote(s.from))
		default:
			b.WriteString(quote(s.from) + "-" + quote(s.to))
		}
	}
	b.WriteString(last + "]")
}

// expression writes the pattern as a regular expression of PostgreSQL.
func expression(pattern []piece) string {
	var b strings.Builder
	b.WriteString("^")
	for _, p := range pattern {
		switch {
		case p.any:
			b.WriteString(".*")
		case p.one:
			b.WriteString(".")
		case p.set != nil:
			writeSet(&b, p, func(r rune) string {
				if strings.ContainsRune(`\]-^[`, r) {
					return `\` + string(r)
				}
				return string(r)
			})
		case p.char < utf8.RuneSelf && strings.ContainsRune(`\.+*?()[]{}|^$`, p.char):
			b.WriteString(`\` + string(p.char))
		default:
			b.WriteRune(p.char)
		}
	}
	b.WriteString("$")
	return b.String()
}

// like writes the pattern for PostgreSQL's LIKE; a set is beyond it.
func like(pattern []piece) (string, bool) {
	var b strings.Builder
	for _, p := range pattern {
		switch {
		case p.any:
			b.WriteByte('%')
		case p.one:
			b.WriteByte('_')
		case p.set != nil:
			return "", false
		case strings.ContainsRune(`%_\`, p.char):
			b.WriteString(`\` + string(p.char))
		default:
			b.WriteRune(p.char)
		}
	}
	return b.String(), true
}

// Wild tells whether a text holds a wildcard of Like.
func Wild(s string) bool { return strings.ContainsAny(s, "%_[") }
