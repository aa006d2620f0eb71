package metadata_test

import (
	"fmt"
	"maps"
	"reflect"
	"testing"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

func en(s string) metadata.Label { return metadata.Label{"en": s} }

// tables are a small house: users, teams and units as every owned table needs them.
func tables(extra ...*metadata.Table) []*metadata.Table {
	out := []*metadata.Table{}
	for _, name := range []string{"systemuser", "team", "businessunit"} {
		out = append(out, table(name, metadata.OwnedByOrganization))
	}
	return append(out, extra...)
}

func table(name string, o metadata.Ownership, columns ...*metadata.Column) *metadata.Table {
	columns = append([]*metadata.Column{{Name: name + "name", TypeName: "text", Label: en("Name")}}, columns...)
	return &metadata.Table{Name: name, Set: name + "s", Label: en(name), Plural: en(name + "s"), ID: name + "id", Title: name + "name", Ownership: o, Columns: columns}
}

func lookup(name string, targets ...string) *metadata.Column {
	return &metadata.Column{Name: name, TypeName: "lookup", Targets: targets, Label: en(name)}
}

// same tells whether two catalogs say the same of every table.
func same(t *testing.T, a, b *metadata.Catalog) {
	t.Helper()
	if !reflect.DeepEqual(a.Names(), b.Names()) {
		t.Fatalf("names: %v and %v", a.Names(), b.Names())
	}
	for _, name := range a.Names() {
		ta, _ := a.Table(name)
		tb, _ := b.Table(name)
		if !maps.Equal(ta.Relations(), tb.Relations()) {
			t.Errorf("%s: relations %v\nand %v", name, ta.Relations(), tb.Relations())
		}
		if !reflect.DeepEqual(ta.Shape(), tb.Shape()) {
			t.Errorf("%s: the shapes differ", name)
		}
		if set, ok := a.Set(ta.Set); !ok || set != ta {
			t.Errorf("%s: the set leads elsewhere", name)
		}
	}
}

func TestStepByStepIsAsAtOnce(t *testing.T) {
	t.Parallel()
	all := func() []*metadata.Table {
		return tables(table("a", metadata.OwnedByUser, lookup("parent", "a", "b"), lookup("other", "b")), table("b", metadata.OwnedByUser, lookup("back", "a")))
	}
	at, err := metadata.NewCatalog(all()...)
	if err != nil {
		t.Fatal(err)
	}
	step, err := metadata.NewCatalog(tables(table("b", metadata.OwnedByUser), table("c", metadata.OwnedByUser, lookup("to", "b")))...)
	if err != nil {
		t.Fatal(err)
	}
	first := step
	firstB, _ := first.Table("b")
	relations := len(firstB.Relations())
	if step, err = step.With(metadata.Change{Put: []*metadata.Table{table("a", metadata.OwnedByUser, lookup("parent", "a", "b"))}}); err != nil {
		t.Fatal(err)
	}
	b, _ := step.Declared("b")
	b.Columns = append(b.Columns, lookup("back", "a"))
	a, _ := step.Declared("a")
	a.Columns = append(a.Columns, lookup("other", "b"))
	if step, err = step.With(metadata.Change{Put: []*metadata.Table{a, b}, Drop: []string{"c"}}); err != nil {
		t.Fatal(err)
	}
	same(t, at, step)
	if len(firstB.Relations()) != relations {
		t.Error("a table of an earlier epoch has changed")
	}
	if _, err := step.With(metadata.Change{Drop: []string{"b"}}); errs.CodeOf(err) != "metadata.relation" {
		t.Errorf("a table that others lead to is dropped: %v", err)
	}
	if _, err := step.With(metadata.Change{Put: []*metadata.Table{table("d", metadata.OwnedByUser, lookup("x", "nowhere"))}}); errs.CodeOf(err) != "metadata.relation" {
		t.Errorf("a lookup to nowhere is taken: %v", err)
	}
	if _, err := step.With(metadata.Change{Put: []*metadata.Table{{Name: "e", Set: "bs", Label: en("e"), Plural: en("e"), ID: "eid", Title: "ename",
		Columns: []*metadata.Column{{Name: "ename", TypeName: "text", Label: en("n")}}}}}); errs.CodeOf(err) != "metadata.table" {
		t.Errorf("two tables have one set: %v", err)
	}
	same(t, at, step)
}

// BenchmarkWith adds a column to a table among many.
func BenchmarkWith(b *testing.B) {
	for _, n := range []int{100, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			all := tables()
			for i := range n {
				all = append(all, table(fmt.Sprintf("t%d", i), metadata.OwnedByUser))
			}
			c, err := metadata.NewCatalog(all...)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				t, _ := c.Declared("t7")
				t.Columns = append(t.Columns, &metadata.Column{Name: "x", TypeName: "text", Label: en("x")})
				if _, err := c.With(metadata.Change{Put: []*metadata.Table{t}}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
