// Package suggest finds the column of a table that the heading of a file's
// column stands for: by logical name, by its label in any language, by a name
// that other systems give it, or by a name that is nearly the same.
package suggest

import (
	"slices"
	"unicode"

	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// The ways in which a column was found, the surest first.
const (
	ByName    = "name"
	ByLabel   = "label"
	BySynonym = "synonym"
	ByLikely  = "close"
)

// synonyms are names that other systems give columns, letters and digits only.
func synonyms() map[string][]string {
	return map[string][]string{
		"firstname":                {"givenname", "forename", "vorname"},
		"lastname":                 {"surname", "familyname", "nachname"},
		"emailaddress1":            {"email", "mail", "emailaddress", "workemail", "epost", "emailadresse"},
		"companyname":              {"company", "account", "accountname", "organisation", "organization", "firma", "employer"},
		"parentcustomerid":         {"account", "accountname", "companyname", "customer", "kunde"},
		"contact.parentcustomerid": {"company", "firma"}, // its column company is a telephone number
		"parentaccountid":          {"parentaccount"},
		"jobtitle":                 {"title", "position", "role", "funktion"},
		"mobilephone":              {"mobile", "cell", "cellphone", "handy", "mobil"},
		"telephone1":               {"phone", "telephone", "telefon", "phonenumber", "businessphone"},
		"leadsourcecode":           {"source", "leadsource", "leadorigin", "origin", "quelle", "channel"},
		"industrycode":             {"industry", "sector", "branche"},
		"numberofemployees":        {"employees", "companysize", "headcount", "mitarbeiter", "mitarbeiterzahl", "anzahlmitarbeiter", "anzahldermitarbeiter"},
		"revenue":                  {"annualrevenue", "turnover", "umsatz", "jahresumsatz"},
		"budgetamount":             {"budget"},
		"estimatedamount":          {"amount", "value", "dealvalue", "estimatedvalue", "closevalue"},
		"estimatedvalue":           {"amount", "value", "dealvalue"},
		"estimatedclosedate":       {"closedate", "expectedclose", "abschlussdatum", "voraussichtlichesabschlussdatum", "geschatztesabschlussdatum"},
		"description":              {"notes", "comments", "notizen", "bemerkung", "bemerkungen", "kommentar"},
		"address1_city":            {"city", "town", "ort", "stadt", "billingcity", "mailingcity"},
		"address1_country":         {"country", "land", "billingcountry", "mailingcountry"},
		"address1_postalcode":      {"zip", "zipcode", "postcode", "postalcode", "plz", "billingpostalcode", "mailingpostalcode"},
		"address1_line1":           {"street", "address", "strasse", "billingstreet", "mailingstreet"},
		"websiteurl":               {"website", "web", "homepage", "url"},
		"rpt_productinterest":      {"product", "productinterest", "interest", "produkt"},
		"ownerid":                  {"owner", "recordowner", "leadowner", "accountowner", "besitzer", "assignedto"},
		"account.name":             {"accountname", "company", "companyname", "firma"},
	}
}

// Exactly finds the column that a heading names by its logical name, a synonym
// or a label; wanted says which columns count.
func Exactly(heading string, t *metadata.Table, wanted func(*metadata.Column) bool) (column, why string) {
	name := Bare(heading)
	if name == "" {
		return "", ""
	}
	known := synonyms()
	for _, way := range []struct {
		why string
		is  func(c *metadata.Column) bool
	}{
		{BySynonym, func(c *metadata.Column) bool { return slices.Contains(known[t.Name+"."+c.Name], name) }},
		{ByName, func(c *metadata.Column) bool { return Bare(c.Name) == name }},
		{BySynonym, func(c *metadata.Column) bool { return slices.Contains(known[c.Name], name) }},
		{ByLabel, func(c *metadata.Column) bool { return labelled(c, name) }},
	} {
		for _, c := range t.Columns {
			if wanted(c) && way.is(c) {
				return c.Name, way.why
			}
		}
	}
	return "", ""
}

func labelled(c *metadata.Column, name string) bool {
	for _, l := range c.Label {
		if Bare(l) == name {
			return true
		}
	}
	return false
}

// closest is the share of letters that may differ, in hundredths.
const closest = 20

// Likely finds the column whose name or label is nearly the heading: the one
// with the fewest letters other, if those are few and no second one is as near.
func Likely(heading string, t *metadata.Table, wanted func(*metadata.Column) bool) string {
	name := []rune(Bare(heading))
	if len(name) < 4 || len(name) > 60 {
		return ""
	}
	best, least, twice := "", len(name)*closest/100+1, false
	for _, c := range t.Columns {
		if !wanted(c) {
			continue
		}
		near := distance(name, []rune(Bare(c.Name)), least)
		for _, l := range c.Label {
			near = min(near, distance(name, []rune(Bare(l)), least))
		}
		switch {
		case near < least:
			best, least, twice = c.Name, near, false
		case near == least && best != "":
			twice = true
		}
	}
	if twice {
		return ""
	}
	return best
}

// distance counts the letters to change, add or drop, up to most.
func distance(a, b []rune, most int) int {
	if len(a)-len(b) > most || len(b)-len(a) > most {
		return most + 1
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i, x := range a {
		last := row[0]
		row[0] = i + 1
		for j, y := range b {
			cost := last
			if x != y {
				cost++
			}
			last = row[j+1]
			row[j+1] = min(cost, row[j]+1, last+1)
		}
	}
	return row[len(b)]
}

// Bare gives a name's letters and digits, folded.
func Bare(s string) string {
	return string(slices.DeleteFunc([]rune(query.Fold(s)), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }))
}
