package export

import (
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// value gives a column's value of a row: for people lookups, options, and yes and
// no are words, for programs everything is as it is kept.
func (c *column) value(row record.Row, known *names, r *Request) any {
	v := row[c.key]
	if v == nil || !r.shown() {
		return v
	}
	if c.column.IsLookup() {
		key, _ := v.(id.ID)
		if name := known.known[c.target(row)][key]; name != "" {
			return name
		}
		return key.String()
	}
	switch x := v.(type) {
	case bool:
		return yesNo(c.column, x, r.Language)
	case int64:
		if len(c.column.Options) == 0 {
			return x
		}
		if o, ok := c.column.Option(x); ok {
			return o.Label.In(r.Language)
		}
		return x
	case query.SetValue:
		var labels []string
		for _, n := range x.Values() {
			if o, ok := c.column.Option(n); ok {
				labels = append(labels, o.Label.In(r.Language))
			}
		}
		return strings.Join(labels, "; ")
	case time.Time:
		zone := r.Zone
		if zone == nil || c.column.Behaviour == metadata.TimeZoneIndependent {
			zone = time.UTC
		}
		return x.In(zone)
	}
	return v
}

func yesNo(c *metadata.Column, v bool, lang string) string {
	n := int64(0)
	if v {
		n = 1
	}
	if o, ok := c.Option(n); ok {
		return o.Label.In(lang)
	}
	words := metadata.Label{"en": "No", "de": "Nein"}
	if v {
		words = metadata.Label{"en": "Yes", "de": "Ja"}
	}
	return words.In(lang)
}
