package activity

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/event"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/notify"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

const (
	followTable    = "postfollow"
	followConsumer = "followers"
	followKind     = "follow"
	mostFollows    = 1000 // followers that one batch of changes tells
	mostText       = 1800 // bytes of a notification that goes on
)

// Followers tells people what others do to the records they follow: changes of
// values that forms show, notes and activities. Who may not read the record is
// not told, and an unread notification of the same record goes on instead of
// another one. What the platform itself does counts only when it changes owner
// or state.
type Followers struct {
	DB       *sqldb.DB
	Store    *record.Store
	Log      *changelog.Log
	Catalog  func() *metadata.Catalog
	Language func(user id.ID) int64 // of a person, as Windows numbers it
	Clock    clock.Clock
	Logger   *slog.Logger
}

// Follower gives the consumer; a new one begins at the end of the change log.
func (f *Followers) Follower() *event.Batch {
	return &event.Batch{Consumer: followConsumer, Log: event.Changes(f.Log), DB: f.DB, Clock: f.Clock, Logger: f.Logger, FromEnd: true, Handle: f.take}
}

// Follows is the hook that names what a follow is about, for lists of them.
func Follows() record.Hook {
	return record.Hook{Table: followTable, BeforeCreate: func(ctx context.Context, tx *record.Tx, row record.Row) error {
		table, about := row.Text(metadata.TypeColumn("regardingobjectid")), row.ID("regardingobjectid")
		if table == "" || about == id.Nil {
			return nil // the store refuses it for the missing value
		}
		names, err := tx.Names(ctx, table, []id.ID{about})
		row["regardingobjectidname"] = names[about]
		return err
	}}
}

// happened is one thing that followers are told of.
type happened struct {
	table  string // of the followed record
	record id.ID
	actor  id.ID
	what   metadata.Label
	source string // of a note or activity: its table and id, which have to be readable, too
	row    id.ID
}

// take works out who is told what. It reads followers once a batch.
func (f *Followers) take(ctx context.Context, events []event.Event) (event.Effect, error) {
	catalog := f.Catalog()
	t, ok := catalog.Table(followTable)
	if !ok {
		return nil, nil
	}
	about, _ := t.Column("regardingobjectid")
	var all []happened
	var ids []any
	seen := map[id.ID]bool{}
	for _, e := range events {
		h, ok := tellOf(catalog, about.Targets, e.Change)
		if !ok {
			continue
		}
		all = append(all, h)
		if !seen[h.record] {
			seen[h.record] = true
			ids = append(ids, h.record)
		}
	}
	if len(all) == 0 {
		return nil, nil
	}
	system := access.AsSystem(ctx, "followers")
	page, err := f.Store.Find(system, query.Query{Table: followTable, Select: []string{"ownerid", "regardingobjectid"}, Where: query.In{Left: query.Path{"regardingobjectid"}, Values: ids}, Limit: mostFollows})
	if err != nil || len(page.Rows) == 0 {
		return nil, err
	}
	return func(ctx context.Context, sql *sqldb.Tx) error {
		tx := f.Store.Bind(sql)
		done := map[[2]id.ID]bool{}
		for _, row := range page.Rows {
			pair := [2]id.ID{row.ID("ownerid"), row.ID("regardingobjectid")}
			if done[pair] {
				continue
			}
			done[pair] = true
			if err := f.tell(ctx, tx, pair[0], pair[1], all); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// tell notifies one follower of what happened to one record.
func (f *Followers) tell(ctx context.Context, tx *record.Tx, who, about id.ID, all []happened) error {
	system := access.AsSystem(ctx, "followers")
	theirs := access.With(ctx, access.Principal{Kind: access.User, ID: who})
	lang := "en"
	if f.Language(who) == germanCode {
		lang = "de"
	}
	var lines []string
	var table string
	for _, h := range all {
		if h.record != about || h.actor == who {
			continue
		}
		table = h.table
		readable, err := canRead(theirs, tx, h.table, h.record)
		if readable && h.source != "" {
			readable, err = canRead(theirs, tx, h.source, h.row)
		}
		if err != nil {
			return err
		}
		if !readable {
			continue
		}
		actor, err := tx.Names(system, "systemuser", []id.ID{h.actor})
		if err != nil {
			return err
		}
		if line := strings.TrimSpace(actor[h.actor] + " " + h.what.In(lang)); !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return nil
	}
	names, err := tx.Names(system, table, []id.ID{about})
	if err != nil || names[about] == "" {
		return err
	}
	return f.put(system, tx, who, notify.Input{Title: names[about], Body: strings.Join(lines, "\n"), RegardingID: about, RegardingType: table, Kind: followKind})
}

const germanCode = 1031

// put adds to the unread notification of the record, or makes one.
func (f *Followers) put(ctx context.Context, tx *record.Tx, who id.ID, in notify.Input) error {
	is := func(column string, value any) query.Node {
		return query.Compare{Left: query.Path{column}, Value: value}
	}
	page, err := tx.Find(ctx, query.Query{Table: "appnotification", Select: []string{"appnotificationid", "body"}, Limit: 1,
		Where: query.And{is("ownerid", who), is("rpt_regardingid", in.RegardingID), is("rpt_kind", followKind), query.Null{Left: query.Path{"rpt_readon"}}}})
	if err != nil {
		return err
	}
	if len(page.Rows) > 0 {
		before := page.Rows[0].Text("body")
		if strings.Contains("\n"+before+"\n", "\n"+in.Body+"\n") || len(before)+len(in.Body) > mostText {
			return nil // it says so already, or more than anybody reads
		}
		_, err := tx.Update(ctx, "appnotification", page.Rows[0].ID("appnotificationid"), record.Row{"body": before + "\n" + in.Body}, record.Match{})
		return err
	}
	_, err = notify.Send(ctx, tx, who, in)
	return err
}

// canRead tells whether the context's person may read a row.
func canRead(ctx context.Context, tx *record.Tx, table string, key id.ID) (bool, error) {
	_, err := tx.Get(ctx, table, key, []string{}, nil)
	if errors.Is(err, record.ErrNotFound) || errs.Has(err, errs.Forbidden) {
		return false, nil
	}
	return err == nil, err
}

// tellOf says what followers learn from a change; ok is false where it is nothing.
func tellOf(catalog *metadata.Catalog, targets []string, c *changelog.Change) (h happened, ok bool) {
	if c == nil || c.Op == changelog.Delete || c.Erasure != id.Nil {
		return h, false
	}
	t, known := catalog.Table(c.Table)
	if !known || c.Op == changelog.Create && !tells(t) || c.Op != changelog.Create && !slices.Contains(targets, c.Table) {
		return h, false // most changes: nobody has to read what they hold
	}
	after := map[string]any{}
	if json.Unmarshal(c.After, &after) != nil {
		return h, false
	}
	h = happened{actor: c.Actor}
	if c.Op == changelog.Create {
		return h, h.added(t, c.Record, after) && slices.Contains(targets, h.table) && c.Actor != access.SystemUser
	}
	h.table, h.record = c.Table, c.Record
	h.what, ok = changed(t, after, c.Actor == access.SystemUser)
	return h, ok && slices.Contains(targets, c.Table)
}

// tells tells whether a new row of a table is told of: a note or an activity.
func tells(t *metadata.Table) bool { return t.Name == "annotation" || t.Base == "activitypointer" }

// added puts a new note or activity into words.
func (h *happened) added(t *metadata.Table, key id.ID, after map[string]any) bool {
	text := func(name string) string { s, _ := after[name].(string); return s }
	about, title, what := "regardingobjectid", text(t.Title), metadata.Label{"en": "added: ", "de": "hat hinzugefügt: "}
	if t.Name == "annotation" {
		about, what = "objectid", metadata.Label{"en": "noted: ", "de": "hat notiert: "}
		if body := plain(text("notetext")); body != "" {
			title = body
		}
	}
	parent, err := id.Parse(text(about))
	if err != nil {
		return false
	}
	h.table, h.record, h.source, h.row = text(metadata.TypeColumn(about)), parent, t.Name, key
	h.what = metadata.Label{"en": what["en"] + title, "de": what["de"] + title}
	return true
}

const mostNamed = 4 // columns that one line names

// changed names the columns of the forms that a change touched; of the
// platform's own changes only owner and state count.
func changed(t *metadata.Table, after map[string]any, system bool) (metadata.Label, bool) {
	var names []string
	see := func(list ...string) {
		for _, name := range list {
			c, ok := t.Column(name)
			if _, there := after[name]; ok && there && !c.Secured && c.TypeName != "json" && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	see("ownerid", "statecode", "statuscode")
	if !system {
		see(t.Title)
		for _, form := range t.Forms {
			see(form.Header...)
			for _, tab := range form.Tabs {
				for _, section := range tab.Sections {
					see(section.Columns...)
				}
			}
		}
	}
	if len(names) == 0 {
		return nil, false
	}
	out := metadata.Label{}
	for lang, verb := range map[string]string{"en": "changed ", "de": "hat geändert: "} {
		labels := make([]string, 0, mostNamed)
		for _, name := range names[:min(len(names), mostNamed)] {
			c, _ := t.Column(name)
			labels = append(labels, c.Label.In(lang))
		}
		out[lang] = verb + strings.Join(labels, ", ")
		if len(names) > mostNamed {
			out[lang] += ", …"
		}
	}
	return out, true
}
