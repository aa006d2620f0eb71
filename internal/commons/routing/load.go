package routing

import (
	"context"
	"log/slog"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Watched lists the tables that Sets are made from. Rules are not among them:
// those of an active set do not change.
func Watched() []string { return []string{"routingrule"} }

// Sets are the rule sets in force, by table. They are never changed.
type Sets struct{ byTable map[string]*Set }

// NewSets brings sets together.
func NewSets(list ...*Set) *Sets {
	s := &Sets{map[string]*Set{}}
	for _, one := range list {
		s.byTable[one.Table] = one
	}
	return s
}

// Of gives the set in force for a table; nil for none.
func (s *Sets) Of(table string) *Set {
	if s == nil {
		return nil
	}
	return s.byTable[table]
}

// Load reads the active sets. A rule that can't be used, as when its column has
// gone since, is logged and left out.
func Load(ctx context.Context, r record.Reader, catalog *metadata.Catalog, logger *slog.Logger) (*Sets, error) {
	page, err := r.Find(ctx, query.Query{Table: "routingrule", Limit: record.MaxPage, Where: query.Compare{Left: query.Path{"statecode"}, Value: active}})
	if err != nil {
		return nil, err
	}
	var sets []*Set
	for _, row := range page.Rows {
		s, bad, err := read(ctx, r, row, catalog)
		if err != nil {
			return nil, err
		}
		for _, p := range bad {
			logger.Warn("a routing rule can't be used and is left out", "set", s.Name, "rule", p.Name, "problem", p.Message)
		}
		sets = append(sets, s)
	}
	return NewSets(sets...), nil
}

// States of a rule set.
const (
	draft  = int64(0)
	active = int64(1)
)

// read compiles one rule set with its rules.
func read(ctx context.Context, r record.Reader, row record.Row, catalog *metadata.Catalog) (*Set, []Problem, error) {
	head := headOf(row)
	rows, err := items(ctx, r, head.ID)
	if err != nil {
		return nil, nil, err
	}
	rules := make([]Rule, len(rows))
	var bad []Problem
	for i, item := range rows {
		var wrong []Problem
		rules[i], wrong = RuleOf(item)
		bad = append(bad, wrong...)
	}
	s, wrong := Compile(head, rules, catalog)
	return s, append(bad, wrong...), nil
}

func headOf(row record.Row) Head {
	on, _ := row["rpt_oncreate"].(bool)
	return Head{ID: row.ID("routingruleid"), Name: row.Text("name"), Table: row.Text("rpt_table"), Version: row.Int("rpt_version"), Allocation: Allocation(row.Int("rpt_allocation")),
		Fallback: row.ID("rpt_fallbackqueueid"), OnCreate: on, Owner: row.ID("ownerid"), City: row.Text("rpt_citycolumn"), Postal: row.Text("rpt_postalcolumn"), Country: row.Text("rpt_countrycolumn")}
}

// items reads all rules of a set.
func items(ctx context.Context, r record.Reader, set id.ID) (out []record.Row, err error) {
	q := query.Query{Table: "routingruleitem", Limit: record.MaxPage, Where: query.Compare{Left: query.Path{"routingruleid"}, Value: set}}
	for {
		page, err := r.Find(ctx, q)
		if err != nil {
			return nil, err
		}
		out = append(out, page.Rows...)
		if page.Next == nil {
			return out, nil
		}
		q.After = page.Next
	}
}
