package httpapi

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/commons/process"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Named reads records, and the names of those that lookups lead to.
type Named interface {
	record.Reader
	Names(ctx context.Context, table string, ids []id.ID) (map[id.ID]string, error)
	NoteReads(ctx context.Context, list ...record.Read) error
}

// History reads what changed of one record, newest first; *changelog.Log is one.
type History interface {
	History(ctx context.Context, table string, record id.ID, before int64, limit int) ([]changelog.Change, error)
}

// TimelineAPI shows what happened to a record, newest first: its changes, its way
// through the business process, and the activities, notes and flow runs about it.
//
//	GET /api/ui/tables/{table}/{id}/timeline?top=50&before={cursor}&kinds=change,note,activity,flow&q={words}
//
// Who may read the record sees its changes; the rest is read under the
// person's own rights. "next" is the cursor of the following page; what is
// added meanwhile does not move it.
type TimelineAPI struct {
	Catalog func() *metadata.Catalog
	Records Named
	History History
	Access  Allower
	// Processes are those in force; nil shows no steps of theirs.
	Processes func() *process.Set
}

// Register adds the route.
func (a *TimelineAPI) Register(mux *http.ServeMux) {
	mux.HandleFunc("GET /api/ui/tables/{table}/{id}/timeline", answering(a.serve))
}

const (
	timelineTop = 50
	timelineMax = 200
)

// The bodies are the interface's types (web/src/api/types.ts).

type timelinePage struct {
	Items []timelineItem `json:"items"`
	Next  string         `json:"next,omitempty"`
}

type timelineItem struct {
	Kind    string           `json:"kind"`
	ID      string           `json:"id"`
	At      time.Time        `json:"at"`
	Actor   *timelineActor   `json:"actor,omitempty"`
	Title   string           `json:"title"`
	Text    string           `json:"text,omitempty"`
	Changes []timelineChange `json:"changes,omitempty"`
	Link    *timelineLink    `json:"link,omitempty"`
	Audit   string           `json:"audit,omitempty"` // of a change of values: the id by which it can be taken back
	Pinned  bool             `json:"pinned,omitempty"`
	Done    bool             `json:"done,omitempty"` // of activities: no longer open
	Due     *time.Time       `json:"due,omitempty"`
	File    *timelineFile    `json:"file,omitempty"`
}

type timelineFile struct {
	Name string `json:"name"`
	Type string `json:"type,omitempty"`
	Size int64  `json:"size"`
}

type timelineActor struct {
	ID   id.ID  `json:"id"`
	Name string `json:"name"`
}

type timelineChange struct {
	Column string  `json:"column"`
	Label  string  `json:"label"`
	From   *string `json:"from"`
	To     *string `json:"to"`
}

type timelineLink struct {
	Table string `json:"table"`
	ID    id.ID  `json:"id"`
}

func (a *TimelineAPI) serve(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	if access.From(ctx).Kind == access.Anonymous {
		return access.ErrSignIn
	}
	t, ok := a.Catalog().Table(r.PathValue("table"))
	if !ok {
		return errTable
	}
	key, err := id.Parse(r.PathValue("id"))
	if err != nil {
		return err
	}
	top, at, err := timelineOptions(r)
	if err != nil {
		return err
	}
	if _, err := a.Records.Get(ctx, t.Name, key, []string{t.ID}, nil); err != nil {
		return err
	}
	only, err := timelineFilterOf(r)
	if err != nil {
		return err
	}
	sources := a.sources(t, key, at, only)
	if only.wants("change") && only.words == "" {
		steps, ok, err := a.stageSource(ctx, t, key, at)
		if err != nil {
			return err
		}
		if ok {
			sources = append(sources, steps)
		}
	}
	items, next, err := merge(ctx, sources, top)
	if err != nil {
		return err
	}
	words, err := a.wording(ctx, r, t, items)
	if err != nil {
		return err
	}
	page := timelinePage{Items: []timelineItem{}, Next: next}
	for _, e := range items {
		page.Items = append(page.Items, words.item(e))
	}
	if err := a.note(ctx, t, key, page.Items); err != nil {
		return err
	}
	writePortalJSON(w, http.StatusOK, page)
	return nil
}

// note leaves the trace of audited columns whose old values are shown.
func (a *TimelineAPI) note(ctx context.Context, t *metadata.Table, key id.ID, items []timelineItem) error {
	var names []string
	for _, item := range items {
		for _, c := range item.Changes {
			if t.Shape().Columns[c.Column].Audited && !slices.Contains(names, c.Column) {
				names = append(names, c.Column)
			}
		}
	}
	if len(names) == 0 {
		return nil
	}
	return a.Records.NoteReads(ctx, record.Read{Table: t.Name, Columns: names, IDs: []id.ID{key}, How: "history"})
}

func timelineOptions(r *http.Request) (top int, at timelineCursor, err error) {
	q := r.URL.Query()
	top = timelineTop
	if text := q.Get("top"); text != "" {
		if top, err = strconv.Atoi(text); err != nil || top < 1 || top > timelineMax {
			return 0, at, errs.New(errs.Invalid, "timeline.top", "top is between 1 and %d", timelineMax)
		}
	}
	at, err = parseTimelineCursor(q.Get("before"))
	return top, at, err
}

// timelineFilter is what of a timeline is asked for.
type timelineFilter struct {
	kinds []string // empty for all
	words string   // in title or text
}

func (f timelineFilter) wants(kind string) bool {
	return len(f.kinds) == 0 || slices.Contains(f.kinds, kind)
}

const timelineWordsMax = 200

func timelineFilterOf(r *http.Request) (timelineFilter, error) {
	q := r.URL.Query()
	out := timelineFilter{words: strings.TrimSpace(q.Get("q"))}
	if len(out.words) > timelineWordsMax {
		return out, errs.New(errs.Invalid, "timeline.q", "at most %d bytes can be searched for", timelineWordsMax)
	}
	for kind := range strings.SplitSeq(q.Get("kinds"), ",") {
		switch kind {
		case "":
		case "change", "note", "activity", "flow":
			out.kinds = append(out.kinds, kind)
		default:
			return out, errs.New(errs.Invalid, "timeline.kinds", "kinds are change, note, activity and flow")
		}
	}
	return out, nil
}

// sources lists where the entries of a timeline come from. A table that there
// is not, or that does not know what a row is about, has none.
func (a *TimelineAPI) sources(t *metadata.Table, key id.ID, at timelineCursor, only timelineFilter) []*timelineSource {
	var out []*timelineSource
	if only.wants("change") && only.words == "" { // changes hold values, not words
		out = append(out, &timelineSource{name: "c", at: at["c"], read: a.changes(t, key, worthTelling(t))})
	}
	for _, rel := range related {
		if !only.wants(rel.group) {
			continue
		}
		if other, ok := a.Catalog().Table(rel.table); ok {
			if _, ok := other.Column(rel.about); ok {
				out = append(out, &timelineSource{name: rel.name, at: at[rel.name], read: a.rows(other, rel, key, only.words)})
			}
		}
	}
	return out
}
