package portal

import (
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/snapshot"
)

// Library is the published forms. They are records; what is in force is kept in
// memory and on disk, so that visitors are answered while the database is away.
type Library struct {
	logger *slog.Logger
	store  atomic.Pointer[record.Store]
	value  *snapshot.Value[map[string]Entry]

	mu     sync.Mutex
	parsed map[string]parsedForm // by name
}

// Entry is one published form.
type Entry struct {
	Version    string          `json:"version"` // changes with anything that shows
	Closed     bool            `json:"closed,omitempty"`
	Campaign   string          `json:"campaign,omitempty"`
	Channel    string          `json:"channel,omitempty"`
	Definition json.RawMessage `json:"definition"`
}

type parsedForm struct {
	version string
	form    Form
	ok      bool
}

var errFormsAway = errs.New(errs.Unavailable, "portal.forms_away", "forms can't be read at the moment")

// NewLibrary makes an empty library; file is where the last known good one is kept.
func NewLibrary(file string, logger *slog.Logger) *Library {
	l := &Library{logger: logger, parsed: map[string]parsedForm{}}
	l.value = snapshot.New(nil, snapshot.Options[map[string]Entry]{Name: "forms", File: file, Logger: logger, Load: l.load})
	return l
}

// Recall takes the last known good forms from disk.
func (l *Library) Recall() (bool, error) { return l.value.Recall() }

// Follow has the library read the records of a store from now on, and anew after
// each change.
func (l *Library) Follow(store *record.Store, tailer *changelog.Tailer) {
	l.store.Store(store)
	tailer.Listen(func(changes []changelog.Change) {
		for i := range changes {
			switch changes[i].Table {
			case formTable, versionTable, "campaign":
				l.value.Invalidate()
				return
			}
		}
	})
}

// Start reads the forms and follows changes until Stop.
func (l *Library) Start(ctx context.Context) error { return l.value.Start(ctx) }

// Stop ends that.
func (l *Library) Stop(ctx context.Context) error { return l.value.Stop(ctx) }

// Refresh reads the forms now and keeps them on disk.
func (l *Library) Refresh(ctx context.Context) error { return l.value.Refresh(ctx) }

// Names lists the forms that are open, in order.
func (l *Library) Names() []string {
	var out []string
	for name, e := range l.value.Get() {
		if !e.Closed {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// All lists the forms that are open, by name.
func (l *Library) All() (out []Form) {
	for _, name := range l.Names() {
		if f, ok := l.Form(name); ok {
			out = append(out, f)
		}
	}
	return out
}

// Form gives the form of a name.
func (l *Library) Form(name string) (Form, bool) {
	e, ok := l.value.Get()[name]
	if !ok {
		return Form{}, false
	}
	l.mu.Lock()
	known, there := l.parsed[name]
	l.mu.Unlock()
	if there && known.version == e.Version {
		return known.form, known.ok
	}
	f, err := e.form(name)
	if err != nil {
		l.logger.Error("a published form can't be used", "form", name, "error", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.parsed[name] = parsedForm{e.Version, f, err == nil}
	return f, err == nil
}

func (e *Entry) form(name string) (Form, error) {
	f, err := parseNamed(name, e.Definition)
	if err != nil {
		return Form{}, err
	}
	f.closed = e.Closed
	f.Campaign, f.Channel = cmp.Or(e.Campaign, f.Campaign), cmp.Or(e.Channel, f.Channel)
	return f, nil
}

// parseNamed reads a definition whose name stands outside of it.
func parseNamed(name string, definition json.RawMessage) (Form, error) {
	f, err := decodeForm(definition)
	if err != nil {
		return Form{}, err
	}
	if f.Name != "" && f.Name != name {
		return Form{}, errs.InvalidFields("portal.form_definition", "the form's definition has faults", []errs.Field{{Name: "name", Code: "name", Message: "is another one than the form's address"}})
	}
	f.Name = name
	return f, f.Prepare()
}

// load reads what is published.
func (l *Library) load(ctx context.Context) (map[string]Entry, error) {
	store := l.store.Load()
	if store == nil {
		return nil, errFormsAway
	}
	ctx = access.AsSystem(ctx, "forms")
	page, err := store.Find(ctx, query.Query{Table: formTable, Limit: record.MaxPage, Where: query.Null{Left: query.Path{"rpt_versionid"}, Negate: true},
		Select: []string{"rpt_uniquename", "rpt_versionid", "rpt_channel", "campaignid", "statecode", "versionnumber"}})
	if err != nil {
		return nil, err
	}
	versions, campaigns := []any{}, []any{}
	for _, row := range page.Rows {
		versions = append(versions, row.ID("rpt_versionid"))
		if c := row.ID("campaignid"); c != id.Nil {
			campaigns = append(campaigns, c)
		}
	}
	definitions := map[id.ID]json.RawMessage{}
	if err := lookUp(ctx, store, versionTable, "rpt_formversionid", versions, "rpt_definition", func(key id.ID, v any) { definitions[key], _ = v.(json.RawMessage) }); err != nil {
		return nil, err
	}
	codes := map[id.ID]string{}
	if err := lookUp(ctx, store, "campaign", "campaignid", campaigns, "codename", func(key id.ID, v any) { codes[key], _ = v.(string) }); err != nil {
		return nil, err
	}
	out := map[string]Entry{}
	for _, row := range page.Rows {
		e := Entry{Closed: row.Int("statecode") != 0, Campaign: codes[row.ID("campaignid")], Channel: row.Text("rpt_channel"), Definition: definitions[row.ID("rpt_versionid")]}
		e.Version = row.ID("rpt_versionid").String() + " " + e.Campaign + " " + e.Channel + map[bool]string{true: " closed"}[e.Closed]
		if len(e.Definition) > 0 {
			out[row.Text("rpt_uniquename")] = e
		}
	}
	return out, nil
}

// lookUp reads one column of rows by their ids.
func lookUp(ctx context.Context, store *record.Store, table, key string, ids []any, column string, take func(id.ID, any)) error {
	for len(ids) > 0 {
		n := min(len(ids), 500)
		page, err := store.Find(ctx, query.Query{Table: table, Select: []string{key, column}, Where: query.In{Left: query.Path{key}, Values: ids[:n]}, Limit: n})
		if err != nil {
			return err
		}
		for _, row := range page.Rows {
			take(row.ID(key), row[column])
		}
		ids = ids[n:]
	}
	return nil
}
