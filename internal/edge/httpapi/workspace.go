package httpapi

import (
	"encoding/json"
	"io"
	"net/http"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/workspace"
)

// WorkspaceAPI tells the interface how a person's screen is arranged:
//
//	GET   /api/ui/apps          the apps of the person, with what they may read
//	GET   /api/ui/preferences   their own settings
//	PATCH /api/ui/preferences   changes some; null takes one away; answers with all
type WorkspaceAPI struct {
	Records     workspace.Reader
	Catalog     func() *metadata.Catalog
	Access      Allower
	Roles       func(user id.ID) []string
	Preferences *workspace.Preferences
}

// Register adds the routes.
func (a *WorkspaceAPI) Register(mux *http.ServeMux) {
	mux.HandleFunc("GET /api/ui/apps", answering(a.apps))
	mux.HandleFunc("GET /api/ui/preferences", answering(a.settings))
	mux.HandleFunc("PATCH /api/ui/preferences", answering(a.change))
}

type uiApp struct {
	Name        string        `json:"name"`
	Label       string        `json:"label"`
	Description string        `json:"description,omitempty"`
	Icon        string        `json:"icon,omitempty"`
	Groups      []uiNavGroup  `json:"groups"`
	Dashboards  []uiDashboard `json:"dashboards"`
}

type uiNavGroup struct {
	Label string      `json:"label"`
	Items []uiNavItem `json:"items"`
}

type uiNavItem struct {
	Table     string `json:"table,omitempty"`
	View      string `json:"view,omitempty"`
	Page      string `json:"page,omitempty"`
	Dashboard string `json:"dashboard,omitempty"`
	Label     string `json:"label,omitempty"`
	Icon      string `json:"icon,omitempty"`
}

type uiDashboard struct {
	Name   string        `json:"name"`
	Label  string        `json:"label"`
	Charts []uiDashChart `json:"charts"`
}

type uiDashChart struct {
	Table string `json:"table"`
	Chart string `json:"chart"`
}

func (a *WorkspaceAPI) apps(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	who := access.From(ctx)
	if who.Kind == access.Anonymous {
		return access.ErrSignIn
	}
	catalog := a.Catalog()
	apps, err := workspace.Apps(ctx, a.Records, workspace.Asker{Roles: a.Roles(who.ID), Reads: func(table string) bool {
		_, ok := catalog.Table(table)
		return ok && a.Access.Allow(ctx, table, access.Read) == nil
	}})
	if err != nil {
		return err
	}
	lang := languageOf(r, a.Records)
	out := []uiApp{}
	for _, app := range apps {
		out = append(out, appBody(app, lang))
	}
	return writeTagged(w, r, lang, out)
}

func appBody(app workspace.App, lang string) uiApp {
	out := uiApp{Name: app.Name, Label: app.Label.In(lang), Description: app.Description, Icon: app.Icon, Groups: []uiNavGroup{}, Dashboards: []uiDashboard{}}
	for _, g := range app.Groups {
		group := uiNavGroup{Label: g.Label.In(lang), Items: []uiNavItem{}}
		for _, i := range g.Items {
			group.Items = append(group.Items, uiNavItem{Table: i.Table, View: i.View, Page: i.Page, Dashboard: i.Dashboard, Label: i.Label.In(lang), Icon: i.Icon})
		}
		out.Groups = append(out.Groups, group)
	}
	for _, d := range app.Dashboards {
		board := uiDashboard{Name: d.Name, Label: d.Label.In(lang), Charts: []uiDashChart{}}
		for _, c := range d.Charts {
			board.Charts = append(board.Charts, uiDashChart{c.Table, c.Chart})
		}
		out.Dashboards = append(out.Dashboards, board)
	}
	return out
}

func (a *WorkspaceAPI) settings(w http.ResponseWriter, r *http.Request) error {
	all, err := a.Preferences.Get(r.Context())
	if err != nil {
		return err
	}
	writePortalJSON(w, http.StatusOK, all)
	return nil
}

const mostPreferences = 64 << 10

func (a *WorkspaceAPI) change(w http.ResponseWriter, r *http.Request) error {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostPreferences))
	if err != nil {
		return errs.New(errs.TooLarge, "ui.preferences", "settings take at most %d bytes", mostPreferences)
	}
	var change workspace.Settings
	if err := json.Unmarshal(text, &change); err != nil || change == nil {
		return errs.New(errs.Invalid, "ui.preferences", "the body must be an object of settings")
	}
	all, err := a.Preferences.Change(r.Context(), change)
	if err != nil {
		return err
	}
	writePortalJSON(w, http.StatusOK, all)
	return nil
}
