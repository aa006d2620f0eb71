package memberarea

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/currency"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/number"

	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// label gives what a column is called.
func (v *View) label(t *metadata.Table, name, lang string) string {
	if l, ok := v.Labels[name]; ok {
		return l.In(lang)
	}
	c, ok := t.Column(name)
	if !ok {
		return name
	}
	return c.Label.In(lang)
}

// value gives a column's value as people read it; "" for none. Lookups have
// none: their names are others' records.
func (v *View) value(t *metadata.Table, name string, value any, in Locale) string {
	lang := in.Lang
	c, ok := t.Column(name)
	if !ok || value == nil || c.IsLookup() {
		return ""
	}
	if words, ok := v.Values[name]; ok {
		if l, ok := words[plainText(value)]; ok {
			return l.In(lang)
		}
		if len(c.Options) > 0 {
			return "" // the view says which values are for members
		}
	}
	switch x := value.(type) {
	case string:
		return strings.TrimSpace(x)
	case bool:
		n := int64(0)
		if x {
			n = 1
		}
		if o, ok := c.Option(n); ok {
			return o.Label.In(lang)
		}
		return say(lang, map[bool]string{true: "yes", false: "no"}[x])
	case int64:
		if o, ok := c.Option(x); ok {
			return o.Label.In(lang)
		}
		if v.amount(c) {
			return in.amount(float64(x))
		}
		return printer(lang).Sprint(number.Decimal(x))
	case query.Number:
		f, err := strconv.ParseFloat(x.String(), 64)
		if err != nil {
			return x.String()
		}
		if v.amount(c) {
			return in.amount(f)
		}
		return printer(lang).Sprint(number.Decimal(f, number.MaxFractionDigits(4)))
	case float64:
		return printer(lang).Sprint(number.Decimal(x, number.MaxFractionDigits(4)))
	case query.Date:
		if at, err := time.Parse(time.DateOnly, string(x)); err == nil {
			return date(at, lang)
		}
		return string(x)
	case time.Time:
		if c.Behaviour == "DateOnly" {
			return date(x, lang)
		}
		return in.Moment(x)
	case query.SetValue:
		var out []string
		for _, n := range x.Values() {
			if o, ok := c.Option(n); ok {
				out = append(out, o.Label.In(lang))
			}
		}
		return strings.Join(out, ", ")
	}
	return ""
}

// amount tells whether a column holds amounts of money.
func (v *View) amount(c *metadata.Column) bool {
	return c.TypeName == "money" || slices.Contains(v.Money, c.Name)
}

// amount gives an amount of money with what it is in.
func (l Locale) amount(f float64) string {
	p := printer(l.Lang)
	text := p.Sprint(number.Decimal(f, number.MinFractionDigits(2), number.MaxFractionDigits(4)))
	unit, err := currency.ParseISO(l.Currency)
	if err != nil {
		return text
	}
	return p.Sprint(currency.Symbol(unit)) + "\u00a0" + text
}

// plainText is a value as the keys of a view's words write it.
func plainText(value any) string {
	switch x := value.(type) {
	case string:
		return x
	case int64:
		return strconv.FormatInt(x, 10)
	case bool:
		return strconv.FormatBool(x)
	}
	return ""
}

func printer(lang string) *message.Printer {
	if lang == "de" {
		return message.NewPrinter(language.German)
	}
	return message.NewPrinter(language.English)
}

// date is a day as people write it.
func date(at time.Time, lang string) string {
	if lang == "de" {
		return at.Format("2.1.2006")
	}
	return at.Format("2 January 2006")
}
