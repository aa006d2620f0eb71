package businessrule

import (
	"context"
	"log/slog"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Category is the category of workflow rows that are business rules.
const Category = 2

const activated = 1

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

// Load reads the active rules. One that can't be used is logged and left out.
func Load(ctx context.Context, r record.Reader, catalog *metadata.Catalog, logger *slog.Logger) (*Set, error) {
	var rules []*Rule
	q := query.Query{Table: "workflow", Select: []string{"name", "clientdata"}, Where: query.And{
		query.Compare{Left: query.Path{"statecode"}, Value: int64(activated)}, query.Compare{Left: query.Path{"category"}, Value: int64(Category)}}}
	for {
		page, err := r.Find(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, row := range page.Rows {
			rule, err := compile(row.Text("clientdata"), catalog)
			if err != nil {
				logger.Warn("an active business rule can't be used and is left out", "rule", row.Text("name"), "error", err)
				continue
			}
			rules = append(rules, rule)
		}
		if page.Next == nil {
			return NewSet(rules...), nil
		}
		q.After = page.Next
	}
}

func compile(text string, catalog *metadata.Catalog) (*Rule, error) {
	d, err := Parse([]byte(text))
	if err != nil {
		return nil, err
	}
	return Compile(d, catalog)
}
