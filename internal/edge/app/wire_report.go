package app

import (
	"context"

	"github.com/rapport-platform/rapport/internal/commons/report"
	"github.com/rapport-platform/rapport/internal/commons/sla"
	"github.com/rapport-platform/rapport/internal/commons/worklist"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/snapshot"
)

// wireReports brings in what managers look at: reports, and the service level of
// first contact that one of them tells of; and the work lists of sellers.
func (c *core) wireReports(tailer *changelog.Tailer) {
	cfg := c.app.c
	c.terms = snapshot.New(tailer, snapshot.Options[*sla.Terms]{Name: "service levels", Tables: sla.Watched(), Logger: cfg.Logger,
		Load: func(ctx context.Context) (*sla.Terms, error) {
			return sla.Load(access.AsSystem(ctx, "service levels"), c.store)
		}})
	c.store.AddHooks(sla.Contact(c.terms.Get, c.access.Catalog, cfg.Clock))
	c.reports = &report.Service{Records: c.store, Catalog: c.access.Catalog, Set: c.processes.Get}
	c.store.AddHook(c.reports.Check())
	(&worklist.Service{Catalog: c.access.Catalog, Clock: cfg.Clock}).Define(c.actions)
}
