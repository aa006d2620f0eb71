package app

import (
	"testing"

	"github.com/rapport-platform/rapport/internal/platform/search"
)

// Who searches everything wants people and business, and not the definitions
// that bear the same words.
func TestSearchLeavesDefinitionsOut(t *testing.T) {
	t.Parallel()
	catalog, err := Catalog()
	if err != nil {
		t.Fatal(err)
	}
	for name, wanted := range map[string]bool{
		"lead": true, "contact": true, "account": true, "opportunity": true, "incident": true, "product": true, "campaign": true, "systemuser": true, "task": true, "annotation": true,
		"rpt_definition": false, "savedquery": false, "userquery": false, "savedqueryvisualization": false, "appmodule": false, "customapi": false,
		"transactioncurrency": false, "productpricelevel": false, "connection": false, "importmap": false, "fieldpermission": false, "queueitem": false,
	} {
		table, ok := catalog.Table(name)
		if !ok {
			t.Errorf("there is no table %s", name)
			continue
		}
		if got := !table.NoSearch && len(search.Columns(table)) > 0; got != wanted {
			t.Errorf("table %s is searched: %v, want %v", name, got, wanted)
		}
	}
}
