package intake

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// normalise brings the values of known columns into their normal forms. The
// country comes first: phone numbers and postal codes depend on it.
func (c *Cleaner) normalise(l *Lead) []Fault {
	var faults []Fault
	fault := func(column, code, message string) {
		delete(l.Row, column)
		faults = append(faults, Fault{column, code, message})
	}
	each := func(columns []string, f func(s string) (string, bool), code, message string) {
		for _, column := range columns {
			if s := l.Row.Text(column); s != "" {
				if out, ok := f(s); ok {
					l.Row[column] = out
				} else {
					fault(column, code, message)
				}
			}
		}
	}
	each([]string{"address1_country"}, ParseCountry, "country.unknown", "there is no country of this name or code")
	country := l.Row.Text("address1_country")
	region := country
	if region == "" {
		region = c.Country
	}
	each([]string{"address1_postalcode"}, func(s string) (string, bool) { return ParsePostal(s, country) },
		"postalcode.syntax", "this is not a postal code of the country")
	each([]string{"emailaddress1", "emailaddress2", "emailaddress3"}, func(s string) (string, bool) {
		a, ok := ParseEmail(s)
		return a.Shown, ok
	}, "email.syntax", "this is not an e-mail address")
	for column := range l.Row {
		if s := l.Row.Text(column); s != "" && isPhone(column) {
			if e164, extension, ok := ParsePhone(s, region); ok {
				l.Row[column] = e164
				if extension != "" {
					l.Extra[column+"_extension"] = extension
				}
			} else {
				fault(column, "phone.invalid", "this is not a phone number of the country; begin with + and the country's code")
			}
		}
	}
	each([]string{"websiteurl"}, webAddress, "website.syntax", "this is not the address of a web site")
	for _, column := range []string{"firstname", "middlename", "lastname"} {
		if s := l.Row.Text(column); s != "" {
			l.Row[column] = proper(s, false)
		}
	}
	if s := l.Row.Text("address1_city"); s != "" {
		l.Row["address1_city"] = proper(s, true)
	}
	for _, column := range []string{"numberofemployees", "budgetamount", "revenue", "estimatedamount"} {
		if negative(l.Row[column]) {
			fault(column, "number.negative", "the number can't be below zero")
		}
	}
	slices.SortFunc(faults, func(a, b Fault) int { return strings.Compare(a.Column, b.Column) })
	return faults
}

func negative(v any) bool {
	switch n := v.(type) {
	case int64:
		return n < 0
	case query.Number:
		return n.Units < 0
	}
	return false
}

func webAddress(s string) (string, bool) {
	if !strings.Contains(s, "://") {
		s = "https://" + s
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || !strings.Contains(u.Host, ".") || u.User != nil {
		return "", false
	}
	u.Host = strings.ToLower(u.Host)
	return u.String(), true
}

// require says what a lead lacks. What was given but could not be taken has its
// own fault already and is not called missing as well.
func require(row record.Row, earlier []Fault) (faults []Fault) {
	refused := func(columns ...string) bool {
		return slices.ContainsFunc(earlier, func(f Fault) bool { return slices.Contains(columns, f.Column) })
	}
	has := func(columns ...string) bool {
		return slices.ContainsFunc(columns, func(c string) bool { return row.Text(c) != "" })
	}
	if who := []string{"lastname", "companyname"}; !has(who...) && !refused(who...) {
		faults = append(faults, Fault{"lastname", "required", "a last name or a company name is needed"})
	}
	if how := []string{"emailaddress1", "mobilephone", "telephone1"}; !has(how...) && !refused(how...) {
		faults = append(faults, Fault{"emailaddress1", "required", "an e-mail address or a phone number is needed"})
	}
	return faults
}

// complete fills the columns that follow from others.
func (c *Cleaner) complete(l *Lead, e Event) {
	set := func(column string, v any) {
		col, ok := c.Columns.Column(column)
		if !ok || l.Row[column] != nil {
			return
		}
		if s, isText := v.(string); isText {
			if s == "" {
				return
			}
			if runes := []rune(s); col.Max > 0 && len(runes) > col.Max {
				v = string(runes[:col.Max])
			}
		}
		if value, err := col.Coerce(v); err == nil {
			l.Row[column] = value
		}
	}
	if a, ok := ParseEmail(l.Row.Text("emailaddress1")); ok {
		l.Domain = a.Domain
		set("rpt_matchkey", a.Key)
	}
	name := strings.Join(slices.DeleteFunc([]string{l.Row.Text("firstname"), l.Row.Text("middlename"), l.Row.Text("lastname")}, func(s string) bool { return s == "" }), " ")
	if name == "" {
		name = l.Row.Text("companyname")
	}
	set("fullname", name)
	topic := l.Row.Text("rpt_productinterest")
	if topic == "" {
		topic = "Inquiry"
	}
	set("subject", topic+": "+name)
	if l.Context["page"] != nil {
		set("leadsourcecode", int64(webSource))
	}
	if v, ok := l.Context["visitorid"].(string); ok {
		set("rpt_visitorid", v)
	}
	set("rpt_eventid", e.ID)
	set("rpt_source", e.Source)
	for column, object := range map[string]map[string]any{"rpt_context": l.Context, "rpt_extra": l.Extra} {
		if len(object) > 0 {
			if raw, err := json.Marshal(object); err == nil {
				set(column, json.RawMessage(raw))
			}
		}
	}
}

// webSource is the option "Web" of leadsourcecode.
const webSource = 8
