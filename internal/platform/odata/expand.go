package odata

import (
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

const maxExpandDepth = 10

// expand reads nav($select=a,b;$filter=…;$expand=…),nav2,nav3/$ref.
func (o *Options) expand(ctx *Context, text string, depth int) error {
	if depth >= maxExpandDepth {
		return errs.New(errs.Invalid, "odata.expand_depth", "$expand is nested more than %d deep", maxExpandDepth)
	}
	items, err := split("$expand", text, ',')
	if err != nil {
		return err
	}
	for _, item := range items {
		if err := o.expandOne(ctx, strings.TrimSpace(item), depth); err != nil {
			return err
		}
	}
	return nil
}

func (o *Options) expandOne(ctx *Context, item string, depth int) error {
	name, options, hasOptions := strings.Cut(item, "(")
	if hasOptions {
		var closed bool
		if options, closed = strings.CutSuffix(options, ")"); !closed {
			return errs.New(errs.Invalid, "odata.syntax", "$expand: the options of %s are not closed by a bracket", clip(name))
		}
	}
	name, ref := strings.CutSuffix(strings.TrimSpace(name), "/$ref")
	rel, ok := relationOf(o.View.Table, name)
	if !ok {
		return errs.New(errs.Invalid, "query.unknown_relation", "$expand: table %s has no navigation property %q", o.View.Table.Name, clip(name))
	}
	other, ok := ctx.Catalog.Table(rel.Table)
	if !ok {
		return errs.New(errs.Internal, "odata.relation", "the table of relation %s is unknown", rel.Name)
	}
	for _, x := range o.Query.Expand {
		if x.Relation == rel.Name {
			return errs.New(errs.Invalid, "odata.option_twice", "$expand names %q twice", clip(name))
		}
	}
	sub := newOptions(other, nil)
	sub.Aliases = o.Aliases
	if err := sub.nested(ctx, name, options, depth+1); err != nil {
		return err
	}
	if ref {
		sub.View.Columns, sub.Query.Select = []string{other.ID}, []string{other.ID, "versionnumber"}
	}
	if sub.Top >= 0 {
		sub.Query.Limit = sub.Top
	}
	parts, err := split("$expand", options, ';')
	if err != nil {
		return err
	}
	if sub.Top == 0 {
		sub.Query.Where = query.Const(false)
	}
	o.Query.Expand = append(o.Query.Expand, query.Expand{Relation: rel.Name, Query: sub.Query})
	o.View.Expand = append(o.View.Expand, ExpandView{Name: name, Relation: rel, Ref: ref, View: sub.View, Options: parts, Top: sub.Top})
	return nil
}

// nested reads the options in the brackets of an expansion, parted by semicolons.
func (o *Options) nested(ctx *Context, name, text string, depth int) error {
	parts, err := split("$expand", text, ';')
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, part := range parts {
		if strings.TrimSpace(part) == "" {
			continue
		}
		key, value, _ := strings.Cut(part, "=")
		key = strings.TrimSpace(key)
		if seen[key] {
			return errs.New(errs.Invalid, "odata.option_twice", "$expand of %s: the option %q stands twice", clip(name), clip(key))
		}
		seen[key] = true
		if err := o.set(ctx, key, strings.TrimSpace(value), depth); err != nil {
			return err
		}
	}
	return nil
}

// split cuts text at a separator that stands outside quotes and brackets.
func split(option, text string, sep byte) ([]string, error) {
	var out []string
	depth, start, quoted := 0, 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\'':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')':
			depth--
			if depth < 0 {
				return nil, at(errs.New(errs.Invalid, "odata.syntax", "a bracket is closed that was not opened"), option, text, i)
			}
		case c == sep && depth == 0:
			out = append(out, text[start:i])
			start = i + 1
		}
	}
	if quoted || depth > 0 {
		return nil, at(errs.New(errs.Invalid, "odata.syntax", "a quote or bracket is not closed"), option, text, len(text))
	}
	return append(out, text[start:]), nil
}
