package httpapi

import (
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/businessrule"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/savedquery"
)

// The bodies below are the interface's types (web/src/api/types.ts). Lists are
// never null.

type uiSummary struct {
	LogicalName string `json:"logicalname"`
	EntitySet   string `json:"entityset"`
	Label       string `json:"label"`
	PluralLabel string `json:"pluralLabel"`
}

type uiTable struct {
	uiSummary
	PrimaryID   string              `json:"primaryid"`
	PrimaryName string              `json:"primaryname"`
	Privileges  uiPrivileges        `json:"privileges"`
	Columns     []uiColumn          `json:"columns"`
	Views       []uiView            `json:"views"`
	Forms       []uiForm            `json:"forms"`
	Charts      []uiChart           `json:"charts"`
	Related     []uiRelated         `json:"related"`
	Rules       []businessrule.View `json:"rules,omitempty"`
	Actions     []uiAction          `json:"actions,omitempty"`
}

// uiAction can be run on a row without saying more than its name, and records that it asks for.
type uiAction struct {
	Name  string  `json:"name"`
	About string  `json:"about,omitempty"`
	Asks  []uiAsk `json:"asks,omitempty"`
}

// uiAsk is a parameter that takes a record of a table.
type uiAsk struct {
	Name  string `json:"name"`
	Label string `json:"label"`
	Table string `json:"table"`
}

type uiPrivileges struct {
	Create bool `json:"create"`
	Read   bool `json:"read"`
	Write  bool `json:"write"`
	Delete bool `json:"delete"`
	Assign bool `json:"assign"`
}

type uiColumn struct {
	Name       string     `json:"name"`
	Type       string     `json:"type"`
	Label      string     `json:"label"`
	Required   bool       `json:"required,omitempty"`
	MaxLength  int        `json:"maxlength,omitempty"`
	Example    string     `json:"example,omitempty"` // of json: a text to begin with
	Precision  *int       `json:"precision,omitempty"`
	Options    []uiOption `json:"options,omitempty"`
	Targets    []string   `json:"targets,omitempty"`
	ReadOnly   bool       `json:"readonly,omitempty"`
	Later      bool       `json:"later,omitempty"` // not asked of a new record
	Searchable bool       `json:"searchable,omitempty"`
	Sortable   bool       `json:"sortable,omitempty"`
}

type uiOption struct {
	Value int64  `json:"value"`
	Label string `json:"label"`
	Color string `json:"color,omitempty"`
	State *int64 `json:"state,omitempty"`
}

type uiView struct {
	ID      string         `json:"id"`
	Name    string         `json:"name"`
	Default bool           `json:"default,omitempty"`
	Columns []uiViewColumn `json:"columns"`
	Filter  string         `json:"filter,omitempty"`
	OrderBy string         `json:"orderby,omitempty"`
	Row     id.ID          `json:"row"` // of savedquery
}

// uiChart is a chart; its query is the row of savedqueryvisualizations of that id.
type uiChart struct {
	ID      id.ID  `json:"id"`
	Name    string `json:"name"`
	Label   string `json:"label"`
	Type    string `json:"type"`
	Default bool   `json:"default,omitempty"`
	View    string `json:"view,omitempty"` // whose rows it shows
}

type uiViewColumn struct {
	Name string `json:"name"`
}

type uiForm struct {
	Name   string   `json:"name"`
	Tabs   []uiTab  `json:"tabs"`
	Header []string `json:"header"`
}

type uiTab struct {
	Label    string      `json:"label"`
	Sections []uiSection `json:"sections"`
}

type uiSection struct {
	Label   string   `json:"label"`
	Columns []string `json:"columns"`
}

func summaryOf(t *metadata.Table, lang string) uiSummary {
	return uiSummary{LogicalName: t.Name, EntitySet: t.Set, Label: t.Label.In(lang), PluralLabel: t.Plural.In(lang)}
}

func tableOf(t *metadata.Table, lang string, may func(access.Right) bool) uiTable {
	out := uiTable{uiSummary: summaryOf(t, lang), PrimaryID: t.ID, PrimaryName: t.Title, Columns: []uiColumn{}, Views: []uiView{}, Forms: []uiForm{}, Charts: []uiChart{}}
	// The platform alone writes rows of managed tables, whatever the roles say.
	out.Privileges = uiPrivileges{Read: may(access.Read), Create: !t.Managed && may(access.Create), Write: !t.Managed && may(access.Write),
		Delete: !t.Managed && may(access.Delete), Assign: !t.Managed && t.Owned() && may(access.Assign)}
	for _, c := range t.Columns {
		out.Columns = append(out.Columns, columnOf(t, c, lang))
	}
	for _, v := range t.Views {
		out.Views = append(out.Views, viewOf(t, v, lang))
	}
	for _, c := range t.Charts {
		out.Charts = append(out.Charts, uiChart{savedquery.ChartID(t.Name, c.Name), c.Name, c.Label.In(lang), c.Type, c.Default, c.View})
	}
	for _, f := range t.Forms {
		out.Forms = append(out.Forms, formOf(f, lang))
	}
	return out
}

// shownPrecision is how many digits of money people see; four are kept.
const shownPrecision = 2

func columnOf(t *metadata.Table, c *metadata.Column, lang string) uiColumn {
	out := uiColumn{Name: c.Name, Type: c.TypeName, Label: c.Label.In(lang), Required: c.Required || c.Name == "ownerid", MaxLength: maxLength(c),
		Targets: c.Targets, ReadOnly: c.ReadOnly || c.Name == t.ID, Searchable: c.Searchable,
		Later: c.Later || c.AutoNumber != "", Example: c.Example}
	shape := c.Type().Shape(c)
	switch shape.Kind {
	case query.Memo, query.JSON, query.ID: // ids have an order, but none that tells people anything
	default:
		out.Sortable = true
	}
	switch c.TypeName {
	case "decimal":
		scale := int(shape.Scale)
		out.Precision = &scale
	case "money":
		digits := shownPrecision
		out.Precision = &digits
	}
	for _, o := range c.Options {
		option := uiOption{Value: o.Value, Label: o.Label.In(lang), Color: o.Color}
		if c.Name == "statuscode" {
			if s, ok := t.State(o.Value); ok {
				option.State = &s.Value
			}
		}
		out.Options = append(out.Options, option)
	}
	return out
}

// What text columns take that name no length of their own, as package metadata has it.
const (
	textLength = 100
	memoLength = 100_000
)

// maxLength gives the characters that a text column takes; 0 for other columns.
func maxLength(c *metadata.Column) int {
	switch {
	case c.TypeName != "text" && c.TypeName != "memo":
		return 0
	case c.Max > 0:
		return c.Max
	case c.TypeName == "memo":
		return memoLength
	}
	return textLength
}

func viewOf(t *metadata.Table, v metadata.View, lang string) uiView {
	out := uiView{ID: v.Name, Name: v.Label.In(lang), Default: v.Default, Columns: []uiViewColumn{}, Filter: v.Filter, OrderBy: v.Order, Row: savedquery.ViewID(t.Name, v.Name)}
	if out.Name == "" {
		out.Name = v.Name
	}
	for _, c := range v.Columns {
		out.Columns = append(out.Columns, uiViewColumn{c})
	}
	return out
}

func formOf(f metadata.Form, lang string) uiForm {
	out := uiForm{Name: f.Name, Tabs: []uiTab{}, Header: append([]string{}, f.Header...)}
	for _, t := range f.Tabs {
		tab := uiTab{Label: t.Label.In(lang), Sections: []uiSection{}}
		for _, s := range t.Sections {
			tab.Sections = append(tab.Sections, uiSection{Label: s.Label.In(lang), Columns: append([]string{}, s.Columns...)})
		}
		out.Tabs = append(out.Tabs, tab)
	}
	return out
}
