package decide

import (
	"math"
	"strconv"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// cell is a compiled condition on one input.
type cell struct {
	any     bool // holds for everything, also where the value is missing
	missing bool // holds only where the value is missing
	spans   []span
	ones    map[string]bool // of texts, choices and booleans
	negate  bool
	handled bool // some row of the table says what happens where the value is missing
}

// span is an interval of numbers.
type span struct {
	from, to         float64
	openFrom, openTo bool
}

func (s span) holds(x float64) bool {
	return (x > s.from || x == s.from && !s.openFrom) && (x < s.to || x == s.to && !s.openTo)
}

func (s span) empty() bool {
	return s.from > s.to || s.from == s.to && (s.openFrom || s.openTo)
}

// verdict of a cell on a value.
type truth uint8

const (
	no truth = iota
	yes
	unknown
)

func (c *cell) test(kind string, v value) truth {
	switch {
	case c.any, c.missing && !v.known:
		return yes
	case c.missing, !v.known && c.handled:
		return no
	case !v.known:
		return unknown
	}
	if kind == Number {
		return truth(bit(c.number(v.number)))
	}
	return truth(bit(c.ones[v.one(kind)] != c.negate))
}

func (c *cell) number(x float64) bool {
	for _, s := range c.spans {
		if s.holds(x) {
			return !c.negate
		}
	}
	return c.negate
}

func badCell(format string, args ...any) error {
	return errs.New(errs.Invalid, "decision.cell", format, args...)
}

// parseCell reads a cell of an input of the kind.
func parseCell(kind, text string) (*cell, error) {
	text = strings.TrimSpace(text)
	if len(text) > maxCell {
		return nil, badCell("a cell has at most %d characters", maxCell)
	}
	switch text {
	case "", "-":
		return &cell{any: true}, nil
	case "missing":
		return &cell{missing: true}, nil
	}
	c := &cell{}
	if rest, ok := strings.CutPrefix(text, "not("); ok && strings.HasSuffix(rest, ")") {
		c.negate, text = true, rest[:len(rest)-1]
	}
	parts, err := split(text)
	if err != nil {
		return nil, err
	}
	for _, part := range parts {
		if err := c.add(kind, strings.TrimSpace(part)); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// split cuts at commas outside of quotes.
func split(text string) ([]string, error) {
	var out []string
	quoted, start := false, 0
	for i := range len(text) {
		switch {
		case text[i] == '"':
			quoted = !quoted
		case text[i] == ',' && !quoted:
			out = append(out, text[start:i])
			start = i + 1
		}
	}
	if quoted {
		return nil, badCell("a quotation mark is open")
	}
	return append(out, text[start:]), nil
}

func (c *cell) add(kind, part string) error {
	switch kind {
	case Number:
		s, err := parseSpan(part)
		if err != nil {
			return err
		}
		c.spans = append(c.spans, s)
		return nil
	case Boolean:
		if part != "true" && part != "false" {
			return badCell("%q is neither true nor false", part)
		}
		c.one(value{number: float64(bit(part == "true"))}.one(Boolean))
		return nil
	case Choice:
		n, err := strconv.ParseInt(strings.TrimSpace(strings.TrimPrefix(part, "=")), 10, 64)
		if err != nil {
			return badCell("%q is no value of a choice: write its number", part)
		}
		c.one(value{number: float64(n)}.one(Choice))
		return nil
	case Text:
		if len(part) < 2 || part[0] != '"' || part[len(part)-1] != '"' || strings.Contains(part[1:len(part)-1], `"`) {
			return badCell("write a text in quotation marks: %q", strings.Trim(part, `"`))
		}
		c.one(fold(part[1 : len(part)-1]))
		return nil
	}
	return badCell("tables can't compare a %s: make a number of it by a formula", kind)
}

func (c *cell) one(v string) {
	if c.ones == nil {
		c.ones = map[string]bool{}
	}
	c.ones[v] = true
}

func parseSpan(part string) (span, error) {
	all := span{from: math.Inf(-1), to: math.Inf(1), openFrom: true, openTo: true}
	for _, op := range []string{"<=", ">=", "<", ">", "="} {
		rest, ok := strings.CutPrefix(part, op)
		if !ok {
			continue
		}
		n, err := parseNumber(rest)
		if err != nil {
			return span{}, err
		}
		switch op[0] {
		case '<':
			all.to, all.openTo = n, op == "<"
		case '>':
			all.from, all.openFrom = n, op == ">"
		default:
			all = span{from: n, to: n}
		}
		return all, nil
	}
	from, to, ranged := strings.Cut(part, "..")
	if !ranged {
		n, err := parseNumber(part)
		return span{from: n, to: n}, err
	}
	s := span{}
	if from = strings.TrimSpace(from); from != "" && strings.ContainsRune("[(", rune(from[0])) {
		s.openFrom, from = from[0] == '(', from[1:]
	}
	if to = strings.TrimSpace(to); to != "" && strings.ContainsRune("])", rune(to[len(to)-1])) {
		s.openTo, to = to[len(to)-1] == ')', to[:len(to)-1]
	}
	var err error
	if s.from, err = parseNumber(from); err != nil {
		return span{}, err
	}
	s.to, err = parseNumber(to)
	return s, err
}

func parseNumber(text string) (float64, error) {
	text = strings.TrimSpace(text)
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(n) || math.IsInf(n, 0) || strings.ContainsAny(text, "xXpP_iIn") {
		return 0, badCell("%q is no number; a cell looks like < 18, [18..70] or 1, 2, 3", text)
	}
	return n, nil
}
