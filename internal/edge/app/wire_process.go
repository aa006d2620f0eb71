package app

import (
	"context"

	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/businessrule"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/snapshot"
)

// wireProcess brings what administrators say about records in: business rules.
func (c *core) wireProcess(tailer *changelog.Tailer) {
	cfg := c.app.c
	c.formRules = snapshot.New(tailer, snapshot.Options[*businessrule.Set]{Name: "business rules", Tables: []string{"workflow"}, Logger: cfg.Logger,
		Load: func(ctx context.Context) (*businessrule.Set, error) {
			return businessrule.Load(access.AsSystem(ctx, "business rules"), c.store, c.access.Catalog(), cfg.Logger)
		}})
	c.store.AddHook(businessrule.CheckDefinitions(c.access.Catalog))
	c.store.AddHooks(businessrule.Obey(c.formRules.Get))
}
