package businessrule

import (
	"context"
	"log/slog"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/workflow"
)

// Category is the category of workflow rows that are business rules.
const Category = 2

// Set is the rules in force, by table. It is never changed; a nil one is empty.
type Set struct{ byTable map[string][]*Rule }

// NewSet brings rules together.
func NewSet(rules ...*Rule) *Set {
	s := &Set{byTable: map[string][]*Rule{}}
	for _, r := range rules {
		s.byTable[r.Table] = append(s.byTable[r.Table], r)
	}
	for _, list := range s.byTable {
		slices.SortFunc(list, func(a, b *Rule) int { return strings.Compare(a.Name, b.Name) })
	}
	return s
}

// Of gives the rules of a table, by name.
func (s *Set) Of(table string) []*Rule {
	if s == nil {
		return nil
	}
	return s.byTable[table]
}

// Definitions is how business rules are kept as rows of workflow.
func Definitions() workflow.Kind {
	return workflow.Kind{Category: Category, Folder: "rules", Called: "business rule", Read: func(text string, catalog *metadata.Catalog) (workflow.Definition, error) {
		rule, err := compile(text, catalog)
		if err != nil {
			return workflow.Definition{}, err
		}
		return workflow.Definition{Name: rule.Name, Title: rule.Title["en"], Table: rule.Table}, nil
	}}
}

// Load reads the active rules. One that can't be used is logged and left out.
func Load(ctx context.Context, r record.Reader, catalog *metadata.Catalog, logger *slog.Logger) (*Set, error) {
	rules, err := workflow.Active(ctx, r, Definitions(), logger, func(row record.Row) (*Rule, error) { return compile(row.Text("clientdata"), catalog) })
	if err != nil {
		return nil, err
	}
	return NewSet(rules...), nil
}

func compile(text string, catalog *metadata.Catalog) (*Rule, error) {
	d, err := Parse([]byte(text))
	if err != nil {
		return nil, err
	}
	return Compile(d, catalog)
}
