package workspace

import (
	"context"
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// App is an app as one person has it: only what they may read is left in it.
type App struct {
	ID          id.ID          `json:"id"`
	Name        string         `json:"name"`
	Label       metadata.Label `json:"label"`
	Description string         `json:"description,omitempty"`
	Icon        string         `json:"icon,omitempty"`
	Groups      []Group        `json:"groups"`
	Dashboards  []Dashboard    `json:"dashboards,omitempty"`
}

// Reader reads apps, and the names of the roles that they are for.
type Reader interface {
	record.Reader
	Names(ctx context.Context, table string, ids []id.ID) (map[id.ID]string, error)
}

// Asker is the person that apps are shown to.
type Asker struct {
	Roles []string                // names
	Reads func(table string) bool // whether the table is there and rows of it may be read
}

// administrator sees all apps: somebody must be able to mend them.
const administrator = "System Administrator"

const most = 500

// Apps gives the active apps of a person in their order. An app without roles is everybody's.
func Apps(ctx context.Context, from Reader, who Asker) ([]App, error) {
	ctx = access.AsSystem(ctx, "apps are shown by role, not by privilege on their rows")
	page, err := from.Find(ctx, query.Query{Table: "appmodule", Limit: most, Where: query.Compare{Left: query.Path{"statecode"}, Value: int64(0)},
		Select: []string{"appmoduleid", "name", "uniquename", "description", "rpt_label", "rpt_icon", "rpt_navigation", "rpt_dashboards"},
		Order:  []query.Order{{Column: "rpt_order"}, {Column: "name"}}})
	if err != nil {
		return nil, err
	}
	roles, err := rolesOf(ctx, from)
	if err != nil {
		return nil, err
	}
	out := []App{}
	for _, row := range page.Rows {
		for_ := roles[row.ID("appmoduleid")]
		if len(for_) > 0 && !slices.Contains(who.Roles, administrator) && !slices.ContainsFunc(for_, func(r string) bool { return slices.Contains(who.Roles, r) }) {
			continue
		}
		if app, ok := appOf(row, who.Reads); ok {
			out = append(out, app)
		}
	}
	return out, nil
}

// rolesOf gives the names of the roles that each app is for.
func rolesOf(ctx context.Context, from Reader) (map[id.ID][]string, error) {
	page, err := from.Find(ctx, query.Query{Table: "appmoduleroles", Select: []string{"appmoduleid", "roleid"}, Limit: record.MaxPage})
	if err != nil {
		return nil, err
	}
	ids := make([]id.ID, len(page.Rows))
	for i, row := range page.Rows {
		ids[i] = row.ID("roleid")
	}
	names, err := from.Names(ctx, "role", ids)
	if err != nil {
		return nil, err
	}
	out := map[id.ID][]string{}
	for _, row := range page.Rows {
		out[row.ID("appmoduleid")] = append(out[row.ID("appmoduleid")], names[row.ID("roleid")])
	}
	return out, nil
}

// appOf leaves in an app what the person may read; ok is false when nothing is.
func appOf(row record.Row, reads func(string) bool) (app App, ok bool) {
	app = App{ID: row.ID("appmoduleid"), Name: row.Text("uniquename"), Label: metadata.Label{"en": row.Text("name")}, Description: row.Text("description"), Icon: row.Text("rpt_icon"), Groups: []Group{}}
	var groups []Group
	var boards []Dashboard
	// What can't be read was refused when it was saved.
	if read(document(row, "rpt_navigation"), &groups) != nil || read(document(row, "rpt_dashboards"), &boards) != nil || read(document(row, "rpt_label"), &app.Label) != nil {
		return app, false
	}
	if app.Label["en"] == "" {
		app.Label = metadata.Label{"en": row.Text("name")}
	}
	shown := map[string]bool{}
	for _, b := range boards {
		b.Charts = slices.DeleteFunc(b.Charts, func(c DashChart) bool { return !reads(c.Table) })
		if len(b.Charts) > 0 {
			app.Dashboards = append(app.Dashboards, b)
			shown[b.Name] = true
		}
	}
	tables := 0
	for _, g := range groups {
		g.Items = slices.DeleteFunc(g.Items, func(i Item) bool {
			return i.Table != "" && !reads(i.Table) || i.Needs != "" && !reads(i.Needs) || i.Dashboard != "" && !shown[i.Dashboard]
		})
		if len(g.Items) > 0 {
			app.Groups = append(app.Groups, g)
			tables += len(g.Items)
		}
	}
	return app, tables > 0
}
