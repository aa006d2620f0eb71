package feature

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

// outcomeColumns are columns of the lead that follow from its outcome or from an
// earlier score: none of them may be an input.
var outcomeColumns = []string{"statecode", "statuscode", "qualifyingopportunityid", "parentaccountid", "parentcontactid", "qualificationcomments", "rpt_disqualifyreason", "rpt_disqualifiedon", "rpt_competitorid",
	"leadqualitycode", "rpt_propensity", "rpt_reasons", "rpt_rulehits", "rpt_modelversion", "rpt_firstscore", "rpt_nextaction", "rpt_previousleadid", "rpt_duplicatehint"}

// personal are columns that name one person: only that they are filled says anything.
var personal = []string{"firstname", "middlename", "lastname", "fullname", "mobilephone", "telephone1", "telephone2", "websiteurl", "emailaddress2", "address1_line1", "address1_line2", "description", "subject"}

// Windows are the days over which what a person did is counted.
var Windows = []int{1, 7, 28}

// Propose gives the features that the table of leads and what visitors do allow.
func Propose(lead *metadata.Table) []Feature {
	var out []Feature
	for _, c := range lead.Columns {
		if c.System || c.Secured || slices.Contains(outcomeColumns, c.Name) || strings.HasPrefix(c.Name, "msdyn_") || strings.HasPrefix(c.Name, "owner") {
			continue
		}
		if f, ok := ofColumn(c); ok {
			out = append(out, f)
		}
	}
	out = append(out, Feature{Name: "emaildomain", Source: "emailaddress1", Op: OpDomain, Of: "emailaddress1", Kind: Category, Arrival: true, Label: label("E-mail domain", "E-Mail-Domain")})
	for _, c := range []struct{ name, en, de string }{{"utm_source", "Campaign source", "Kampagnenquelle"}, {"utm_medium", "Campaign medium", "Kampagnenmedium"},
		{"utm_campaign", "Campaign", "Kampagne"}, {"page", "Page", "Seite"}, {"referrer", "Referring site", "Verweisende Website"}, {"device", "Device", "Gerät"}} {
		out = append(out, Feature{Name: Context + c.name, Source: Context + c.name, Op: OpAttribute, Of: Context + c.name, Kind: Category, Arrival: true, Label: label(c.en, c.de)})
	}
	for _, d := range Windows {
		en, de := fmt.Sprintf("in the last %d days", d), fmt.Sprintf("in den letzten %d Tagen", d)
		if d == 1 {
			en, de = "in the last day", "am letzten Tag"
		}
		out = append(out, engagement(OpViews, d, "Pages viewed "+en, "Seitenaufrufe "+de), engagement(OpSeconds, d, "Seconds on pages "+en, "Sekunden auf Seiten "+de),
			engagement(OpPages, d, "Different pages "+en, "Verschiedene Seiten "+de))
	}
	out = append(out, engagement(OpIdle, 0, "Days since the last visit", "Tage seit dem letzten Besuch"))
	// No month or year: a model that learned from one summer would know nothing of winter.
	out = append(out, Feature{Name: OpHour, Source: "time", Op: OpHour, Kind: Number, Arrival: true, Label: label("Hour of arrival", "Stunde des Eingangs")},
		Feature{Name: OpWeekday, Source: "time", Op: OpWeekday, Kind: Category, Arrival: true, Label: label("Weekday of arrival", "Wochentag des Eingangs")})
	return append(out, Feature{Name: OpAge, Source: "time", Op: OpAge, Kind: Number, Label: label("Days since arrival", "Tage seit dem Eingang")})
}

// Further gives the feature of an attribute that the lead has no column for.
func Further(name string) Feature {
	text := strings.ReplaceAll(strings.TrimPrefix(name, History), "_", " ")
	if text != "" {
		text = strings.ToUpper(text[:1]) + text[1:]
	}
	return Feature{Name: name, Source: name, Op: OpAttribute, Of: name, Kind: Auto, Arrival: true, Label: label(text, text)}
}

func engagement(op string, days int, en, de string) Feature {
	name := op
	if days > 0 {
		name += ":" + strconv.Itoa(days)
	}
	return Feature{Name: name, Source: "engagement", Op: op, Days: days, Kind: Number, Label: label(en, de)}
}

func ofColumn(c *metadata.Column) (Feature, bool) {
	f := Feature{Name: c.Name, Source: c.Name, Op: OpAttribute, Of: c.Name, Arrival: true, Label: map[string]string(c.Label)}
	if slices.Contains(personal, c.Name) || c.Name == "emailaddress1" {
		f.Name, f.Op, f.Kind = "filled:"+c.Name, OpFilled, Category
		en, de := f.In("en"), f.In("de")
		f.Label = label(en+" given", de+" angegeben")
		return f, true
	}
	switch c.TypeName {
	case "whole", "decimal", "money":
		f.Kind = Number
	case "choice":
		f.Kind, f.Words = Category, map[string]string{}
		for _, o := range c.Options {
			f.Words[strconv.FormatInt(o.Value, 10)] = o.Label["en"]
		}
	case "boolean":
		f.Kind, f.Words = Category, map[string]string{"true": "Yes", "false": "No"}
	case "text", "lookup":
		if c.Name == "rpt_matchkey" || c.Name == "rpt_visitorid" || c.Name == "rpt_eventid" || c.Name == "rpt_source" {
			return f, false
		}
		f.Kind = Category
	default:
		return f, false
	}
	return f, true
}

func label(en, de string) map[string]string { return map[string]string{"en": en, "de": de} }
