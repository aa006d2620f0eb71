package app

import (
	"testing"

	"github.com/rapport-platform/rapport/internal/capability/portal"
)

// Every field of a shipped form is a column of the lead, of the type that the
// form sends, or belongs to the context: nothing that a visitor says ends up
// beside its column by a misspelt name (POR-1).
func TestFormsMapOntoLead(t *testing.T) {
	t.Parallel()
	catalog, err := Catalog()
	if err != nil {
		t.Fatal(err)
	}
	lead, ok := catalog.Table("lead")
	if !ok {
		t.Fatal("there is no table lead")
	}
	forms, _, err := portal.Shipped()
	if err != nil || len(forms) == 0 {
		t.Fatalf("%d forms, %v", len(forms), err)
	}
	for name, form := range forms {
		for _, f := range form.Fields {
			column, ok := lead.Column(f.Column)
			if !ok {
				t.Errorf("field %s of form %s maps onto the unknown column %q", f.Name, name, f.Column)
				continue
			}
			if column.ReadOnly || column.System {
				t.Errorf("field %s of form %s maps onto %s, which visitors can't set", f.Name, name, f.Column)
			}
			for _, o := range f.Options {
				if _, err := column.Coerce(o.Value); err != nil {
					t.Errorf("option %q of field %s: %v", o.Value, f.Name, err)
				}
			}
		}
	}
}
