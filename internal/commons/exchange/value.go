package exchange

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"regexp"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// outward gives the value of the contract for a canonical value of a column. Names
// of rows that lookups lead to are known.
func (f *Field) outward(v any, names map[id.ID]string) any {
	switch x := v.(type) {
	case nil:
		return nil
	case int64:
		for name, option := range f.Values {
			if option == x {
				return name
			}
		}
		return x
	case id.ID:
		if name, ok := names[x]; ok {
			return name
		}
		return x.String()
	case time.Time:
		return x.UTC().Format(time.RFC3339)
	case query.Date:
		return string(x)
	case query.Number:
		return json.Number(x.String())
	case string, bool, float64:
		return x
	}
	return fmt.Sprint(v)
}

// inward gives what a column takes for a value of the contract.
func (m *mapping) inward(f *Field, v any) (any, error) {
	switch x := v.(type) {
	case nil:
		return nil, nil
	case map[string]any, []any:
		return nil, nonsense("field %s: this is no value", f.Name)
	case string:
		if len(f.Values) > 0 {
			option, ok := f.Values[x]
			if !ok {
				return nil, nonsense("field %s: the value %q is not known", f.Name, clip(x, 100))
			}
			return option, nil
		}
	default:
		if len(f.Values) > 0 {
			return nil, nonsense("field %s: a known word is expected", f.Name)
		}
	}
	c, ok := m.table(f.On).Column(f.Column)
	if !ok {
		return nil, nonsense("field %s: the column is gone", f.Name)
	}
	out, err := c.Coerce(v)
	if err != nil {
		return nil, nonsense("field %s: %s", f.Name, err.Error())
	}
	if s, is := out.(string); is && s == "" {
		out = nil
	}
	return out, nil
}

// same tells whether two values of the contract are equal; numbers are compared by
// what they are, not by how they are written.
func same(a, b any) bool {
	x, err := json.Marshal(a)
	if err != nil {
		return false
	}
	y, err := json.Marshal(b)
	if err != nil {
		return false
	}
	if bytes.Equal(x, y) {
		return true
	}
	if n, err := query.ParseNumber(string(x), 10); err == nil {
		if o, err := query.ParseNumber(string(y), 10); err == nil {
			return n == o
		}
	}
	return false
}

var markup = regexp.MustCompile(`(?s)<[^>]*>`)
var breaks = regexp.MustCompile(`(?i)<(br|/p|/div|/li)[^>]*>`)

// plain gives a note's text without markup.
func plain(text string) string {
	if !strings.ContainsAny(text, "<&") {
		return text
	}
	return strings.TrimSpace(html.UnescapeString(markup.ReplaceAllString(breaks.ReplaceAllString(text, "\n"), "")))
}

// shown gives a text of somebody else's as a note holds it: nothing in it is markup.
func shown(text string) string { return html.EscapeString(text) }

func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}
