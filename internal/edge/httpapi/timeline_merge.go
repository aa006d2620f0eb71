package httpapi

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"slices"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// timelineEntry is one thing that happened: a change, or a row of another table.
type timelineEntry struct {
	at     time.Time
	pos    timelinePosition // where its source goes on after it
	change *changelog.Change
	stage  bool // the change is a step of the business process
	rel    relatedRows
	row    record.Row
}

// timelinePosition is how far a source has been read.
type timelinePosition struct {
	Seq  int64     `json:"s,omitempty"` // of changes
	At   time.Time `json:"t,omitzero"`  // of rows
	ID   id.ID     `json:"i,omitzero"`
	Done bool      `json:"d,omitempty"` // nothing older is there
}

// timelineCursor is how far each source has been read. Each has an order of its
// own that new entries only grow at the top, so pages neither skip nor repeat.
type timelineCursor map[string]timelinePosition

func (c timelineCursor) String() string {
	text, err := json.Marshal(c)
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// parseTimelineCursor reads a cursor. A forged one shows nothing that the
// asker could not ask for anyway.
func parseTimelineCursor(s string) (timelineCursor, error) {
	if s == "" {
		return nil, nil
	}
	bad := errs.New(errs.Invalid, "timeline.cursor", "the cursor is not one that the server gave")
	text, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(text) > 4096 {
		return nil, bad
	}
	var c timelineCursor
	if json.Unmarshal(text, &c) != nil {
		return nil, bad
	}
	for _, p := range c {
		if p.Seq < 0 || p.At.Year() > 9999 {
			return nil, bad
		}
	}
	return c, nil
}

// timelineSource gives entries, newest first, from a position on.
type timelineSource struct {
	name  string
	at    timelinePosition
	read  func(ctx context.Context, from timelinePosition, limit int) ([]timelineEntry, error)
	ahead []timelineEntry
}

// merge takes the newest entries of all sources. next is the cursor for the
// older ones; "" when there are none.
func merge(ctx context.Context, sources []*timelineSource, top int) (out []timelineEntry, next string, err error) {
	for _, s := range sources {
		if s.at.Done {
			continue
		}
		if s.ahead, err = s.read(ctx, s.at, top+1); err != nil {
			return nil, "", err
		}
	}
	for len(out) < top {
		var best *timelineSource
		for _, s := range sources {
			// At the same instant the earlier source comes first, on every page.
			if len(s.ahead) > 0 && (best == nil || s.ahead[0].at.After(best.ahead[0].at)) {
				best = s
			}
		}
		if best == nil {
			return out, "", nil
		}
		out = append(out, best.ahead[0])
		best.at, best.ahead = best.ahead[0].pos, best.ahead[1:]
	}
	more, cursor := false, timelineCursor{}
	for _, s := range sources {
		s.at.Done = len(s.ahead) == 0 // one more than the page was asked for, so an empty rest is the end
		more = more || !s.at.Done
		cursor[s.name] = s.at
	}
	if !more {
		return out, "", nil
	}
	return out, cursor.String(), nil
}

// mostPassedBy is how many changes in a row may be nothing to tell before one is shown anyway.
const mostPassedBy = 2000

// changes reads a record's own changes, those that are worth telling.
func (a *TimelineAPI) changes(t *metadata.Table, key id.ID, tell func(*changelog.Change) bool) func(context.Context, timelinePosition, int) ([]timelineEntry, error) {
	return func(ctx context.Context, from timelinePosition, limit int) ([]timelineEntry, error) {
		var out []timelineEntry
		passed := 0
		for before := from.Seq; len(out) < limit; {
			found, err := a.History.History(ctx, t.Name, key, before, timelineMax)
			if err != nil {
				return nil, err
			}
			for i := range found {
				c := &found[i]
				if before = c.Seq; !tell(c) && passed < mostPassedBy {
					passed++
					continue
				}
				if out = append(out, timelineEntry{at: c.At, pos: timelinePosition{Seq: c.Seq}, change: c}); len(out) == limit {
					break
				}
			}
			if len(found) < timelineMax {
				break
			}
		}
		return out, nil
	}
}

// worthTelling tells the changes that people see from the platform's bookkeeping.
func worthTelling(t *metadata.Table) func(*changelog.Change) bool {
	shown := shownColumns(t)
	return func(c *changelog.Change) bool {
		if c.Op != changelog.Update || c.Erasure != id.Nil {
			return true
		}
		before, after := values(c.Before), values(c.After)
		return slices.ContainsFunc(shown, func(name string) bool { return before[name] != nil || after[name] != nil })
	}
}

// relatedRows says how rows of another table are about a record.
type relatedRows struct {
	name  string // in the cursor
	group string // as the filter names it
	table string
	about string // column that holds the record's id
	text  string // column that is shown below the title
	kind  string // column that holds the kind, or
	is    string // the kind
	link  bool
}

var related = []relatedRows{
	{name: "a", group: "activity", table: "activitypointer", about: "regardingobjectid", text: "description", kind: "activitytypecode", link: true},
	{name: "n", group: "note", table: "annotation", about: "objectid", text: "notetext", is: "annotation"},
	{name: "f", group: "flow", table: "rpt_flowrun", about: "rpt_regarding", is: "flowrun", link: true},
}

// about gives the condition of the rows that are about a record and hold the words.
func about(t *metadata.Table, rel relatedRows, key id.ID, words string) query.Node {
	is := query.Compare{Left: query.Path{rel.about}, Value: key}
	if words == "" {
		return is
	}
	var any query.Or
	for _, name := range []string{t.Title, rel.text} {
		if c, ok := t.Column(name); ok && (c.TypeName != "memo" || c.Searchable) { // long texts are kept folded only where they are searched
			any = append(any, query.TextMatch{Left: query.Path{name}, Op: query.Contains, Text: words})
		}
	}
	return query.And{is, any}
}

// rows reads the rows of another table that are about the record and that the
// person may read.
func (a *TimelineAPI) rows(t *metadata.Table, rel relatedRows, key id.ID, words string) func(context.Context, timelinePosition, int) ([]timelineEntry, error) {
	columns := []string{t.ID, t.Title, "createdon", "createdby"}
	for _, c := range []string{rel.text, rel.kind, statusColumn, "rpt_pinned", "filename", "mimetype", "filesize", "statecode", "scheduledend"} {
		if _, ok := t.Column(c); ok {
			columns = append(columns, c)
		}
	}
	return func(ctx context.Context, from timelinePosition, limit int) ([]timelineEntry, error) {
		q := query.Query{Table: t.Name, Select: columns, Where: about(t, rel, key, words),
			Order: []query.Order{{Column: "createdon", Desc: true}}, Limit: limit}
		if from.ID != id.Nil {
			q.After = query.Cursor{from.At, from.ID}
		}
		page, err := a.Records.Find(ctx, q)
		if errs.Has(err, errs.Forbidden) {
			return nil, nil // nothing of that table is theirs to see
		}
		if err != nil {
			return nil, err
		}
		out := make([]timelineEntry, len(page.Rows))
		for i, row := range page.Rows {
			at, _ := row["createdon"].(time.Time)
			out[i] = timelineEntry{at: at, pos: timelinePosition{At: at, ID: row.ID(t.ID)}, rel: rel, row: row}
		}
		return out, nil
	}
}
