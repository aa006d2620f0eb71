package flow

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/expr"
)

// template is a value with expressions in it. "${x}" alone is the value of x,
// of any kind; inside a longer text it is its text, empty for null. An object
// {"$": "x"} is the value of x, too. "$${" is a plain "${".
type template interface {
	eval(ctx context.Context, vars map[string]any) (any, error)
}

type (
	constant   struct{ value any }
	expression struct{ program *expr.Program }
	joined     []template
	listOf     []template
	objectOf   struct {
		names  []string
		values []template
	}
)

func (t constant) eval(context.Context, map[string]any) (any, error) { return t.value, nil }

func (t expression) eval(ctx context.Context, vars map[string]any) (any, error) {
	v, err := t.program.Eval(ctx, vars)
	return plain(v), err
}

func (t joined) eval(ctx context.Context, vars map[string]any) (any, error) {
	var b strings.Builder
	for _, part := range t {
		v, err := part.eval(ctx, vars)
		if err != nil {
			return nil, err
		}
		b.WriteString(textOf(v))
	}
	return b.String(), nil
}

func (t listOf) eval(ctx context.Context, vars map[string]any) (any, error) {
	out := make([]any, len(t))
	var err error
	for i, item := range t {
		if out[i], err = item.eval(ctx, vars); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (t objectOf) eval(ctx context.Context, vars map[string]any) (any, error) {
	out := make(map[string]any, len(t.names))
	for i, name := range t.names {
		v, err := t.values[i].eval(ctx, vars)
		if err != nil {
			return nil, err
		}
		out[name] = v
	}
	return out, nil
}

// textOf gives a plain value inside a text; null is nothing.
func textOf(v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case string:
		return x
	}
	text, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(text)
}

// template compiles a value of a document. Problems go to c.
func (c *compiler) template(path string, v any) template {
	switch x := plain(v).(type) {
	case string:
		return c.text(path, x)
	case []any:
		out := make(listOf, len(x))
		for i, item := range x {
			out[i] = c.template(path, item)
		}
		return out
	case map[string]any:
		if text, ok := x["$"].(string); ok && len(x) == 1 {
			return c.expression(path, text)
		}
		var out objectOf
		for _, name := range slices.Sorted(maps.Keys(x)) {
			out.names = append(out.names, name)
			out.values = append(out.values, c.template(path+"."+name, x[name]))
		}
		return out
	default:
		return constant{x}
	}
}

// text compiles a text with ${…} in it.
func (c *compiler) text(path, s string) template {
	var parts joined
	var literal strings.Builder
	flush := func() {
		if literal.Len() > 0 {
			parts = append(parts, constant{literal.String()})
			literal.Reset()
		}
	}
	whole := true
	for i := 0; i < len(s); {
		if strings.HasPrefix(s[i:], "$${") {
			literal.WriteString("${")
			i, whole = i+3, false
			continue
		}
		if !strings.HasPrefix(s[i:], "${") {
			literal.WriteByte(s[i])
			i, whole = i+1, false
			continue
		}
		end := closing(s, i+2)
		if end < 0 {
			c.problem(path, "template", "a “${” has no “}”")
			return constant{}
		}
		inner := s[i+2 : end]
		if whole && end == len(s)-1 && len(parts) == 0 {
			return c.expression(path, inner)
		}
		flush()
		parts = append(parts, c.expression(path, inner))
		i, whole = end+1, false
	}
	flush()
	if len(parts) == 0 {
		return constant{""}
	}
	if only, ok := parts[0].(constant); ok && len(parts) == 1 {
		return only
	}
	return parts
}

// closing finds the brace that ends an expression, past braces and texts in it.
func closing(s string, from int) int {
	depth := 0
	var quote byte
	for i := from; i < len(s); i++ {
		switch ch := s[i]; {
		case quote != 0 && ch == '\\':
			i++
		case quote != 0:
			if ch == quote {
				quote = 0
			}
		case ch == '"' || ch == '\'':
			quote = ch
		case ch == '{':
			depth++
		case ch == '}':
			if depth == 0 {
				return i
			}
			depth--
		}
	}
	return -1
}
