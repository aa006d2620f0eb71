package app

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/rapport-platform/rapport/internal/commons/board"
	"github.com/rapport-platform/rapport/internal/edge/httpapi"
	"github.com/rapport-platform/rapport/internal/edge/httpapi/definition"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/auth"
	"github.com/rapport-platform/rapport/internal/platform/workspace"
)

// errAway is the answer of everything that needs records while they are away.
var errAway = &errs.Error{Kind: errs.Unavailable, Code: "app.records_away", Message: "records can't be reached at the moment; forms and events are taken", RetryAfter: 2e9}

// routes puts the addresses together: what needs no database stands by itself,
// the rest behind the records' own mux.
func (a *App) routes() (http.Handler, error) {
	mux := http.NewServeMux()
	(&httpapi.PortalAPI{Service: a.front.portal, Proxies: a.c.Proxies}).Register(mux)
	(&httpapi.EventsAPI{Publisher: a.front.stream, Keys: a.front.keys}).Register(mux)
	(&httpapi.HealthAPI{Intake: func(context.Context) error { return a.front.stream.Ready() }, Records: a.recordsReady, Gatherer: a.gatherer()}).Register(mux)
	mux.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) {
		c := a.core.Load()
		if c == nil {
			httpapi.WriteError(w, r, errAway)
			return
		}
		c.mux.ServeHTTP(w, r)
	})
	for _, pattern := range []string{"/member", "/member/"} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			c := a.core.Load()
			if c == nil {
				httpapi.WriteMemberAway(w, r)
				return
			}
			c.mux.ServeHTTP(w, r)
		})
	}
	ui, err := httpapi.NewUI(a.c.UI)
	if err != nil {
		return nil, err
	}
	mux.Handle("/", ui)
	clients := &httpapi.OAuthAPI{Clients: lateAuth{a}, Proxies: a.c.Proxies}
	return httpapi.NewMiddleware(httpapi.MiddlewareOptions{Auth: lateAuth{a}, Registerer: a.telemetry.registry, Logger: a.c.Logger, Clock: a.c.Clock, Proxies: a.c.Proxies}).Wrap(clients.Wrap(mux)), nil
}

// register makes the mux of everything that needs records.
func (c *core) register() {
	c.mux = http.NewServeMux()
	cfg := c.app.c
	api := &httpapi.ODataAPI{Records: c.store, Log: c.log, Actions: odataActions{c.actions}, Callers: odataCallers{c}, Search: c.index, Limits: c.limits, Principals: c.access, Catalog: c.access.Catalog, Clock: cfg.Clock, Organization: c.app.front.organization,
		Definitions: &definition.API{Customs: c.customs, Clock: cfg.Clock}, Renew: c.customs.Refresh, Files: c.files}
	api.Register(c.mux)
	c.wireTransfer(api)
	(&httpapi.SearchAPI{OData: api}).Register(c.mux)
	(&httpapi.SolutionsAPI{Solutions: c.solutions()}).Register(c.mux)
	c.registerAuth()
	(&httpapi.TablesAPI{Catalog: c.access.Catalog, Access: c.access, Users: c.store, Rules: c.formRules.Get, Actions: c.actions.List}).Register(c.mux)
	(&httpapi.TimelineAPI{Catalog: c.access.Catalog, Records: c.store, History: c.log, Access: c.access, Processes: c.processes.Get}).Register(c.mux)
	(&httpapi.LiveAPI{Hub: c.live, Auth: c.auth, Clock: cfg.Clock, Users: c.store}).Register(c.mux)
	(&httpapi.WorkspaceAPI{Records: c.store, Catalog: c.access.Catalog, Access: c.access, Roles: c.access.Roles, Preferences: &workspace.Preferences{Store: c.store}}).Register(c.mux)
	(&httpapi.BoardAPI{OData: api, Boards: &board.Boards{Records: c.store, Catalog: c.access.Catalog, Set: c.processes.Get, Hidden: c.access.Hidden}}).Register(c.mux)
	(&httpapi.ReportsAPI{OData: api, Reports: c.reports}).Register(c.mux)
	(&httpapi.ProcessAPI{Catalog: c.access.Catalog, Records: c.store, Set: c.processes.Get, Ensure: c.laterInstances().Ensure}).Register(c.mux)
	(&httpapi.ExchangeAPI{Receive: c.exchange.Receive}).Register(c.mux)
}

func (a *App) recordsReady(ctx context.Context) error {
	c := a.core.Load()
	if c == nil {
		return errAway
	}
	return c.db.Ping(ctx)
}

// gatherer brings the metrics of both steps together; those of the second come
// and go with it.
func (a *App) gatherer() prometheus.Gatherer {
	return prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) {
		all := prometheus.Gatherers{a.telemetry.registry}
		if c := a.core.Load(); c != nil {
			all = append(all, c.registry)
		}
		return all.Gather()
	})
}

// lateAuth asks the sign-in of the records once they are there.
type lateAuth struct{ a *App }

// settleWait is how long a request waits for rights that have just been changed;
// then it goes by those before. That a database is away keeps nobody for longer.
const settleWait = 5 * time.Second

func (l lateAuth) now(ctx context.Context) (*auth.Auth, error) {
	c := l.a.core.Load()
	if c == nil {
		return nil, errAway
	}
	ctx, cancel := context.WithTimeout(ctx, settleWait)
	defer cancel()
	_ = c.users.Settle(ctx)
	return c.auth, nil
}

func (l lateAuth) SignIn(ctx context.Context, name, password string, from auth.From) (auth.Session, error) {
	a, err := l.now(ctx)
	if err != nil {
		return auth.Session{}, err
	}
	return a.SignIn(ctx, name, password, from)
}

func (l lateAuth) SignOut(ctx context.Context, secret string) error {
	a, err := l.now(ctx)
	if err != nil {
		return err
	}
	return a.SignOut(ctx, secret)
}

func (l lateAuth) Session(ctx context.Context, secret string) (auth.Session, error) {
	a, err := l.now(ctx)
	if err != nil {
		return auth.Session{}, err
	}
	return a.Session(ctx, secret)
}

func (l lateAuth) Check(ctx context.Context, secret string) (auth.Session, error) {
	a, err := l.now(ctx)
	if err != nil {
		return auth.Session{}, err
	}
	return a.Check(ctx, secret)
}

func (l lateAuth) MemberSession(ctx context.Context, secret string) (auth.MemberSession, error) {
	a, err := l.now(ctx)
	if err != nil {
		return auth.MemberSession{}, err
	}
	return a.MemberSession(ctx, secret)
}

func (l lateAuth) Token(ctx context.Context, secret string) (auth.Bearer, error) {
	a, err := l.now(ctx)
	if err != nil {
		return auth.Bearer{}, err
	}
	return a.Token(ctx, secret)
}
