package app

import (
	"context"

	"github.com/rapport-platform/rapport/internal/commons/calendar"
	"github.com/rapport-platform/rapport/internal/commons/routing"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/snapshot"
)

// wireRouting brings the rules together by which records find their queue and owner.
func (c *core) wireRouting(tailer *changelog.Tailer) {
	cfg := c.app.c
	c.routeSets = snapshot.New(tailer, snapshot.Options[*routing.Sets]{Name: "routing rules", Tables: routing.Watched(), Logger: cfg.Logger,
		Load: func(ctx context.Context) (*routing.Sets, error) {
			return routing.Load(access.AsSystem(ctx, "routing rules"), c.store, c.access.Catalog(), cfg.Logger)
		}})
	c.routePeople = snapshot.New(tailer, snapshot.Options[*routing.People]{Name: "routing people", Tables: routing.PeopleWatched(), Logger: cfg.Logger,
		Load: func(ctx context.Context) (*routing.People, error) {
			return routing.LoadPeople(access.AsSystem(ctx, "routing people"), c.store)
		}})
	c.customs.OnChange(c.routeSets.Invalidate)
	c.routing = &routing.Engine{Sets: c.routeSets.Get, People: c.routePeople.Get, Queues: c.routes.Get, Catalog: c.access.Catalog, Teams: c.access, Clock: cfg.Clock}
	routing.Define(c.actions, c.routing, routing.Routers{"lead": "rpt_RouteLead"})
	for _, hook := range append(routing.Keep(), calendar.Check()...) {
		c.store.AddHook(hook)
	}
	c.store.AddHook(c.routing.Picks())
	c.store.AddHooks(c.routing.Follow(cfg.Logger))
}

// dealWaiting gives records that nobody could take when they came to whoever can now.
func (c *core) dealWaiting(ctx context.Context) error {
	_, err := c.routing.Sweep(ctx, c.store)
	return err
}
