package feature

import (
	"slices"
	"sort"
	"time"
)

// Fact says that an attribute of a lead took a value; "" takes it away.
type Fact struct {
	At    time.Time
	Name  string
	Value string
}

// Event is something that the person behind a lead did.
type Event struct {
	At      time.Time
	Type    string // "page.viewed" …
	Page    string
	Seconds float64 // in view; 0 where it is not known
}

// Timeline is everything that is known of a lead, with its times.
type Timeline struct {
	Arrived time.Time // when the lead came; zero if it is not known
	facts   []Fact
	events  []Event
}

// NewTimeline sorts what is known. Facts of one moment keep their order.
func NewTimeline(arrived time.Time, facts []Fact, events []Event) *Timeline {
	t := &Timeline{Arrived: arrived, facts: slices.Clone(facts), events: slices.Clone(events)}
	slices.SortStableFunc(t.facts, func(a, b Fact) int { return a.At.Compare(b.At) })
	slices.SortStableFunc(t.events, func(a, b Event) int { return a.At.Compare(b.At) })
	return t
}

// Before gives what was known before a moment, and nothing of that moment itself.
func (t *Timeline) Before(at time.Time) View {
	n := sort.Search(len(t.facts), func(i int) bool { return !t.facts[i].At.Before(at) })
	e := sort.Search(len(t.events), func(i int) bool { return !t.events[i].At.Before(at) })
	values := map[string]string{}
	for _, f := range t.facts[:n] {
		values[f.Name] = f.Value
	}
	return View{at: at, arrived: t.Arrived, values: values, events: t.events[:e:e]}
}

// Changes lists the moments at which an attribute changed, the first value among them.
func (t *Timeline) Changes(name string) []time.Time {
	var out []time.Time
	value := ""
	for _, f := range t.facts {
		if f.Name == name && f.Value != value {
			value = f.Value
			out = append(out, f.At)
		}
	}
	return out
}

// View is what was known of a lead at a moment.
type View struct {
	at, arrived time.Time
	values      map[string]string
	row         []string // with index, of a table whose rows have the same columns
	index       map[string]int
	events      []Event
}

// Known is the View of a lead of which everything given is known at the moment.
// The map must not change while the View is used.
func Known(at, arrived time.Time, values map[string]string, events []Event) View {
	v := View{at: at, arrived: arrived, values: values}
	for _, e := range events {
		if e.At.Before(at) {
			v.events = append(v.events, e)
		}
	}
	slices.SortStableFunc(v.events, func(a, b Event) int { return a.At.Compare(b.At) })
	return v
}

// Line is the View of one row of a table: what a file of history says was known.
func Line(at time.Time, index map[string]int, row []string) View {
	return View{at: at, arrived: at, index: index, row: row}
}

// Attribute gives a value; "" is missing.
func (v View) Attribute(name string) string {
	if v.index != nil {
		if i, ok := v.index[name]; ok && i < len(v.row) {
			return v.row[i]
		}
		return ""
	}
	return v.values[name]
}

// Has tells whether the attribute exists in what the View was made of, missing or not.
func (v View) Has(name string) bool {
	if v.index != nil {
		_, ok := v.index[name]
		return ok
	}
	_, ok := v.values[name]
	return ok
}

// At gives the moment.
func (v View) At() time.Time { return v.at }

// later tells whether the moment is after the lead's arrival, by more than the
// instant in which it is stored.
func (v View) later() bool { return !v.arrived.IsZero() && v.at.Sub(v.arrived) > time.Minute }

// within gives the events of the last so many days before the moment.
func (v View) within(days int) []Event {
	from := v.at.AddDate(0, 0, -days)
	i := sort.Search(len(v.events), func(i int) bool { return !v.events[i].At.Before(from) })
	return v.events[i:]
}
