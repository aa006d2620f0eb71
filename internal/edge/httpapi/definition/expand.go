package definition

import (
	"strings"
)

// options are those of a request, or of an expanded property.
type options struct {
	sel    []string
	filter string
	expand []expansion
	count  bool
	top    int
}

type expansion struct {
	name string
	options
}

// expandDepth bounds how deep properties are expanded in one another.
const expandDepth = 3

// parseExpand reads $expand: names, each with options in brackets.
func parseExpand(s string, depth int) ([]expansion, error) {
	if depth > expandDepth {
		return nil, invalid("expand", "$expand goes deeper than %d levels", expandDepth)
	}
	items, err := cut(s, ',')
	if err != nil {
		return nil, err
	}
	var out []expansion
	for _, item := range items {
		name, rest, has := strings.Cut(strings.TrimSpace(item), "(")
		e := expansion{name: strings.TrimSpace(name)}
		if has {
			inner, ok := strings.CutSuffix(strings.TrimSpace(rest), ")")
			if !ok {
				return nil, invalid("expand", "$expand: the bracket behind %s is not closed", clip(name))
			}
			parts, err := cut(inner, ';')
			if err != nil {
				return nil, err
			}
			for _, part := range parts {
				key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
				if err := e.set(key, value, depth); err != nil {
					return nil, err
				}
			}
		}
		out = append(out, e)
	}
	return out, nil
}

func (o *options) set(key, value string, depth int) (err error) {
	switch key {
	case "$select":
		for name := range strings.SplitSeq(value, ",") {
			if name = strings.TrimSpace(name); name != "" {
				o.sel = append(o.sel, name)
			}
		}
	case "$filter":
		o.filter = value
	case "$expand":
		o.expand, err = parseExpand(value, depth+1)
	case "$count":
		o.count = value == "true"
	case "$top":
		n, ok := digits(value)
		if !ok || n < 1 {
			return invalid("top", "$top must be a number above 0")
		}
		o.top = n
	case "$orderby", "":
		return invalid("option", "definitions are not sorted by %s", "$orderby")
	default:
		return invalid("option", "the option %q is not known here", clip(key))
	}
	return err
}

// cut splits at a separator outside brackets and quotes.
func cut(s string, sep byte) ([]string, error) {
	var out []string
	start, open, quoted := 0, 0, false
	for i := range len(s) {
		switch c := s[i]; {
		case c == '\'':
			quoted = !quoted
		case quoted:
		case c == '(':
			open++
		case c == ')':
			if open--; open < 0 {
				return nil, invalid("expand", "there is a closing bracket too many")
			}
		case c == sep && open == 0:
			out = append(out, s[start:i])
			start = i + 1
		}
	}
	if open != 0 || quoted {
		return nil, invalid("expand", "a bracket or a quote is not closed")
	}
	return append(out, s[start:]), nil
}

func digits(s string) (int, bool) {
	n := 0
	for _, r := range s {
		if r < '0' || r > '9' || n > 1_000_000 {
			return 0, false
		}
		n = n*10 + int(r-'0')
	}
	return n, s != ""
}

func clip(s string) string {
	r := []rune(s)
	if len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}
