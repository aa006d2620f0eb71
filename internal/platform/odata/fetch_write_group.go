package odata

import (
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// group writes the keys and values of a grouped query.
func (w *fetchWriter) group(t *metadata.Table, g *query.Group) error {
	for _, k := range g.Keys {
		if _, ok := t.Column(k.Column); !ok || k.Link != "" || k.Zone != nil {
			return w.no("groups by another table, by the type of a lookup, or by a fixed time zone")
		}
		attrs := []string{"name", k.Column, "alias", k.Name, "groupby", "true"}
		if k.Part != query.Whole {
			attrs = append(attrs, "dategrouping", nameOf(fetchParts, k.Part))
		}
		w.empty("attribute", attrs...)
	}
	for _, a := range g.Values {
		if a.Link != "" {
			return w.no("values of another table")
		}
		name, function, distinct := a.Column, a.Func, false
		switch function {
		case query.CountRows:
			name = t.ID
		case query.CountDistinct:
			function, distinct = query.CountValues, true
		}
		attrs := []string{"name", name, "alias", a.Name, "aggregate", nameOf(fetchFunctions, function)}
		if distinct {
			attrs = append(attrs, "distinct", "true")
		}
		w.empty("attribute", attrs...)
	}
	return nil
}

// nameOf gives the name under which a map holds a value; each is there once.
func nameOf[V comparable](names map[string]V, value V) string {
	for name, v := range names {
		if v == value {
			return name
		}
	}
	return ""
}
