package memberarea

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// listMost is how many records of one table the overview shows.
const listMost = 50

// item is one record in a list.
type item struct {
	Path     string
	Title    string
	Status   string
	Facts    []fact
	Since    string
	Progress *progress
	Asks     []string
	Unread   int
}

// fact is a named value.
type fact struct{ Label, Value string }

// list is the member's records of one table.
type list struct {
	Title, Empty string
	Items        []item
	More         bool
}

// Home is the overview of what is the member's.
func (a *Area) Home(ctx context.Context, v Visit) (Page, error) {
	unread, err := a.unreadByRecord(ctx)
	if err != nil {
		return Page{}, err
	}
	var lists []list
	asked := 0
	for _, view := range a.o.Views() {
		t, ok := a.o.Catalog().Table(view.Table)
		if !ok {
			continue
		}
		page, err := a.o.Records.Find(ctx, query.Query{Table: view.Table, Where: view.where, Order: []query.Order{{Column: "createdon", Desc: true}}, Limit: listMost})
		if errs.Has(err, errs.Forbidden) {
			continue // the member's web roles give nothing of this table
		}
		if err != nil {
			return Page{}, err
		}
		l := list{Title: view.Title.In(v.Lang), Empty: view.Empty.In(v.Lang), More: page.Next != nil}
		for _, row := range page.Rows {
			r := a.recordOf(view, t, row, v)
			it, err := a.item(ctx, t, r)
			if err != nil {
				return Page{}, err
			}
			it.Unread = unread[r.ID]
			asked += len(it.Asks)
			l.Items = append(l.Items, it)
		}
		lists = append(lists, l)
	}
	return a.render(ctx, v, page{name: "home", title: say(v.Lang, "home.title"), here: "home", body: struct {
		Lists []list
		Asked int
	}{lists, asked}, done: done(v)})
}

func (a *Area) recordOf(view View, t *metadata.Table, row record.Row, v Visit) Record {
	title := view.value(t, view.Name, row[view.Name], v.Locale)
	if title == "" {
		title = view.One.In(v.Lang)
	}
	r := Record{View: view, ID: row.ID(t.ID), Row: row, Title: title, Locale: v.Locale, Note: v.Note}
	if v.Member != nil {
		r.Member = *v.Member
	}
	return r
}

func (a *Area) item(ctx context.Context, t *metadata.Table, r Record) (item, error) {
	out := item{Path: r.Page(), Title: r.Title, Status: r.View.value(t, r.View.Status, r.Row[r.View.Status], r.Locale)}
	var err error
	if out.Facts, err = a.facts(ctx, t, r, r.View.List); err != nil {
		return out, err
	}
	out.Since = r.View.value(t, "createdon", r.Row["createdon"], r.Locale)
	if out.Progress, err = a.progressOf(ctx, r.View, r.ID, r.Lang); err != nil {
		return out, err
	}
	out.Asks, err = a.asks(ctx, r)
	return out, err
}

// facts gives the columns that have a value.
func (a *Area) facts(ctx context.Context, t *metadata.Table, r Record, columns []string) (out []fact, err error) {
	for _, name := range columns {
		if c, ok := t.Column(name); ok && r.View.amount(c) && r.Row[name] != nil && r.Currency == "" {
			if r.Currency, err = a.currencyOf(ctx, t, r.ID); err != nil {
				return nil, err
			}
		}
		if text := r.View.value(t, name, r.Row[name], r.Locale); text != "" {
			out = append(out, fact{r.View.label(t, name, r.Lang), text})
		}
	}
	return out, nil
}

// asks tells what is asked of the member about a record: by the view, then by
// the sections.
func (a *Area) asks(ctx context.Context, r Record) (out []string, err error) {
	for _, ask := range r.View.Asks {
		holds, err := ask.matcher.Match(r.Row)
		if err != nil {
			return nil, err
		}
		if holds {
			out = append(out, ask.Text.In(r.Lang))
		}
	}
	for _, s := range a.all() {
		asker, ok := s.(Asker)
		if !ok {
			continue
		}
		r.Section = s.Name()
		more, err := asker.Asks(ctx, r)
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	return out, nil
}
