package odata_test

import (
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

// TestShippedViews reads the filter and the order of every view of the product.
func TestShippedViews(t *testing.T) {
	t.Parallel()
	ctx := &odata.Context{Catalog: fixture.Catalog(t), Now: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)}
	seen := 0
	for _, name := range ctx.Catalog.Names() {
		table, _ := ctx.Catalog.Table(name)
		for _, v := range table.Views {
			params := map[string]string{}
			if v.Filter != "" {
				params["$filter"] = v.Filter
			}
			if v.Order != "" {
				params["$orderby"] = v.Order
			}
			o, err := odata.ParseOptions(ctx, table, params)
			if err != nil {
				t.Errorf("view %s of %s: %v", v.Name, name, err)
				continue
			}
			o.Query.Select = v.Columns
			if _, err := query.Check(ctx.Catalog, &o.Query, query.Limits{}); err != nil {
				t.Errorf("view %s of %s: %v", v.Name, name, err)
			}
			seen++
		}
	}
	if seen < 10 {
		t.Errorf("only %d views were found", seen)
	}
	if doc := odata.CSDL(ctx.Catalog, nil); len(doc) < 10_000 {
		t.Error("the metadata document is too short")
	}
}
