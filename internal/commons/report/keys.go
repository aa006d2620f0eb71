package report

import (
	"context"
	"strconv"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// noKey is the key of rows without a value; keys of values begin with "=".
const noKey = "none"

func invalidAsk(code, format string, args ...any) error {
	return errs.New(errs.Invalid, "report."+code, format, args...)
}

// text gives a value of the dimension as the text of its key.
func (b *Dimension) text(v any) string {
	switch x := v.(type) {
	case id.ID:
		return "=" + x.String()
	case int64:
		return "=" + strconv.FormatInt(x, 10)
	case bool:
		return "=" + strconv.FormatBool(x)
	case string:
		if r := []rune(x); b.First > 0 && len(r) > b.First {
			x = string(r[:b.First])
		}
		if x != "" {
			return "=" + x
		}
	}
	return noKey
}

// foldedKey brings spellings together.
func foldedKey(text string) string { return query.Fold(text) }

// where gives the condition that leads to the rows of a key of a table.
func (b *Dimension) where(table, key string) (query.Node, error) {
	p := b.paths[table]
	if key == noKey {
		if p.column.TypeName == "text" {
			// A text without characters is no value either.
			return query.Or{query.Null{Left: p.names}, query.Compare{Left: p.names, Value: ""}}, nil
		}
		return query.Null{Left: p.names}, nil
	}
	bad := invalidAsk("key", "%q is no value of %s", clip(key), b.Label["en"])
	if len(key) < 2 || key[0] != '=' {
		return nil, bad
	}
	text := key[1:]
	var value any = text
	var err error
	switch p.column.TypeName {
	case "text":
		if b.First > 0 && len([]rune(text)) == b.First {
			return query.TextMatch{Left: p.names, Op: query.StartsWith, Text: text}, nil
		}
	case "choice", "whole":
		value, err = strconv.ParseInt(text, 10, 64)
	case "boolean":
		value, err = strconv.ParseBool(text)
	default:
		value, err = id.Parse(text)
	}
	if err != nil {
		return nil, bad
	}
	return query.Compare{Left: p.names, Value: value}, nil
}

// plus adds two sums, either of which may be nothing.
func plus(a, b any) (any, error) {
	if a == nil || b == nil {
		if a == nil {
			return b, nil
		}
		return a, nil
	}
	over := errs.New(errs.Invalid, "query.overflow", "a sum of this report is beyond the range of its column: take a shorter period")
	add := func(x, y int64) (int64, error) {
		if z := x + y; (z > x) == (y > 0) {
			return z, nil
		}
		return 0, over
	}
	switch x := a.(type) {
	case int64:
		y, _ := b.(int64)
		return add(x, y)
	case query.Number:
		y, _ := b.(query.Number)
		n, err := add(x.Units, y.Units)
		return query.Number{Units: n, Scale: x.Scale}, err
	}
	return a, nil
}

// name gives the groups the names of their keys.
func (s *Service) name(ctx context.Context, d *Definition, by *Dimension, groups []*Group, language string) error {
	if by == nil {
		return nil
	}
	var c *metadata.Column
	for _, step := range d.Steps {
		if c == nil {
			c = by.paths[step.Table].column
		}
	}
	names := map[string]string{}
	if c.IsLookup() {
		var keys []id.ID
		for _, g := range groups {
			if key, err := id.Parse(trimKey(g.Name)); err == nil {
				keys = append(keys, key)
			}
		}
		for _, table := range c.Targets {
			if _, ok := s.Catalog().Table(table); !ok {
				continue
			}
			found, err := s.Records.Names(ctx, table, keys)
			if err != nil && !errs.Has(err, errs.Forbidden) {
				return err
			}
			for key, name := range found {
				names[key.String()] = name
			}
		}
	}
	for _, o := range c.Options {
		names[strconv.FormatInt(o.Value, 10)] = o.Label.In(language)
	}
	if c.TypeName == "boolean" && len(c.Options) == 2 {
		names["false"], names["true"] = c.Options[0].Label.In(language), c.Options[1].Label.In(language)
	}
	for _, g := range groups {
		text := trimKey(g.Name)
		if g.Key == noKey {
			g.Name = ""
			continue
		}
		g.Key, g.Name = "="+text, text
		if n, known := names[text]; known {
			g.Name = n
		} else if c.IsLookup() {
			g.Name = "?"
		}
	}
	return nil
}

func trimKey(key string) string {
	if len(key) > 0 && key[0] == '=' {
		return key[1:]
	}
	return ""
}
