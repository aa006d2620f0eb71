package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action/builtin"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// statusColumn is where a flow run says how it goes.
const statusColumn = "rpt_status"

// wording puts a page of entries into words for one person: their language,
// their time zone, and the names behind the ids on the page.
type wording struct {
	catalog *metadata.Catalog
	table   *metadata.Table
	shown   []string // columns of the table that people see, in their order
	lang    string
	zone    *time.Location
	names   map[string]map[id.ID]string // by table
	// stageName gives the name of a stage of a business process; nil where there are none.
	stageName func(id.ID) (metadata.Label, bool)
}

func (a *TimelineAPI) wording(ctx context.Context, r *http.Request, t *metadata.Table, entries []timelineEntry) (*wording, error) {
	w := &wording{catalog: a.Catalog(), table: t, shown: shownColumns(t), lang: languageOf(r, a.Records), zone: time.UTC, names: map[string]map[id.ID]string{}}
	if row, err := self(ctx, a.Records, access.From(ctx).ID, "rpt_timezone"); err == nil && row.Text("rpt_timezone") != "" {
		if zone, err := time.LoadLocation(row.Text("rpt_timezone")); err == nil {
			w.zone = zone
		}
	}
	if a.Processes != nil {
		w.stageName = a.Processes().StageName
	}
	wanted := map[string][]id.ID{}
	for _, e := range entries {
		wanted["systemuser"] = append(wanted["systemuser"], e.actor())
		if e.change != nil && !e.stage {
			w.lookups(e.change, wanted)
		}
	}
	for table, ids := range wanted {
		slices.SortFunc(ids, func(a, b id.ID) int { return bytes.Compare(a[:], b[:]) })
		found, err := a.Records.Names(ctx, table, slices.Compact(ids))
		if err != nil {
			return nil, err
		}
		w.names[table] = found
	}
	return w, nil
}

// shownColumns gives the columns of the table's forms and views in their order,
// or all where there is no form. What none of them shows is the platform's own
// business.
func shownColumns(t *metadata.Table) []string {
	var out []string
	add := func(names ...string) {
		for _, n := range names {
			if c, ok := t.Column(n); ok && !slices.Contains(out, n) && c.TypeName != "json" && c.TypeName != "id" && !c.Secured && n != t.ID {
				out = append(out, n)
			}
		}
	}
	add(t.Title)
	for _, f := range t.Forms {
		add(f.Header...)
		for _, tab := range f.Tabs {
			for _, s := range tab.Sections {
				add(s.Columns...)
			}
		}
	}
	if len(t.Forms) == 0 {
		for _, c := range t.Columns {
			if !c.System {
				add(c.Name)
			}
		}
	}
	for _, v := range t.Views {
		for _, name := range v.Columns {
			if name != "createdon" && name != "modifiedon" { // the entry has the time itself
				add(name)
			}
		}
	}
	add("statecode", "statuscode", "ownerid")
	return out
}

func (e timelineEntry) actor() id.ID {
	if e.change != nil {
		return e.change.Actor
	}
	return e.row.ID("createdby")
}

func (w *wording) item(e timelineEntry) timelineItem {
	out := timelineItem{At: e.at, Actor: &timelineActor{ID: e.actor(), Name: w.names["systemuser"][e.actor()]}}
	if e.stage {
		out.Kind, out.ID, out.Title = "stage", strconv.FormatInt(e.change.Seq, 10), w.stage(e.change)
		return out
	}
	if e.change != nil {
		out.Kind, out.ID = "change", strconv.FormatInt(e.change.Seq, 10)
		out.Changes = w.changes(e.change)
		out.Title = w.title(e.change)
		if e.change.Op == changelog.Update && e.change.Erasure == id.Nil {
			out.Audit = builtin.AuditID(e.change.Seq).String()
		}
		return out
	}
	t, _ := w.catalog.Table(e.rel.table)
	key := e.row.ID(t.ID)
	out.Kind, out.ID, out.Title, out.Text = e.rel.is, key.String(), e.row.Text(t.Title), e.row.Text(e.rel.text)
	link := timelineLink{Table: t.Name, ID: key}
	if e.rel.kind != "" {
		out.Kind = e.row.Text(e.rel.kind)
		link.Table = out.Kind // the base row stands for one of this table
	}
	if e.rel.link {
		out.Link = &link
	}
	out.Pinned, _ = e.row["rpt_pinned"].(bool)
	if name := e.row.Text("filename"); name != "" {
		out.File = &timelineFile{name, e.row.Text("mimetype"), e.row.Int("filesize")}
	}
	if e.rel.group == "activity" {
		out.Done = e.row.Int("statecode") != 0
		if due, ok := e.row["scheduledend"].(time.Time); ok {
			out.Due = &due
		}
	}
	if c, ok := t.Column(statusColumn); ok && len(c.Options) > 0 {
		if o, ok := c.Option(e.row.Int(statusColumn)); ok {
			out.Title += ": " + o.Label.In(w.lang)
		}
	}
	return out
}

var timelineTitles = map[string]metadata.Label{
	"create": {"en": "created the record", "de": "hat den Datensatz angelegt"},
	"update": {"en": "changed the record", "de": "hat den Datensatz geändert"},
	"delete": {"en": "deleted the record", "de": "hat den Datensatz gelöscht"},
	"assign": {"en": "assigned the record", "de": "hat den Datensatz zugewiesen"},
	"status": {"en": "changed the status", "de": "hat den Status geändert"},
}

// title says in the language what somebody did.
func (w *wording) title(c *changelog.Change) string {
	what := c.Op.String()
	if c.Op == changelog.Update {
		after := values(c.After)
		if _, state := after["statecode"]; state {
			what = "status"
		} else if _, owner := after["ownerid"]; owner {
			what = "assign"
		}
	}
	return timelineTitles[what].In(w.lang)
}

// changes lists what changed of the columns that people see.
func (w *wording) changes(c *changelog.Change) []timelineChange {
	before, after := values(c.Before), values(c.After)
	var out []timelineChange
	for _, name := range w.shown {
		if before[name] == nil && after[name] == nil {
			continue
		}
		column, _ := w.table.Column(name)
		out = append(out, timelineChange{Column: name, Label: column.Label.In(w.lang), From: w.text(column, before), To: w.text(column, after)})
	}
	return out
}

// values reads an image of the change log.
func values(image json.RawMessage) map[string]any {
	d := json.NewDecoder(bytes.NewReader(image))
	d.UseNumber()
	var out map[string]any
	if len(image) == 0 || d.Decode(&out) != nil {
		return nil
	}
	return out
}

// lookups notes whose names the change needs.
func (w *wording) lookups(c *changelog.Change, wanted map[string][]id.ID) {
	for _, image := range []json.RawMessage{c.Before, c.After} {
		row := values(image)
		for _, name := range w.shown {
			column, _ := w.table.Column(name)
			key, tables := lookup(column, row)
			for _, table := range tables {
				wanted[table] = append(wanted[table], key)
			}
		}
	}
}

// lookup gives where a lookup in an image leads. The image of an update lacks
// the target's table when that stayed; then it is one of those it can be.
func lookup(c *metadata.Column, row map[string]any) (id.ID, []string) {
	text, _ := row[c.Name].(string)
	if !c.IsLookup() || text == "" {
		return id.Nil, nil
	}
	key, err := id.Parse(text)
	if err != nil {
		return id.Nil, nil
	}
	if table, ok := row[metadata.TypeColumn(c.Name)].(string); ok && slices.Contains(c.Targets, table) {
		return key, []string{table}
	}
	return key, c.Targets
}

// text gives a value of an image as people read it; nil for none.
func (w *wording) text(c *metadata.Column, row map[string]any) *string {
	v := row[c.Name]
	if v == nil {
		return nil
	}
	out := w.format(c, v, row)
	return &out
}

func (w *wording) format(c *metadata.Column, v any, row map[string]any) string {
	if c.IsLookup() {
		key, tables := lookup(c, row)
		for _, table := range tables {
			if name := w.names[table][key]; name != "" {
				return name
			}
		}
		return key.String() // it is gone
	}
	canonical, err := c.Coerce(v)
	if err != nil {
		canonical = v // the column has become narrower since
	}
	switch x := canonical.(type) {
	case int64:
		if o, ok := c.Option(x); ok {
			return o.Label.In(w.lang)
		}
		return w.number(strconv.FormatInt(x, 10), 0)
	case bool:
		if x {
			return metadata.Label{"en": "Yes", "de": "Ja"}.In(w.lang)
		}
		return metadata.Label{"en": "No", "de": "Nein"}.In(w.lang)
	case query.Number:
		least := 0
		if c.TypeName == "money" {
			least = shownPrecision
		}
		return w.number(x.String(), least)
	case time.Time:
		if w.lang == "de" {
			return x.In(w.zone).Format("02.01.2006 15:04")
		}
		return x.In(w.zone).Format("2006-01-02 15:04")
	case query.Date:
		if day, err := time.Parse(time.DateOnly, string(x)); w.lang == "de" && err == nil {
			return day.Format("02.01.2006")
		}
		return string(x)
	case string:
		return x
	case json.Number:
		return x.String()
	}
	return ""
}

// number groups digits as the language does.
func (w *wording) number(s string, least int) string {
	group, point := ",", "."
	if w.lang == "de" {
		group, point = ".", ","
	}
	sign := ""
	if rest, negative := strings.CutPrefix(s, "-"); negative {
		sign, s = "-", rest
	}
	whole, fraction, _ := strings.Cut(s, ".")
	for len(fraction) < least {
		fraction += "0"
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + group + whole[i:]
	}
	if fraction != "" {
		whole += point + fraction
	}
	return sign + whole
}

var _ Named = (*record.Store)(nil)
