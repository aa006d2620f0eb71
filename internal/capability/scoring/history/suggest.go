package history

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// synonyms are names that other systems give the lead's columns, letters and digits only.
var synonyms = map[string][]string{
	"firstname":            {"givenname", "forename", "vorname"},
	"lastname":             {"surname", "familyname", "nachname"},
	"emailaddress1":        {"email", "mail", "emailaddress", "workemail", "epost", "emailadresse"},
	"companyname":          {"company", "account", "accountname", "organisation", "organization", "firma", "employer"},
	"jobtitle":             {"title", "position", "role", "funktion"},
	"mobilephone":          {"mobile", "cell", "cellphone", "handy", "mobil"},
	"telephone1":           {"phone", "telephone", "telefon", "phonenumber", "businessphone"},
	"leadsourcecode":       {"source", "leadsource", "leadorigin", "origin", "quelle", "channel"},
	"industrycode":         {"industry", "sector", "branche"},
	"numberofemployees":    {"employees", "companysize", "headcount", "mitarbeiter"},
	"revenue":              {"annualrevenue", "turnover", "umsatz"},
	"budgetamount":         {"budget"},
	"estimatedamount":      {"amount", "value", "dealvalue", "estimatedvalue", "closevalue"},
	"address1_city":        {"city", "town", "ort", "stadt"},
	"address1_country":     {"country", "land"},
	"address1_postalcode":  {"zip", "zipcode", "postcode", "postalcode", "plz"},
	"rpt_productinterest":  {"product", "productinterest", "interest", "produkt"},
	"campaignid":           {},
	"address1_line1":       {"street", "address", "strasse"},
	"rpt_disqualifyreason": {},
}

// outcomes are names of columns that say what became of a lead.
var outcomes = []string{"outcome", "converted", "conversion", "won", "target", "label", "y", "status", "stage", "dealstage", "result", "class", "loanstatus", "isconverted", "qualified"}

// positives are values that mean success.
var positives = []string{"yes", "y", "true", "1", "won", "converted", "qualified", "ja", "success", "customer", "closed won"}

// times are names of columns that say when a lead came.
var times = []string{"createdon", "created", "createdat", "createddate", "date", "timestamp", "time", "firstcontactdate", "engagedate", "datum", "angelegtam"}

// keys are names of columns that tell leads apart.
var keys = []string{"leadid", "id", "mqlid", "opportunityid", "prospectid", "leadnumber", "externalid", "email", "emailaddress"}

// Suggestion proposes a mapping, with what it rests on for each column.
type Suggestion struct {
	Mapping Mapping           `json:"mapping"`
	Why     map[string]string `json:"why"` // by column of the file: "name", "label", "synonym", "values"
}

// Suggest proposes what the columns mean, from their names and some records.
func Suggest(header []string, records [][]string, table *metadata.Table) Suggestion {
	s := Suggestion{Mapping: Mapping{Columns: map[string]string{}, Unmapped: Skip}, Why: map[string]string{}}
	taken := map[string]bool{}
	values := func(i int) []string {
		var out []string
		for _, r := range records {
			if i < len(r) {
				out = append(out, strings.TrimSpace(r[i]))
			}
		}
		return out
	}
	s.special(header, values)
	for i, from := range header {
		if from == s.Mapping.Outcome.Column || from == s.Mapping.Time.Column {
			continue
		}
		to, why := match(from, table)
		if to == "" || taken[to] || !holds(table, to, values(i)) {
			continue
		}
		taken[to] = true
		s.Mapping.Columns[from], s.Why[from] = to, why
	}
	return s
}

// special finds outcome, time and key.
func (s *Suggestion) special(header []string, values func(int) []string) {
	best := len(outcomes)
	for i, from := range header {
		rank := slices.Index(outcomes, bare(from))
		if rank < 0 || rank >= best {
			continue
		}
		distinct := distinct(values(i))
		var yes []string
		for _, v := range distinct {
			if slices.Contains(positives, query.Fold(v)) {
				yes = append(yes, v)
			}
		}
		if len(yes) > 0 && len(distinct) <= 20 {
			best = rank
			s.Mapping.Outcome = Outcome{Column: from, Positive: yes}
			s.Why[from] = "values"
		}
	}
	best = len(times)
	for i, from := range header {
		if rank := slices.Index(times, bare(from)); rank >= 0 && rank < best {
			if format := sniffTime(values(i)); format != "" {
				best = rank
				s.Mapping.Time = Time{Column: from, Format: format}
				s.Why[from] = "values"
			}
		}
	}
	best = len(keys)
	for i, from := range header {
		all := values(i)
		if rank := slices.Index(keys, bare(from)); rank >= 0 && rank < best && len(all) > 1 && len(distinct(all)) == len(all) && !slices.Contains(all, "") {
			best = rank
			s.Mapping.Key = []string{from}
			s.Why[from] = "values"
		}
	}
}

// match finds the lead's column that a name stands for.
func match(from string, table *metadata.Table) (to, why string) {
	name := bare(from)
	if name == "" {
		return "", ""
	}
	for _, c := range table.Columns {
		if mappable(c) && bare(c.Name) == name {
			return c.Name, "name"
		}
	}
	for _, c := range table.Columns {
		if mappable(c) && slices.Contains(synonyms[c.Name], name) {
			return c.Name, "synonym"
		}
	}
	for _, c := range table.Columns {
		for _, l := range c.Label {
			if mappable(c) && bare(l) == name {
				return c.Name, "label"
			}
		}
	}
	return "", ""
}

// mappable tells whether a file may fill a column: what the platform works out is no input.
func mappable(c *metadata.Column) bool {
	return !c.System && !c.ReadOnly && c.TypeName != "json" && c.TypeName != "id"
}

// holds tells whether most of the values can stand in the lead's column.
func holds(table *metadata.Table, column string, values []string) bool {
	c, ok := table.Column(column)
	if !ok {
		return false
	}
	p := &Plan{}
	good, n := 0, 0
	for _, v := range values {
		if missing(v) {
			continue
		}
		n++
		if _, err := p.value(Target{Lead: c}, v); err == nil {
			good++
		}
	}
	return good*10 >= n*9
}

func bare(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, query.Fold(s))
}

func distinct(values []string) []string {
	var out []string
	seen := map[string]bool{}
	for _, v := range values {
		if v != "" && !seen[v] {
			seen[v] = true
			out = append(out, v)
		}
	}
	return out
}

// numeric tells whether all the values that are there are numbers.
func numeric(values []string) bool {
	n := 0
	for _, v := range values {
		if missing(v) {
			continue
		}
		if _, err := strconv.ParseFloat(v, 64); err != nil {
			return false
		}
		n++
	}
	return n > 0
}
