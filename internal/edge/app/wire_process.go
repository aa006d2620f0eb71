package app

import (
	"context"

	"github.com/rapport-platform/rapport/internal/capability/sales"
	"github.com/rapport-platform/rapport/internal/commons/activity"
	"github.com/rapport-platform/rapport/internal/commons/process"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/businessrule"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/event"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/snapshot"
	"github.com/rapport-platform/rapport/internal/platform/solution"
	"github.com/rapport-platform/rapport/internal/platform/workflow"
	"github.com/rapport-platform/rapport/internal/platform/workspace"
)

// wireProcess brings what administrators say about records in: business rules
// and business process flows.
func (c *core) wireProcess(tailer *changelog.Tailer) {
	cfg := c.app.c
	c.formRules = snapshot.New(tailer, snapshot.Options[*businessrule.Set]{Name: "business rules", Tables: []string{"workflow"}, Logger: cfg.Logger,
		Load: func(ctx context.Context) (*businessrule.Set, error) {
			return businessrule.Load(access.AsSystem(ctx, "business rules"), c.store, c.access.Catalog(), cfg.Logger)
		}})
	c.store.AddHook(workspace.Check())
	c.store.AddHook(activity.Mentions())
	c.store.AddHook(activity.Follows())
	c.processes = snapshot.New(tailer, snapshot.Options[*process.Set]{Name: "processes", Tables: []string{"workflow"}, Logger: cfg.Logger,
		Load: func(ctx context.Context) (*process.Set, error) {
			return process.Load(access.AsSystem(ctx, "processes"), c.store, c.access.Catalog(), cfg.Logger)
		}})
	c.customs.OnChange(c.formRules.Invalidate)
	c.customs.OnChange(c.processes.Invalidate)
	instances := &process.Instances{Customs: c.customs, Store: c.store, Jobs: c.jobs}
	keepDefinitions(c.store, c.access.Catalog, definitionKinds(c.checker), instances)
	process.Define(c.actions, c.processes.Get, c.access.Catalog, cfg.Clock)
	c.runner.Handle(process.InstanceKind, instances.Handler())
	c.runner.Handle(process.StalledKind, c.stalled().Handler())
	c.store.AddHooks(process.Follow(c.processes.Get, c.access.Catalog, cfg.Clock))
	c.store.AddHooks(businessrule.Obey(c.formRules.Get))
}

// stalled looks for what stays too long in a stage.
func (c *core) stalled() *process.Stalled {
	return &process.Stalled{Set: c.processes.Get, Store: c.store, Jobs: c.jobs, Clock: c.app.c.Clock}
}

// laterInstances makes the instances of records that an import has made.
func (c *core) laterInstances() *process.Later {
	cfg := c.app.c
	return &process.Later{Set: c.processes.Get, Catalog: c.access.Catalog, DB: c.db, Store: c.store, Log: c.log, Clock: cfg.Clock, Logger: cfg.Logger}
}

// followers tells people what others do to the records they follow.
func (c *core) followers() *event.Batch {
	cfg := c.app.c
	return (&activity.Followers{DB: c.db, Store: c.store, Log: c.log, Catalog: c.access.Catalog, Language: c.access.Language, Clock: cfg.Clock, Logger: cfg.Logger}).Follower()
}

// seedProcesses makes the processes that come with the product.
func (c *core) seedProcesses(ctx context.Context) error {
	for name, text := range sales.Processes() {
		p, err := process.Compile(text, c.access.Catalog())
		if err != nil {
			return errs.Wrap(err, errs.Internal, "app.process", "the process %s can't be used", name)
		}
		row := record.Row{"workflowid": id.Derive("workflow", p.Name), "name": p.Title["en"], "category": process.Category, "clientdata": text, "statecode": 1, "rpt_solution": workflow.System}
		if err := c.store.Write(ctx, func(tx *record.Tx) error { return solution.Ensure(ctx, tx, c.access.Catalog(), "workflow", row) }); err != nil {
			return err
		}
	}
	return c.processes.Refresh(ctx)
}
