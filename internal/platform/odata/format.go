package odata

import (
	"strconv"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Annotations are the patterns of Prefer: odata.include-annotations, such as
// "*", "OData.Community.Display.V1.*" or "-Microsoft.Dynamics.CRM.*". Nil
// wants none.
type Annotations []string

// ParseAnnotations reads the preference's value.
func ParseAnnotations(s string) Annotations {
	out := Annotations{}
	for _, p := range strings.Split(s, ",") {
		if p = strings.TrimSpace(p); p != "" {
			out = append(out, p)
		}
	}
	return out
}

// Wants tells whether an annotation is to be written; the longest pattern decides.
func (a Annotations) Wants(name string) bool {
	wanted, longest := false, -1
	for _, p := range a {
		pattern, excluded := strings.CutPrefix(p, "-")
		prefix, star := strings.CutSuffix(pattern, "*")
		if (star && strings.HasPrefix(name, prefix) || pattern == name) && len(pattern) > longest {
			wanted, longest = !excluded, len(pattern)
		}
	}
	return wanted
}

// formatted gives the text by which people read a value. Plain texts and ids
// have none.
func (w *Writer) formatted(t *metadata.Table, c *metadata.Column, row record.Row) (string, bool) {
	if c.IsLookup() {
		if w.Names == nil {
			return "", false
		}
		return w.Names(targetOf(c, row), row.ID(c.Name))
	}
	switch v := row[c.Name].(type) {
	case bool:
		return w.yesNo(c, v), true
	case int64:
		if len(c.Options) > 0 {
			o, ok := c.Option(v)
			return o.Label.In(w.Language), ok
		}
		if c.Name == "versionnumber" {
			return strconv.FormatInt(v, 10), true
		}
		return thousands(strconv.FormatInt(v, 10), 0), true
	case query.Number:
		least := 0
		if c.TypeName == "money" {
			least = 2
		}
		return thousands(v.String(), least), true
	case float64:
		digits := -1
		if c.Precision != nil {
			digits = int(*c.Precision)
		}
		return thousands(strconv.FormatFloat(v, 'f', digits, 64), 0), true
	case query.SetValue:
		return w.labels(c, v), true
	case time.Time:
		zone := w.Zone
		if zone == nil {
			zone = time.UTC
		}
		return v.In(zone).Format("2006-01-02 15:04"), true
	case query.Date:
		return string(v), true
	}
	return "", false
}

// labels gives the labels of several options, as Dataverse joins them.
func (w *Writer) labels(c *metadata.Column, v query.SetValue) string {
	var out []string
	for _, n := range v.Values() {
		if o, ok := c.Option(n); ok {
			out = append(out, o.Label.In(w.Language))
		}
	}
	return strings.Join(out, "; ")
}

func (w *Writer) yesNo(c *metadata.Column, v bool) string {
	n := int64(0)
	if v {
		n = 1
	}
	if o, ok := c.Option(n); ok {
		return o.Label.In(w.Language)
	}
	words := metadata.Label{"en": "No", "de": "Nein"}
	if v {
		words = metadata.Label{"en": "Yes", "de": "Ja"}
	}
	return words.In(w.Language)
}

// thousands puts commas into a decimal and gives it at least so many digits
// after the point.
func thousands(s string, least int) string {
	sign := ""
	if rest, neg := strings.CutPrefix(s, "-"); neg {
		sign, s = "-", rest
	}
	whole, frac, _ := strings.Cut(s, ".")
	for len(frac) < least {
		frac += "0"
	}
	var b strings.Builder
	b.WriteString(sign)
	for i, c := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(c)
	}
	if frac != "" {
		b.WriteString("." + frac)
	}
	return b.String()
}
