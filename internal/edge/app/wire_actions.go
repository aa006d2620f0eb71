package app

import (
	"context"

	"github.com/rapport-platform/rapport/internal/capability/support"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/action/builtin"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/duplicate"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/savedquery"
	"github.com/rapport-platform/rapport/internal/platform/snapshot"
	"github.com/rapport-platform/rapport/internal/platform/solution"
)

// wireActions brings the actions together that belong to no capability, and
// those that customers define. Flows are there already.
func (c *core) wireActions(tailer *changelog.Tailer) error {
	cfg := c.app.c
	maker, err := action.NewCustomiser(c.access.Catalog, c.access, c.flows, cfg.Clock, cfg.Logger)
	if err != nil {
		return err
	}
	c.store.AddHook(maker.Check(c.actions))
	own := builtin.New(builtin.Options{Store: c.store, Access: c.access, Log: c.log, Jobs: c.jobs, Clock: cfg.Clock, Organization: c.app.front.organization, Name: "Rapport"})
	own.Define(c.actions)
	c.wireAudit()
	for _, guard := range own.Guards() {
		c.store.AddHook(guard)
	}
	c.store.AddHooks(own.RecordTeamHooks)
	c.runner.Handle(builtin.BulkDeleteKind, own.BulkDeletes())
	customs := snapshot.New(tailer, snapshot.Options[*action.Customs]{Name: "custom actions", Tables: []string{"customapi"}, Logger: cfg.Logger,
		Load: func(ctx context.Context) (*action.Customs, error) {
			return maker.Load(access.AsSystem(ctx, "custom actions"), c.store)
		}})
	rules := snapshot.New(tailer, snapshot.Options[*duplicate.Rules]{Name: "duplicate rules", Tables: duplicate.Watched(), Logger: cfg.Logger,
		Load: func(ctx context.Context) (*duplicate.Rules, error) {
			return duplicate.Load(access.AsSystem(ctx, "duplicate rules"), c.store, c.access.Catalog(), cfg.Logger)
		}})
	engine := &duplicate.Engine{Rules: rules.Get, Catalog: c.access.Catalog}
	publisher := &duplicate.Publisher{Store: c.store, Catalog: c.access.Catalog, Jobs: c.jobs, Clock: cfg.Clock}
	c.store.AddHooks(engine.Hook)
	c.store.AddHook(publisher.Shipped())
	c.runner.Handle(duplicate.Kind, publisher.Handler())
	c.runner.Handle(duplicate.ScanKind, publisher.Scans())
	own.DefineDuplicates(c.actions, engine, publisher)
	c.services.Add("duplicate rules", rules)
	behind := &duplicate.Behind{Engine: engine, DB: c.db, Store: c.store, Log: c.log, Clock: cfg.Clock, Logger: cfg.Logger}
	c.services.Add("keys of duplicate rules", behind.Follower())
	c.wireWebhooks(tailer)
	c.defineClients()
	c.defineSample()
	bundles := c.solutions()
	solution.Define(c.actions, bundles)
	c.store.AddHook(bundles.Keep())
	support.Define(c.actions, cfg.Clock)
	c.actions.UseCustom(customs.Get)
	for _, hook := range savedquery.Hooks(c.access.Catalog, cfg.Clock) {
		c.store.AddHook(hook)
	}
	builtin.DefineIndexes(c.actions, &savedquery.Indexes{DB: c.db, Store: c.store, Customs: c.customs, Clock: cfg.Clock})
	views := savedquery.NewViews(c.store, c.access.Catalog, cfg.Clock, cfg.Logger)
	c.customs.OnChange(views.Changed)
	c.services.Add("saved queries of views", views)
	c.services.Add("custom actions", customs)
	return nil
}

// odataCallers tells the Web API who may ask in whose name.
type odataCallers struct{ c *core }

func (o odataCallers) Privileged(ctx context.Context, privilege string) error {
	return o.c.access.Privileged(ctx, privilege)
}

func (o odataCallers) Known(user id.ID) bool { return o.c.access.Known(user) }

// ByObjectID finds a user by the id that the sign-in service has for it.
func (o odataCallers) ByObjectID(ctx context.Context, object id.ID) (id.ID, error) {
	page, err := o.c.store.Find(access.AsSystem(ctx, "whom a caller acts for"), query.Query{Table: "systemuser", Select: []string{"systemuserid"}, Limit: 1,
		Where: query.Compare{Left: query.Path{"azureactivedirectoryobjectid"}, Value: object}})
	if err != nil || len(page.Rows) == 0 {
		return id.Nil, err
	}
	return page.Rows[0].ID("systemuserid"), nil
}
