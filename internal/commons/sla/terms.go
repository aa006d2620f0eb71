package sla

import (
	"context"
	"sync"
	"time"

	"github.com/rapport-platform/rapport/internal/commons/calendar"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// The columns of a table whose first contact is measured.
const (
	DueColumn = "rpt_contactdueon"
	MetColumn = "rpt_contactedon"
)

// Watched lists the tables that terms are made from.
func Watched() []string { return append([]string{"sla", "slaitem"}, calendar.Watched()...) }

// Terms are the agreements in force. They are not changed once made; nil is none.
type Terms struct{ byTable map[string]*term }

// term is one table's agreement on first contact.
type term struct {
	within time.Duration
	hours  *calendar.Calendar

	mu   sync.Mutex
	last time.Time // the minute that due belongs to: many records come within one
	due  time.Time
	ok   bool
}

// Load reads the agreements in force. Of several of a table the default one counts,
// else the first by name.
func Load(ctx context.Context, r record.Reader) (*Terms, error) {
	calendars, err := calendar.Load(ctx, r)
	if err != nil {
		return nil, err
	}
	out := &Terms{map[string]*term{}}
	page, err := r.Find(ctx, query.Query{Table: "sla", Where: query.Compare{Left: query.Path{"statecode"}, Value: int64(1)}, Order: []query.Order{{Column: "isdefault", Desc: true}, {Column: "name"}}})
	if err != nil {
		return nil, err
	}
	for _, row := range page.Rows {
		table := row.Text("objecttypecode")
		if table == "" || out.byTable[table] != nil {
			continue
		}
		items, err := r.Find(ctx, query.Query{Table: "slaitem", Limit: 1, Order: []query.Order{{Column: "sequencenumber"}}, Where: query.And{
			query.Compare{Left: query.Path{"slaid"}, Value: row.ID("slaid")}, query.Compare{Left: query.Path{"relatedfield"}, Value: DueColumn}, query.Compare{Left: query.Path{"failureafter"}, Op: query.Gt, Value: int64(0)}}})
		if err != nil {
			return nil, err
		}
		for _, item := range items.Rows {
			hours := item.ID("businesshoursid")
			if hours == id.Nil {
				hours = row.ID("businesshoursid")
			}
			out.byTable[table] = &term{within: time.Duration(item.Int("failureafter")) * time.Minute, hours: calendars[hours]}
		}
	}
	return out, nil
}

// due gives when a record that comes now should have been contacted.
func (t *Terms) due(table string, now time.Time) (time.Time, bool) {
	if t == nil || t.byTable[table] == nil {
		return time.Time{}, false
	}
	one := t.byTable[table]
	minute := now.Truncate(time.Minute)
	one.mu.Lock()
	defer one.mu.Unlock()
	if !one.last.Equal(minute) {
		one.last = minute
		one.due, one.ok = one.hours.After(minute, one.within)
	}
	return one.due, one.ok
}
