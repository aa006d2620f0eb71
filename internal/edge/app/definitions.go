package app

import (
	"github.com/rapport-platform/rapport/internal/commons/process"
	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/platform/businessrule"
	"github.com/rapport-platform/rapport/internal/platform/customise"
	"github.com/rapport-platform/rapport/internal/platform/flow"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/savedquery"
	"github.com/rapport-platform/rapport/internal/platform/workflow"
)

// definitionKinds are the kinds of definitions that are rows of workflow.
func definitionKinds(check *flow.Checker) []workflow.Kind {
	return []workflow.Kind{businessrule.Definitions(), process.Definitions(), flow.Definitions(check)}
}

// keepDefinitions has the store refuse definitions that can't be used, whoever
// writes them.
func keepDefinitions(store *record.Store, catalog func() *metadata.Catalog, kinds []workflow.Kind, instances *process.Instances) {
	store.AddHook(flow.Versions())
	for _, k := range kinds {
		store.AddHook(k.Check(catalog))
	}
	store.AddHook(process.Stages(catalog, instances))
}

// examineDefinitions refuses views and charts that can't be asked.
func examineDefinitions(clk clock.Clock) customise.Examiner {
	return func(catalog *metadata.Catalog, n customise.Name) error {
		if n.Kind == customise.KindView {
			return savedquery.CheckView(catalog, clk, n.Table, n.Name)
		}
		return savedquery.CheckDefinedChart(catalog, clk, n.Table, n.Name)
	}
}
