package workspace

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"regexp"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

//go:embed tables/*.yaml
var tables embed.FS

// Tables gives the definitions of the package's tables, made anew at each call.
func Tables() ([]*metadata.Table, error) { return metadata.Load(tables, "tables") }

// Group is a part of an app's navigation.
type Group struct {
	Label metadata.Label `json:"label"`
	Items []Item         `json:"items"`
}

// Item leads to one of a table's list, a page of the interface, or a dashboard.
type Item struct {
	Table     string         `json:"table,omitempty"`
	View      string         `json:"view,omitempty"` // of the table; its default without
	Page      string         `json:"page,omitempty"` // path below the interface's root
	Dashboard string         `json:"dashboard,omitempty"`
	Needs     string         `json:"needs,omitempty"` // a table that must be readable for the page to be shown
	Label     metadata.Label `json:"label,omitempty"` // a table has its own without
	Icon      string         `json:"icon,omitempty"`
}

// Dashboard shows charts beside each other.
type Dashboard struct {
	Name   string         `json:"name"`
	Label  metadata.Label `json:"label"`
	Charts []DashChart    `json:"charts"`
}

// DashChart is a chart of a table, by the names of both.
type DashChart struct {
	Table string `json:"table"`
	Chart string `json:"chart"` // name of the row of savedqueryvisualization, in English
}

const (
	mostGroups = 30
	mostItems  = 200
	mostCharts = 24
)

var (
	nameText = regexp.MustCompile(`^[a-z][a-z0-9_]{0,127}$`)
	pageText = regexp.MustCompile(`^/?[a-z0-9][a-z0-9_/-]{0,120}$`)
)

func broken(column, format string, args ...any) error {
	err := errs.New(errs.Invalid, "workspace."+column, format, args...)
	err.Fields = []errs.Field{{Name: column, Code: "navigation", Message: err.Message}}
	return err
}

func read(raw json.RawMessage, into any) error {
	if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

// CheckApp makes sure that an app's navigation and dashboards can be shown.
// Tables that are not there are no fault: they may come with a capability.
func CheckApp(row record.Row) error {
	var label metadata.Label
	if err := read(document(row, "rpt_label"), &label); err != nil {
		return broken("rpt_label", `the label is no object of texts by language, such as {"en": "Sales"}`)
	}
	var groups []Group
	if err := read(document(row, "rpt_navigation"), &groups); err != nil {
		return broken("rpt_navigation", "the navigation is no list of groups with label and items")
	}
	var boards []Dashboard
	if err := read(document(row, "rpt_dashboards"), &boards); err != nil {
		return broken("rpt_dashboards", "the dashboards are no list with name, label and charts")
	}
	known := map[string]bool{}
	for _, b := range boards {
		if known[b.Name] || !nameText.MatchString(b.Name) || b.Label["en"] == "" || len(b.Charts) == 0 || len(b.Charts) > mostCharts {
			return broken("rpt_dashboards", "dashboard %q stands twice, or lacks a name, label.en or 1 to %d charts", b.Name, mostCharts)
		}
		for _, c := range b.Charts {
			if !nameText.MatchString(c.Table) || c.Chart == "" {
				return broken("rpt_dashboards", "a chart of dashboard %q lacks table or chart", b.Name)
			}
		}
		known[b.Name] = true
	}
	if len(groups) == 0 || len(groups) > mostGroups {
		return broken("rpt_navigation", "an app has 1 to %d groups", mostGroups)
	}
	items := 0
	for _, g := range groups {
		for _, i := range g.Items {
			items++
			if err := i.check(known); err != nil {
				return err
			}
		}
	}
	if items == 0 || items > mostItems {
		return broken("rpt_navigation", "an app has 1 to %d items", mostItems)
	}
	return nil
}

func (i Item) check(boards map[string]bool) error {
	ways := 0
	for _, s := range []string{i.Table, i.Page, i.Dashboard} {
		if s != "" {
			ways++
		}
	}
	switch {
	case ways != 1:
		return broken("rpt_navigation", "each item has one of table, page and dashboard")
	case i.Table != "" && !nameText.MatchString(i.Table) || i.Needs != "" && !nameText.MatchString(i.Needs):
		return broken("rpt_navigation", "%q is no name of a table", i.Table+i.Needs)
	case i.Page != "" && (!pageText.MatchString(i.Page) || i.Label["en"] == ""):
		return broken("rpt_navigation", "page %q is no path of the interface, or has no label.en", i.Page)
	case i.Dashboard != "" && !boards[i.Dashboard]:
		return broken("rpt_navigation", "there is no dashboard %q in the app", i.Dashboard)
	}
	return nil
}

func document(row record.Row, column string) json.RawMessage {
	raw, _ := row[column].(json.RawMessage)
	return raw
}

// Check is the hook that keeps apps which can't be shown from being saved.
func Check() record.Hook {
	return record.Hook{Table: "appmodule",
		BeforeCreate: func(_ context.Context, _ *record.Tx, row record.Row) error { return CheckApp(row) },
		BeforeUpdate: func(_ context.Context, _ *record.Tx, old, change record.Row) error {
			merged := record.Row{}
			for _, c := range []string{"rpt_label", "rpt_navigation", "rpt_dashboards"} {
				merged[c] = old[c]
				if v, ok := change[c]; ok {
					merged[c] = v
				}
			}
			return CheckApp(merged)
		},
	}
}
