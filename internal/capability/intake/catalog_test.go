package intake_test

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/rapport-platform/rapport/internal/capability/intake"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/rule"
)

// catalog is every table of the product, read from the folders of all packages:
// the data of an event must fit the real table lead, not a copy of it.
var catalog = sync.OnceValues(func() (*metadata.Catalog, error) {
	var all []*metadata.Table
	for _, pattern := range []string{"../../platform/*/tables", "../../commons/*/tables", "../*/tables"} {
		dirs, err := filepath.Glob(pattern)
		if err != nil {
			return nil, err
		}
		for _, dir := range dirs {
			tables, err := metadata.Load(os.DirFS(dir), ".")
			if err != nil {
				return nil, err
			}
			all = append(all, tables...)
		}
	}
	return metadata.NewCatalog(all...)
})

func table(t testing.TB, name string) *metadata.Table {
	t.Helper()
	c, err := catalog()
	if err != nil {
		t.Fatal(err)
	}
	found, ok := c.Table(name)
	if !ok {
		t.Fatalf("there is no table %s", name)
	}
	return found
}

func cleaner(t testing.TB) *intake.Cleaner {
	t.Helper()
	return &intake.Cleaner{Columns: table(t, "lead"), Country: "US"}
}

func shipped(t testing.TB) *rule.Set {
	t.Helper()
	env, err := intake.RuleEnv(table(t, "lead"))
	if err != nil {
		t.Fatal(err)
	}
	rules, err := intake.ShippedRules()
	if err != nil {
		t.Fatal(err)
	}
	set, bad := rule.Compile(env, rules)
	for _, b := range bad {
		t.Errorf("%s: %v", b.Rule.Name, b.Err)
	}
	if len(rules) < 12 {
		t.Errorf("%d rules are shipped", len(rules))
	}
	return set
}
