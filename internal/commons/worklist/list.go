package worklist

import (
	"context"
	"slices"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// The sizes of a list, and how many records each way of finding them gives.
const (
	DefaultTop = 100
	MaxTop     = 200
	reach      = 200
)

// Service gives work lists.
type Service struct {
	Catalog func() *metadata.Catalog
	Clock   clock.Clock
}

// List is a person's work.
type List struct {
	Items []*Item
	Total int64 // open records of the person in all tables that take part
}

// Ask is what is asked of a list.
type Ask struct {
	Table string    // "" for all tables that take part
	Until time.Time // the end of the person's day
	Top   int
}

// list gives the work of a person who reads by the context's rights.
func (s *Service) list(ctx context.Context, from record.Reader, who id.ID, ask Ask) (List, error) {
	now := s.Clock.Now()
	tables := s.tables(ask.Table)
	if ask.Table != "" && len(tables) == 0 {
		return List{}, errs.InvalidFields("worklist.table", "the table has no work list", []errs.Field{{Name: "Table", Code: "worklist.table", Message: "a table whose definition says what its work is, is expected"}})
	}
	out := List{Items: []*Item{}}
	f := finder{ctx: ctx, from: from, who: who, items: map[id.ID]*Item{}}
	for _, t := range tables {
		total, err := f.records(t)
		if errs.Has(err, errs.Forbidden) {
			continue // whoever may not read them has no work with them
		}
		if err != nil {
			return List{}, err
		}
		out.Total += total
	}
	if err := f.activities(tables); err != nil {
		return List{}, err
	}
	for _, item := range f.items {
		item.place(now, ask.Until)
		out.Items = append(out.Items, item)
	}
	sorted(out.Items)
	out.Items = out.Items[:min(len(out.Items), ask.Top)]
	return out, nil
}

// tables lists those that take part, in their order.
func (s *Service) tables(only string) (out []*metadata.Table) {
	catalog := s.Catalog()
	for _, name := range catalog.Names() {
		if t, ok := catalog.Table(name); ok && t.Work != nil && (only == "" || only == name) {
			out = append(out, t)
		}
	}
	slices.SortFunc(out, func(a, b *metadata.Table) int { return a.Work.Order - b.Work.Order })
	return out
}

// finder gathers the records of one list.
type finder struct {
	ctx   context.Context
	from  record.Reader
	who   id.ID
	items map[id.ID]*Item
}

func eq(column string, v any) query.Node { return query.Compare{Left: query.Path{column}, Value: v} }

// mine are the open records of the person.
func (f *finder) mine() query.And { return query.And{eq("ownerid", f.who), eq("statecode", int64(0))} }

func has(column string, is bool) query.Node { return query.Null{Left: query.Path{column}, Negate: is} }

// records finds those of a table that may stand at the head of the list: with the
// earliest deadlines, stalled for longest, and of the highest rank; and counts all.
func (f *finder) records(t *metadata.Table) (total int64, err error) {
	w := t.Work
	first := query.Query{Table: t.Name, Where: f.mine(), Limit: reach, Count: true, Order: []query.Order{{Column: "createdon", Desc: true}}}
	if w.Rank != "" {
		first.Order = append([]query.Order{{Column: w.Rank, Desc: true}}, first.Order...)
	}
	asks := []query.Query{first}
	for _, d := range w.Due {
		asks = append(asks, query.Query{Table: t.Name, Limit: reach, Order: []query.Order{{Column: d.Column}}, Where: append(f.mine(), has(d.Column, true), has(d.Unless, false))})
	}
	if w.Stalled != "" {
		asks = append(asks, query.Query{Table: t.Name, Limit: reach, Order: []query.Order{{Column: w.Stalled}}, Where: append(f.mine(), has(w.Stalled, true))})
	}
	for _, q := range asks {
		page, err := f.find(t, q)
		if err != nil {
			return 0, err
		}
		if q.Count {
			if total = page.Total; total == 0 {
				return 0, nil
			}
		}
	}
	return total, nil
}

// find reads records of a table and takes them up.
func (f *finder) find(t *metadata.Table, q query.Query) (record.Page, error) {
	q.Select = columns(t)
	page, err := f.from.Find(f.ctx, q)
	for _, row := range page.Rows {
		if key := row.ID(t.ID); f.items[key] == nil {
			f.items[key] = itemOf(t, row)
		}
	}
	return page, err
}

// columns are those that a list needs of a table.
func columns(t *metadata.Table) []string {
	w := t.Work
	names := append([]string{t.ID, t.Title, w.Rank, w.Trend, w.Stalled, "createdon"}, w.Show...)
	for _, d := range w.Due {
		names = append(names, d.Column, d.Unless)
	}
	slices.Sort(names)
	return slices.DeleteFunc(slices.Compact(names), func(name string) bool { return name == "" })
}

func itemOf(t *metadata.Table, row record.Row) *Item {
	w := t.Work
	i := &Item{Table: t.Name, ID: row.ID(t.ID), Name: row.Text(t.Title), order: w.Order}
	i.created, _ = row["createdon"].(time.Time)
	for _, name := range w.Show {
		if text := row.Text(name); text != "" {
			i.About = append(i.About, text)
		}
	}
	i.Rank, i.Trend = whole(row[w.Rank]), whole(row[w.Trend])
	i.Rises = i.Trend != nil && *i.Trend == w.Rises
	if at, ok := row[w.Stalled].(time.Time); ok {
		i.Stalled = &at
	}
	for _, d := range w.Due {
		if at, ok := row[d.Column].(time.Time); ok && row[d.Unless] == nil {
			i.take(Step{Kind: Deadline, Column: d.Column, Due: &at})
		}
	}
	return i
}

func whole(v any) *int64 {
	if n, ok := v.(int64); ok {
		return &n
	}
	return nil
}

// user gives the person who asks.
func user(ctx context.Context) (id.ID, error) {
	p := access.From(ctx)
	if p.Kind != access.User {
		return id.Nil, errs.New(errs.Forbidden, "worklist.person", "a work list is a person's")
	}
	return p.ID, nil
}
