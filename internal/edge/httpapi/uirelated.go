package httpapi

import (
	"cmp"
	"slices"

	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

// uiRelated is a list of other rows that belong to a row.
type uiRelated struct {
	Nav     string `json:"nav"`   // collection-valued navigation property
	Table   string `json:"table"` // logical name
	Label   string `json:"label"`
	Column  string `json:"column,omitempty"`  // 1:N: the other table's lookup to this one
	Inverse string `json:"inverse,omitempty"` // N:N: the other table's navigation property to this one
}

// Tables whose rows a record's page shows in another way, or that are the
// platform's own business.
var unlisted = []string{"annotation", "activitypointer", "activityparty", "activitymimeattachment", "asyncoperation", "bulkdeleteoperation", "principalobjectaccess", "appnotification",
	"rpt_flowrun", "rpt_flowcheckpoint", "postfollow", "duplicaterecord", "rpt_preference", "processstage"}

// relatedOf lists what belongs to a table's rows and may be read, by label.
// Activities stand in the timeline; who wrote or owns a row is no list of that
// person's record.
func relatedOf(t *metadata.Table, catalog *metadata.Catalog, lang string, reads func(table string) bool) []uiRelated {
	out := []uiRelated{}
	times := map[string]int{}
	for nav, r := range t.Relations() {
		other, ok := catalog.Table(r.Table)
		if !ok || !r.Many || other.Intersect || slices.Contains(unlisted, r.Table) || other.Base == "activitypointer" && !r.ManyToMany() || !reads(r.Table) {
			continue
		}
		entry := uiRelated{Nav: nav, Table: r.Table, Label: other.Plural.In(lang)}
		if r.ManyToMany() {
			entry.Inverse = r.Via.Back
		} else {
			c, ok := other.Column(r.To)
			if !ok || c.System || c.Name == "ownerid" {
				continue
			}
			entry.Column = r.To
		}
		times[r.Table]++
		out = append(out, entry)
	}
	for i, e := range out {
		if times[e.Table] < 2 || e.Column == "" {
			continue
		}
		other, _ := catalog.Table(e.Table)
		if c, ok := other.Column(e.Column); ok {
			out[i].Label += " (" + c.Label.In(lang) + ")"
		}
	}
	slices.SortFunc(out, func(a, b uiRelated) int { return cmp.Or(cmp.Compare(a.Label, b.Label), cmp.Compare(a.Nav, b.Nav)) })
	return out
}
