package odata

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

type tokenKind uint8

const (
	tokEnd    tokenKind = iota
	tokName             // identifier, possibly qualified by dots; also @alias and $it
	tokString           // text without its quotes
	tokValue            // number, date, instant or GUID, as written
	tokPunct            // ( ) [ ] , / : = ;
)

type token struct {
	kind tokenKind
	text string
	pos  int // in bytes
}

// lexer cuts an expression into tokens. Option is the name that errors carry.
type lexer struct {
	option string
	src    string
	pos    int
}

func (l *lexer) fail(pos int, format string, args ...any) *errs.Error {
	e := errs.New(errs.Invalid, "odata.syntax", format, args...)
	return at(e, l.option, l.src, pos)
}

// at says where in which option the trouble is; positions count characters from 1.
func at(e *errs.Error, option, src string, pos int) *errs.Error {
	pos = min(pos, len(src))
	copied := *e
	copied.Message = option + ", position " + itoa(utf8.RuneCountInString(src[:pos])+1) + ": " + e.Message
	return &copied
}

func (l *lexer) next() (token, error) {
	for l.pos < len(l.src) && (l.src[l.pos] == ' ' || l.src[l.pos] == '\t') {
		l.pos++
	}
	start := l.pos
	if start == len(l.src) {
		return token{kind: tokEnd, pos: start}, nil
	}
	c := l.src[start]
	switch {
	case strings.IndexByte("()[],/:=;{}", c) >= 0:
		l.pos++
		return token{tokPunct, l.src[start:l.pos], start}, nil
	case c == '\'' || c == '"':
		return l.quoted(c)
	}
	for l.pos < len(l.src) {
		r, size := utf8.DecodeRuneInString(l.src[l.pos:])
		if r == utf8.RuneError && size <= 1 {
			return token{}, l.fail(l.pos, "the text is not valid UTF-8")
		}
		if !wordRune(r) && !(r == ':' && l.inTime(start)) && !(r == '+' && l.signOf(start)) {
			break
		}
		l.pos += size
	}
	word := l.src[start:l.pos]
	switch {
	case word == "":
		return token{}, l.fail(start, "an unexpected character")
	case isName(word):
		return token{tokName, word, start}, nil
	default:
		return token{tokValue, word, start}, nil
	}
}

func wordRune(r rune) bool {
	return r == '_' || r == '.' || r == '-' || r == '@' || r == '$' || unicode.IsLetter(r) || unicode.IsDigit(r)
}

// inTime tells whether a colon belongs to an instant such as 2024-01-01T10:00:00Z.
func (l *lexer) inTime(start int) bool {
	w := l.src[start:l.pos]
	return len(w) >= 13 && w[4] == '-' && (w[10] == 'T' || w[10] == 't')
}

// signOf tells whether a plus belongs to a number's exponent, its start, or the
// offset of an instant.
func (l *lexer) signOf(start int) bool {
	w := l.src[start:l.pos]
	if w == "" || l.inTime(start) {
		return true
	}
	digit := w[0] == '-' || w[0] >= '0' && w[0] <= '9'
	return digit && (strings.HasSuffix(w, "e") || strings.HasSuffix(w, "E"))
}

// isName tells names from values: a GUID begins with a letter at times.
func isName(w string) bool {
	r, _ := utf8.DecodeRuneInString(w)
	return (unicode.IsLetter(r) || r == '_' || r == '@' || r == '$') && !looksLikeID(w)
}

func looksLikeID(w string) bool {
	return len(w) == 36 && w[8] == '-' && w[13] == '-' && w[18] == '-' && w[23] == '-'
}

func (l *lexer) quoted(quote byte) (token, error) {
	start := l.pos
	var b strings.Builder
	for i := start + 1; i < len(l.src); i++ {
		if l.src[i] != quote {
			b.WriteByte(l.src[i])
			continue
		}
		if i+1 < len(l.src) && l.src[i+1] == quote {
			b.WriteByte(quote)
			i++
			continue
		}
		l.pos = i + 1
		if !utf8.ValidString(b.String()) {
			return token{}, l.fail(start, "the text is not valid UTF-8")
		}
		return token{tokString, b.String(), start}, nil
	}
	return token{}, l.fail(start, "a quote is not closed")
}
