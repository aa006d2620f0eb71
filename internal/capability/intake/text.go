package intake

import (
	"encoding/json"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// line makes one line of a text: composed characters, no control or invisible
// direction characters, single spaces, none at the ends.
func line(s string) string {
	s = norm.NFC.String(strings.Map(visible, s))
	return strings.Join(strings.FieldsFunc(s, unicode.IsSpace), " ")
}

// lines is line for texts of several lines, whose breaks it keeps: at most one
// empty line between two others.
func lines(s string) string {
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	var out []string
	empty := 0
	for part := range strings.SplitSeq(s, "\n") {
		part = line(part)
		if part == "" {
			empty++
			continue
		}
		if empty > 0 && len(out) > 0 {
			out = append(out, "")
		}
		out, empty = append(out, part), 0
	}
	return strings.Join(out, "\n")
}

// visible turns control characters into spaces and drops those that show
// nothing but change how the rest reads.
func visible(r rune) rune {
	switch {
	case r == '\u200c' || r == '\u200d': // joiners that scripts and emoji need
		return r
	case unicode.IsControl(r):
		return ' '
	case unicode.Is(unicode.Cf, r), r == unicode.ReplacementChar:
		return -1
	}
	return r
}

const maxDepth = 8

// tidy cleans all texts within a value; ok is false where it is nested too deeply.
func tidy(v any, depth int) (out any, ok bool) {
	if depth > maxDepth {
		return nil, false
	}
	switch x := v.(type) {
	case string:
		return lines(x), true
	case map[string]any:
		m := make(map[string]any, len(x))
		for k, item := range x {
			if m[line(k)], ok = tidy(item, depth+1); !ok {
				return nil, false
			}
		}
		return m, true
	case []any:
		l := make([]any, len(x))
		for i, item := range x {
			if l[i], ok = tidy(item, depth+1); !ok {
				return nil, false
			}
		}
		return l, true
	case json.Number:
		return number(x), true
	}
	return v, true
}

// number keeps whole numbers whole, so that conditions compare them as such.
func number(n json.Number) any {
	if i, err := n.Int64(); err == nil {
		return i
	}
	if f, err := n.Float64(); err == nil {
		return f
	}
	return n.String()
}
