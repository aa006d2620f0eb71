package board

import (
	"context"
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// amount is something that can be added up: money as it is in the base currency,
// whatever the currency of each record, and plain decimals.
type amount struct {
	name   string // as it is asked for
	column string // that is added up
	label  metadata.Label
	money  bool
}

// amountsOf lists what can be added up of a table, money first.
func amountsOf(t *metadata.Table, hidden func(string) bool) []amount {
	var out []amount
	for _, c := range t.Groups().Bases {
		of, ok := t.Column(c.BaseOf)
		if ok && !hidden(c.Name) && !hidden(of.Name) {
			out = append(out, amount{of.Name, c.Name, of.Label, true})
		}
	}
	for _, c := range t.Columns {
		if c.TypeName == "decimal" && !c.System && !c.ReadOnly && c.Name != metadata.RateColumn && !hidden(c.Name) {
			out = append(out, amount{c.Name, c.Name, c.Label, false})
		}
	}
	return out
}

func options(list []amount) []Option {
	out := []Option{}
	for _, a := range list {
		out = append(out, Option{a.name, a.label})
	}
	return out
}

// chosen gives the amount that was asked for. Without a name it is the first one
// that the cards show, else the first that is money.
func chosen(list []amount, name string, shown []string) (*amount, error) {
	if name == "-" {
		return nil, nil
	}
	if name != "" {
		if i := slices.IndexFunc(list, func(a amount) bool { return a.name == name }); i >= 0 {
			return &list[i], nil
		}
		return nil, invalid("amount", "the column %q can't be added up", clip(name))
	}
	for _, column := range shown {
		if i := slices.IndexFunc(list, func(a amount) bool { return a.name == column }); i >= 0 {
			return &list[i], nil
		}
	}
	if len(list) > 0 && list[0].money {
		return &list[0], nil
	}
	return nil, nil
}

// total is what there is under one value.
type total struct {
	count int64
	sum   any
}

// totals counts and adds up under each value of the layout's column; those
// without a value stand under None.
func (b *Boards) totals(ctx context.Context, asked query.Query, layout way, a *amount) (map[string]total, error) {
	g := &query.Group{Keys: []query.Key{{Name: "key", Column: layout.column}}, Values: []query.Aggregate{{Name: "count", Func: query.CountRows}}}
	if a != nil {
		g.Values = append(g.Values, query.Aggregate{Name: "sum", Func: query.Sum, Column: a.column})
	}
	page, err := b.Records.Find(ctx, query.Query{Table: asked.Table, Where: asked.Where, Group: g})
	if err != nil {
		return nil, err
	}
	out := make(map[string]total, len(page.Rows))
	for _, row := range page.Rows {
		key := None
		switch v := row["key"].(type) {
		case id.ID:
			key = v.String()
		case int64:
			key = number(v)
		}
		out[key] = total{row.Int("count"), row["sum"]}
	}
	return out, nil
}
