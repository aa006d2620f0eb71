package odata

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

type sqlKind uint8

const (
	sqlEnd    sqlKind = iota
	sqlWord           // a keyword or a name
	sqlName           // a name in [brackets] or "quotes", which is never a keyword
	sqlString         // 'text' without its quotes
	sqlNumber
	sqlPunct // ( ) , . * = < > <= >= <> !=
)

type sqlToken struct {
	kind sqlKind
	text string // a word as it was written
	pos  int    // in bytes
}

// sqlLexer cuts a SELECT into tokens. Comments are passed over.
type sqlLexer struct {
	src string
	pos int
}

func sqlFail(src string, pos int, format string, args ...any) *errs.Error {
	return at(errs.New(errs.Invalid, "sql.syntax", format, args...), "sql", src, pos)
}

func (l *sqlLexer) space() error {
	for l.pos < len(l.src) {
		rest := l.src[l.pos:]
		switch {
		case strings.HasPrefix(rest, "--"):
			n := strings.IndexByte(rest, '\n')
			if n < 0 {
				n = len(rest) - 1
			}
			l.pos += n + 1
		case strings.HasPrefix(rest, "/*"):
			n := strings.Index(rest, "*/")
			if n < 0 {
				return sqlFail(l.src, l.pos, "a comment is not closed")
			}
			l.pos += n + 2
		default:
			r, size := utf8.DecodeRuneInString(rest)
			if !unicode.IsSpace(r) {
				return nil
			}
			l.pos += size
		}
	}
	return nil
}

func (l *sqlLexer) next() (sqlToken, error) {
	if err := l.space(); err != nil {
		return sqlToken{}, err
	}
	start := l.pos
	if start == len(l.src) {
		return sqlToken{kind: sqlEnd, pos: start}, nil
	}
	c := l.src[start]
	switch {
	case c == '\'':
		return l.quoted(start, '\'', sqlString)
	case (c == 'N' || c == 'n') && start+1 < len(l.src) && l.src[start+1] == '\'':
		l.pos++
		return l.quoted(start, '\'', sqlString)
	case c == '[':
		return l.quoted(start, ']', sqlName)
	case c == '"':
		return l.quoted(start, '"', sqlName)
	case c >= '0' && c <= '9', c == '-' || c == '+', c == '.' && start+1 < len(l.src) && l.src[start+1] >= '0' && l.src[start+1] <= '9':
		return l.number(start)
	}
	for _, p := range []string{"<=", ">=", "<>", "!=", "(", ")", ",", ".", "*", "=", "<", ">"} {
		if strings.HasPrefix(l.src[start:], p) {
			l.pos += len(p)
			return sqlToken{sqlPunct, p, start}, nil
		}
	}
	for l.pos < len(l.src) {
		r, size := utf8.DecodeRuneInString(l.src[l.pos:])
		if r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) || r == utf8.RuneError {
			break
		}
		l.pos += size
	}
	if l.pos == start {
		if c == ';' {
			return sqlToken{}, sqlFail(l.src, start, "exactly one SELECT statement is expected")
		}
		return sqlToken{}, sqlFail(l.src, start, "an unexpected character")
	}
	return sqlToken{sqlWord, l.src[start:l.pos], start}, nil
}

// quoted reads up to the closing mark; doubled it stands for itself.
func (l *sqlLexer) quoted(start int, end byte, kind sqlKind) (sqlToken, error) {
	var b strings.Builder
	for i := l.pos + 1; i < len(l.src); i++ {
		if l.src[i] != end {
			b.WriteByte(l.src[i])
			continue
		}
		if i+1 < len(l.src) && l.src[i+1] == end {
			b.WriteByte(end)
			i++
			continue
		}
		l.pos = i + 1
		if !utf8.ValidString(b.String()) {
			return sqlToken{}, sqlFail(l.src, start, "the text is not valid UTF-8")
		}
		return sqlToken{kind, b.String(), start}, nil
	}
	return sqlToken{}, sqlFail(l.src, start, "a quote is not closed")
}

func (l *sqlLexer) number(start int) (sqlToken, error) {
	l.pos++
	for l.pos < len(l.src) {
		c := l.src[l.pos]
		sign := (c == '-' || c == '+') && strings.ContainsRune("eE", rune(l.src[l.pos-1]))
		if c != '.' && c != 'e' && c != 'E' && !sign && (c < '0' || c > '9') {
			break
		}
		l.pos++
	}
	return sqlToken{sqlNumber, l.src[start:l.pos], start}, nil
}
