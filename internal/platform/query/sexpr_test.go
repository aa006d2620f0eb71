package query_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// tokens splits a line at spaces, outside quotes; brackets stand alone.
func tokens(s string) ([]string, error) {
	var out []string
	var cur strings.Builder
	flush := func() {
		if cur.Len() > 0 {
			out = append(out, cur.String())
			cur.Reset()
		}
	}
	quoted := false
	for _, c := range s {
		switch {
		case c == '"':
			quoted = !quoted
			cur.WriteRune(c)
		case quoted:
			cur.WriteRune(c)
		case c == ' ':
			flush()
		case c == '(' || c == ')':
			flush()
			out = append(out, string(c))
		default:
			cur.WriteRune(c)
		}
	}
	flush()
	if quoted {
		return nil, errors.New("a quote is open")
	}
	return out, nil
}

// literal reads null, true, 12, 1.5, "text", @name (an id) or a bare word.
func literal(s string) (any, error) {
	switch {
	case s == "null":
		return nil, nil
	case s == "true" || s == "false":
		return s == "true", nil
	case strings.HasPrefix(s, `"`):
		return strconv.Unquote(s)
	case strings.HasPrefix(s, "@"):
		return named(s[1:]), nil
	}
	if _, err := strconv.ParseFloat(s, 64); err == nil {
		return json.Number(s), nil
	}
	return s, nil
}

type condParser struct{ words []string }

func parseCond(s string) (query.Node, error) {
	words, err := tokens(s)
	if err != nil {
		return nil, err
	}
	p := &condParser{words: words}
	n, err := p.node()
	if err == nil && len(p.words) > 0 {
		err = fmt.Errorf("more after the condition: %v", p.words)
	}
	return n, err
}

func (p *condParser) next() string {
	if len(p.words) == 0 {
		return ""
	}
	w := p.words[0]
	p.words = p.words[1:]
	return w
}

func (p *condParser) nodes() ([]query.Node, error) {
	var out []query.Node
	for len(p.words) > 0 && p.words[0] == "(" {
		n, err := p.node()
		if err != nil {
			return nil, err
		}
		out = append(out, n)
	}
	return out, nil
}

func (p *condParser) values() ([]any, error) {
	out := []any{}
	for len(p.words) > 0 && p.words[0] != ")" {
		v, err := literal(p.next())
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func path(s string) query.Path { return strings.Split(s, "/") }

func (p *condParser) node() (query.Node, error) {
	if p.next() != "(" {
		return nil, errors.New("( expected")
	}
	n, err := p.body(p.next())
	if err != nil {
		return nil, err
	}
	if p.next() != ")" {
		return nil, errors.New(") expected")
	}
	return n, nil
}

var ops = map[string]query.Op{"eq": query.Eq, "ne": query.Ne, "lt": query.Lt, "le": query.Le, "gt": query.Gt, "ge": query.Ge}

func (p *condParser) body(word string) (query.Node, error) {
	switch word {
	case "and", "or", "not":
		list, err := p.nodes()
		if err != nil {
			return nil, err
		}
		switch word {
		case "and":
			return query.And(list), nil
		case "or":
			return query.Or(list), nil
		}
		return query.Not{Node: list[0]}, nil
	case "true", "false":
		return query.Const(word == "true"), nil
	case "null", "notnull":
		return query.Null{Left: path(p.next()), Negate: word == "notnull"}, nil
	case "in", "notin":
		left := path(p.next())
		values, err := p.values()
		return query.In{Left: left, Values: values, Negate: word == "notin"}, err
	case "linked", "unlinked":
		n := query.Linked{Table: p.next(), From: p.next(), To: p.next(), None: word == "unlinked"}
		list, err := p.nodes()
		if len(list) > 0 {
			n.Where = list[0]
		}
		return n, err
	case "under", "above":
		n := query.Hierarchy{Left: path(p.next()), Root: id.ID(named(strings.TrimPrefix(p.next(), "@"))), Up: word == "above"}
		for len(p.words) > 0 && p.words[0] != ")" {
			switch p.next() {
			case "self":
				n.Self = true
			case "negate":
				n.Negate = true
			}
		}
		return n, nil
	case "contains", "starts", "ends", "like":
		op := map[string]query.TextOp{"contains": query.Contains, "starts": query.StartsWith, "ends": query.EndsWith, "like": query.Like}[word]
		left := path(p.next())
		text, err := strconv.Unquote(p.next())
		return query.TextMatch{Left: left, Op: op, Text: text}, err
	case "any", "all":
		rel := p.next()
		list, err := p.nodes()
		if err != nil || len(list) == 0 {
			return query.Related{Relation: rel, All: word == "all"}, err
		}
		return query.Related{Relation: rel, All: word == "all", Where: list[0]}, nil
	case "arms":
		return p.arms()
	}
	op, ok := ops[word]
	if !ok {
		return nil, fmt.Errorf("unknown word %q", word)
	}
	left, right := path(p.next()), p.next()
	if strings.HasPrefix(right, "$") {
		return query.Compare{Left: left, Op: op, Right: path(right[1:])}, nil
	}
	v, err := literal(right)
	return query.Compare{Left: left, Op: op, Value: v}, err
}

// arms reads: units @a @b owners @c shares @d right 1
func (p *condParser) arms() (query.Node, error) {
	var a query.Arms
	list := &a.Units
	for len(p.words) > 0 && p.words[0] != ")" {
		switch w := p.next(); w {
		case "units":
			list = &a.Units
		case "owners":
			list = &a.Owners
		case "shares":
			list = &a.SharedWith
		case "right":
			var err error
			if a.Right, err = strconv.ParseInt(p.next(), 10, 64); err != nil {
				return nil, err
			}
		default:
			*list = append(*list, id.ID(named(strings.TrimPrefix(w, "@"))))
		}
	}
	return a, nil
}
