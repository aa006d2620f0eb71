package worklist

import (
	"cmp"
	"slices"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/id"
)

// Why a record stands where it does, in the order of the list.
const (
	Overdue   = "overdue"   // a step should have been done
	Today     = "today"     // a step is due before the person's day ends
	Stalled   = "stalled"   // it stays too long in its stage
	Unplanned = "unplanned" // no step has a date
	Later     = "later"     // a step is due on another day
)

var places = map[string]int{Overdue: 0, Today: 1, Stalled: 2, Unplanned: 3, Later: 4}

// Kinds of steps.
const (
	Activity = "activity" // an open activity about the record
	Deadline = "deadline" // a column of the record that says until when something is to be done
)

// Step is what is to be done next about a record.
type Step struct {
	Kind    string     `json:"kind"`
	Table   string     `json:"table,omitempty"` // of the activity
	ID      *id.ID     `json:"id,omitempty"`
	Subject string     `json:"subject,omitempty"`
	Column  string     `json:"column,omitempty"` // of the deadline
	Due     *time.Time `json:"due,omitempty"`
}

// Item is one record of the list.
type Item struct {
	Table   string     `json:"table"`
	ID      id.ID      `json:"id"`
	Name    string     `json:"name"`
	About   []string   `json:"about,omitempty"` // what else is shown of it
	Rank    *int64     `json:"rank,omitempty"`
	Trend   *int64     `json:"trend,omitempty"`
	Why     string     `json:"why"`
	Step    *Step      `json:"step,omitempty"`
	Steps   int        `json:"steps"` // open steps in all
	Stalled *time.Time `json:"stalled,omitempty"`

	Rises   bool `json:"rises,omitempty"`
	order   int  // of its table
	created time.Time
}

// place says why an item stands where it does.
func (i *Item) place(now, until time.Time) {
	switch due := i.due(); {
	case !due.IsZero() && due.Before(now):
		i.Why = Overdue
	case !due.IsZero() && due.Before(until):
		i.Why = Today
	case i.Stalled != nil:
		i.Why = Stalled
	case due.IsZero():
		i.Why = Unplanned
	default:
		i.Why = Later
	}
}

func (i *Item) due() time.Time {
	if i.Step == nil || i.Step.Due == nil {
		return time.Time{}
	}
	return *i.Step.Due
}

// sorted puts items in the order in which they should be worked. What has to be
// done at its time goes by time, the rest by rank: of what is late already, the
// best comes first.
func sorted(items []*Item) {
	slices.SortFunc(items, func(a, b *Item) int {
		byRank := cmp.Or(-cmp.Compare(rank(a), rank(b)), -compareBool(a.Rises, b.Rises))
		byTime := a.due().Compare(b.due())
		first, second := byRank, byTime
		if a.Why == Today || a.Why == Later {
			first, second = byTime, byRank
		}
		return cmp.Or(cmp.Compare(places[a.Why], places[b.Why]), first, second, cmp.Compare(a.order, b.order), b.created.Compare(a.created), cmp.Compare(a.ID.String(), b.ID.String()))
	})
}

func rank(i *Item) int64 {
	if i.Rank == nil {
		return -1
	}
	return *i.Rank
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}
