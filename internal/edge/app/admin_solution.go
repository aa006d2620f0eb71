package app

import (
	"context"
	"io/fs"

	"github.com/rapport-platform/rapport/internal/commons/process"
	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/customise"
	"github.com/rapport-platform/rapport/internal/platform/flow"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/solution"
)

// solutions gives what brings solutions in and out, and a context in which the
// command line acts. A server that runs beside hears of the changes itself, and
// does what is left to do later.
func (a *Admin) solutions(ctx context.Context) (*solution.Manager, context.Context, error) {
	shipped, err := Catalog()
	if err != nil {
		return nil, nil, err
	}
	customs := customise.New(customise.Options{DB: a.db, Shipped: shipped, Clock: clock.System{}})
	control := &access.Control{Current: func() *access.Snapshot { return a.users }, Catalog: customs.Catalog}
	store := record.New(record.Options{DB: a.db, Catalog: customs.Catalog, Access: control, Log: changelog.New(a.db), Clock: clock.System{}, Renew: customs.Refresh})
	jobs := job.NewQueue(a.db, clock.System{})
	customs.Use(store, control, jobs)
	if _, err := customs.Refresh(ctx); err != nil {
		return nil, nil, err
	}
	customs.Examine(examineDefinitions(clock.System{}))
	kinds := definitionKinds(&flow.Checker{})
	keepDefinitions(store, customs.Catalog, kinds, &process.Instances{Customs: customs, Store: store, Jobs: jobs})
	return &solution.Manager{Store: store, Customs: customs, Kinds: kinds, Clock: clock.System{}}, access.AsSystem(ctx, "command line"), nil
}

// ImportSolution brings a folder in.
func (a *Admin) ImportSolution(ctx context.Context, files fs.FS, confirm, dryRun bool) (customise.Report, error) {
	m, ctx, err := a.solutions(ctx)
	if err != nil {
		return customise.Report{}, err
	}
	return m.Import(ctx, files, customise.How{Confirm: confirm, DryRun: dryRun})
}

// ExportSolution gives the files of a solution by path.
func (a *Admin) ExportSolution(ctx context.Context, name string) (map[string][]byte, error) {
	m, ctx, err := a.solutions(ctx)
	if err != nil {
		return nil, err
	}
	return m.Export(ctx, name)
}

// RemoveSolution takes a solution out.
func (a *Admin) RemoveSolution(ctx context.Context, name string, confirm, dryRun bool) (customise.Report, error) {
	m, ctx, err := a.solutions(ctx)
	if err != nil {
		return customise.Report{}, err
	}
	return m.Remove(ctx, name, customise.How{Confirm: confirm, DryRun: dryRun})
}
