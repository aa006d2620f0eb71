package memberarea

import (
	"context"
	"errors"
	"html/template"
	"net/http"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Record reads a record by the member's rights. What is another's is not there.
func (a *Area) Record(ctx context.Context, v Visit, table, key string) (Record, error) {
	r, _, err := a.read(ctx, v, table, key)
	return r, err
}

func (a *Area) read(ctx context.Context, v Visit, table, key string) (Record, *metadata.Table, error) {
	view, t, err := a.view(table)
	if err != nil {
		return Record{}, nil, err
	}
	which, err := id.Parse(key)
	if err != nil {
		return Record{}, nil, ErrNone
	}
	row, err := a.o.Records.Get(ctx, table, which, nil, nil)
	if errors.Is(err, record.ErrNotFound) || errs.Has(err, errs.Forbidden) || errs.Has(err, errs.NotFound) {
		return Record{}, nil, ErrNone
	}
	if err != nil {
		return Record{}, nil, err
	}
	return a.recordOf(view, t, row, v), t, nil
}

type fieldGroup struct {
	Title string
	Facts []fact
}

type shownSection struct {
	Name, Title string
	HTML        template.HTML
}

// RecordPage shows one record.
func (a *Area) RecordPage(ctx context.Context, v Visit, table, key string) (Page, error) {
	r, t, err := a.read(ctx, v, table, key)
	if err != nil {
		return Page{}, err
	}
	body := struct {
		Record
		Kind      string
		Status    string
		Progress  *progress
		Asks      []string
		Groups    []fieldGroup
		Sections  []shownSection
		Happening []happening
	}{Record: r, Kind: r.View.One.In(v.Lang), Status: r.View.value(t, r.View.Status, r.Row[r.View.Status], v.Locale)}
	if body.Progress, err = a.progressOf(ctx, r.View, r.ID, v.Lang); err != nil {
		return Page{}, err
	}
	if body.Asks, err = a.asks(ctx, r); err != nil {
		return Page{}, err
	}
	for _, g := range r.View.Fields {
		facts, err := a.facts(ctx, t, r, g.Columns)
		if err != nil {
			return Page{}, err
		}
		if len(facts) > 0 {
			body.Groups = append(body.Groups, fieldGroup{g.Title.In(v.Lang), facts})
		}
	}
	if body.Happening, err = a.happenings(ctx, r.View, t, r.Row, r.ID, v.Locale); err != nil {
		return Page{}, err
	}
	var scripts []string
	for _, s := range a.all() {
		r.Section = s.Name()
		b, ok, err := s.Show(ctx, r)
		if err != nil {
			return Page{}, err
		}
		if !ok {
			continue
		}
		body.Sections = append(body.Sections, shownSection{s.Name(), b.Title, b.HTML})
		if b.Script != "" {
			scripts = append(scripts, b.Script)
		}
	}
	return a.render(ctx, v, page{name: "record", title: r.Title, here: "home", body: body, done: done(v), scripts: scripts})
}

// Serve hands a request to a section, once the record has been read by the
// member's rights.
func (a *Area) Serve(w http.ResponseWriter, req *http.Request, v Visit, table, key, section string) error {
	r, err := a.Record(req.Context(), v, table, key)
	if err != nil {
		return err
	}
	s, ok := a.section(section)
	if !ok {
		return ErrNone
	}
	r.Section = section
	return s.Serve(w, req, r)
}
