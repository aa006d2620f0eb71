package worklist

import (
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// kinds are the activities that are steps. E-mails are left out: an open one is a
// draft.
var kinds = []any{"task", "phonecall", "appointment", "letter", "fax"}

const regarding = "regardingobjectid"

// take lets a step count: the next one is the one due first, one with a date
// before those without.
func (i *Item) take(s Step) {
	i.Steps++
	if i.Step == nil || s.Due != nil && (i.Step.Due == nil || s.Due.Before(*i.Step.Due)) {
		i.Step = &s
	}
}

// activities adds the person's open activities: those that are due first, with
// the records that they are about, and all of the records found already.
func (f *finder) activities(tables []*metadata.Table) error {
	open := query.And{eq("ownerid", f.who), query.In{Left: query.Path{"statecode"}, Values: []any{int64(0), int64(3)}}, query.In{Left: query.Path{"activitytypecode"}, Values: kinds}}
	about := map[id.ID][]record.Row{}
	seen := map[id.ID]bool{}
	ask := func(where query.Node, limit int) error {
		page, err := f.from.Find(f.ctx, query.Query{Table: "activitypointer", Limit: limit, Order: []query.Order{{Column: "scheduledend"}}, Where: query.And{open, where},
			Select: []string{"activityid", "activitytypecode", "subject", "scheduledend", regarding}})
		if errs.Has(err, errs.Forbidden) {
			return nil // then deadlines alone are steps
		}
		for _, row := range page.Rows {
			if key := row.ID("activityid"); !seen[key] {
				seen[key] = true
				about[row.ID(regarding)] = append(about[row.ID(regarding)], row)
			}
		}
		return err
	}
	if err := ask(query.And{has("scheduledend", true), has(regarding, true)}, reach); err != nil {
		return err
	}
	if err := f.behind(tables, about); err != nil {
		return err
	}
	keys := make([]any, 0, len(f.items))
	for key := range f.items {
		keys = append(keys, key)
	}
	for len(keys) > 0 {
		n := min(len(keys), 100)
		if err := ask(query.In{Left: query.Path{regarding}, Values: keys[:n]}, record.MaxPage); err != nil {
			return err
		}
		keys = keys[n:]
	}
	for key, rows := range about {
		if item := f.items[key]; item != nil {
			for _, row := range rows {
				item.take(stepOf(row))
			}
		}
	}
	return nil
}

// behind reads the records of the earliest activities that were not found yet.
func (f *finder) behind(tables []*metadata.Table, about map[id.ID][]record.Row) error {
	for _, t := range tables {
		var keys []any
		for key, rows := range about {
			if rows[0].Text(metadata.TypeColumn(regarding)) == t.Name && f.items[key] == nil {
				keys = append(keys, key)
			}
		}
		if len(keys) == 0 {
			continue
		}
		_, err := f.find(t, query.Query{Table: t.Name, Limit: reach, Where: append(f.mine(), query.In{Left: query.Path{t.ID}, Values: keys})})
		if err != nil && !errs.Has(err, errs.Forbidden) {
			return err
		}
	}
	return nil
}

func stepOf(row record.Row) Step {
	key := row.ID("activityid")
	s := Step{Kind: Activity, Table: row.Text("activitytypecode"), ID: &key, Subject: row.Text("subject")}
	if at, ok := row["scheduledend"].(time.Time); ok {
		s.Due = &at
	}
	return s
}
