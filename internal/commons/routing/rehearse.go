package routing

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/rapport-platform/rapport/internal/commons/queue"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// RehearseInput says on which records a rule set is tried.
type RehearseInput struct {
	Days  int64 `json:"Days,omitempty" doc:"Records made within so many days; 30 if missing"`
	Limit int64 `json:"Limit,omitempty" doc:"Most records, the newest; 1,000 if missing, at most 5,000"`
}

// Rehearsed is what a rule set would have done.
type Rehearsed struct {
	Checked int      `json:"Checked"` // records looked at
	Changed int      `json:"Changed"` // that go elsewhere than by the rules in force
	Failed  int      `json:"Failed"`  // on which a rule fails
	Waiting int      `json:"Waiting"` // that nobody could have taken when they came
	Unruled int      `json:"Unruled"` // that no rule takes
	Queues  []Share  `json:"Queues"`
	People  []Share  `json:"People"`
	Rules   []Share  `json:"Rules"`
	Samples []Sample `json:"Samples"` // the first that go elsewhere
}

// Share is how many records somebody or something gets, by the rules in force and by the others.
type Share struct {
	Name   string `json:"name"`
	Before int    `json:"before"`
	After  int    `json:"after"`
}

// Sample is one record that goes elsewhere.
type Sample struct {
	ID     id.ID   `json:"id"`
	Name   string  `json:"name"`
	Now    string  `json:"now"` // who owns it in fact
	Before Whither `json:"before"`
	After  Whither `json:"after"`
}

// Whither is where a record goes.
type Whither struct {
	Rule   string `json:"rule,omitempty"`
	Queue  string `json:"queue,omitempty"`
	Person string `json:"person,omitempty"`
	Reason string `json:"reason"`
}

// The bounds of a rehearsal.
const (
	rehearseDays  = 30
	rehearseLimit = 1000
	rehearseMost  = 5000
	samplesMost   = 100
)

// trial deals records out in memory by one rule set.
type trial struct {
	engine *Engine
	set    *Set // nil: by the places of the queues, in turn
	places *Set // whose columns tell the place where set is nil
	turn   int64
	last   map[id.ID]map[id.ID]int64
	loads  map[id.ID]int64
}

func (e *Engine) trial(set, places *Set) *trial {
	return &trial{engine: e, set: set, places: places, last: map[id.ID]map[id.ID]int64{}, loads: map[id.ID]int64{}}
}

// put deals one record out, as it would have been at a moment.
func (t *trial) put(ctx context.Context, row record.Row, at time.Time) (Decision, error) {
	var d Decision
	need, how := []Skill(nil), InTurn
	if t.set == nil {
		p := t.places.place(row)
		if to, ok := queue.Pick(t.engine.Queues(), queue.Place{RoutingTeam: row.Text("rpt_routingteam"), Country: p.Country, City: p.City, PostalCode: p.Postal}); ok {
			d.Reason = "By the place of the queue."
			t.engine.into(&d, to.Queue)
		}
	} else {
		d.Set = t.set
		var err error
		if d.Rule, d.failure, err = t.set.Match(ctx, row); err != nil {
			return d, err
		}
		t.engine.target(&d)
		need, how = d.terms()
	}
	t.deal(&d, need, how, at)
	return d, nil
}

// deal chooses among those who could have taken the record. Capacity is left
// out: how much everybody had to do then is not known.
func (t *trial) deal(d *Decision, need []Skill, how Allocation, at time.Time) {
	if d.pool.direct != id.Nil {
		d.pick(d.pool.direct, t.engine.People().name(d.pool.direct), "named by the rule")
		return
	}
	if how == ToQueue || len(d.pool.members) == 0 {
		return
	}
	able := t.engine.sift(d, need, at)
	if len(able) == 0 {
		d.nobody = true
		d.say("Nobody could take it then: " + tally(d.candidates) + ".")
		return
	}
	if t.last[d.pool.id] == nil {
		t.last[d.pool.id] = map[id.ID]int64{}
	}
	order := inTurn(able, t.last[d.pool.id])
	if how == LeastLoaded {
		slices.SortStableFunc(order, func(a, b id.ID) int { return cmp.Compare(t.loads[a], t.loads[b]) })
	}
	t.turn++
	t.last[d.pool.id][order[0]] = t.turn
	t.loads[order[0]]++
	d.pick(order[0], t.engine.People().name(order[0]), "next in turn")
}

func (a *actions) rehearse(ctx context.Context, c action.Call, in RehearseInput) (Rehearsed, error) {
	row, err := c.Reader.Get(ctx, "routingrule", c.Target, nil, nil)
	if err != nil {
		return Rehearsed{}, err
	}
	after, bad, err := read(ctx, c.Reader, row, a.engine.Catalog())
	if err != nil {
		return Rehearsed{}, err
	}
	bad = slices.DeleteFunc(bad, func(p Problem) bool { return p.Level != Fault })
	if err := refuse(bad, true); err != nil {
		return Rehearsed{}, err
	}
	days, limit := cmp.Or(in.Days, rehearseDays), cmp.Or(in.Limit, rehearseLimit)
	if days < 1 || days > 3660 || limit < 1 || limit > rehearseMost {
		return Rehearsed{}, errs.New(errs.Invalid, "routing.rehearsal", "a rehearsal takes 1 to 3,660 days and 1 to 5,000 records")
	}
	past, err := a.past(ctx, c.Reader, after.Table, a.engine.Clock.Now().AddDate(0, 0, -int(days)), int(limit))
	if err != nil {
		return Rehearsed{}, err
	}
	return a.compare(ctx, c.Reader, after, past)
}

// past reads records that the caller may see, in the order in which they came.
func (a *actions) past(ctx context.Context, from record.Reader, table string, since time.Time, limit int) (out []record.Row, err error) {
	q := query.Query{Table: table, Order: []query.Order{{Column: "createdon", Desc: true}}, Limit: min(limit, 500), Where: query.Compare{Left: query.Path{"createdon"}, Op: query.Ge, Value: since}}
	for {
		page, err := from.Find(ctx, q)
		if err != nil {
			return nil, err
		}
		out = append(out, page.Rows...)
		if page.Next == nil || len(out) >= limit {
			break
		}
		q.After = page.Next
	}
	out = out[:min(len(out), limit)]
	slices.Reverse(out)
	return out, nil
}

func (a *actions) compare(ctx context.Context, from record.Reader, after *Set, past []record.Row) (Rehearsed, error) {
	e := a.engine
	t, ok := e.Catalog().Table(after.Table)
	if !ok {
		return Rehearsed{}, record.ErrNotFound
	}
	was, now := e.trial(e.Sets().Of(after.Table), after), e.trial(after, after)
	out := Rehearsed{Samples: []Sample{}}
	queues, people, rules := map[string]*Share{}, map[string]*Share{}, map[string]*Share{}
	for _, row := range past {
		at, _ := row["createdon"].(time.Time)
		x, err := was.put(ctx, row, at)
		if err != nil {
			return Rehearsed{}, err
		}
		y, err := now.put(ctx, row, at)
		if err != nil {
			return Rehearsed{}, err
		}
		out.count(&y)
		before, then := x.whither(e), y.whither(e)
		add(queues, before.Queue, then.Queue)
		add(people, before.Person, then.Person)
		add(rules, before.Rule, then.Rule)
		if x.Queue == y.Queue && x.Owner == y.Owner && y.failure == nil {
			continue
		}
		out.Changed++
		if len(out.Samples) < samplesMost {
			out.Samples = append(out.Samples, Sample{ID: row.ID(t.ID), Name: row.Text(t.Title), Now: e.People().name(row.ID("ownerid")), Before: before, After: then})
		}
	}
	out.Queues, out.People, out.Rules = shares(queues), shares(people), shares(rules)
	return out, nil
}

func (r *Rehearsed) count(d *Decision) {
	r.Checked++
	switch {
	case d.failure != nil:
		r.Failed++
	case d.Rule == nil:
		r.Unruled++
	}
	if d.nobody {
		r.Waiting++
	}
}

func (d *Decision) whither(e *Engine) Whither {
	w := Whither{Queue: d.QueueName, Person: e.People().name(d.Owner), Reason: d.Reason}
	if d.Rule != nil {
		w.Rule = d.Rule.Name
	}
	return w
}

func add(to map[string]*Share, before, after string) {
	at := func(name string) *Share {
		if to[name] == nil {
			to[name] = &Share{Name: name}
		}
		return to[name]
	}
	at(before).Before++
	at(after).After++
}

// shares lists them, the largest first; what went nowhere has no name.
func shares(of map[string]*Share) []Share {
	out := []Share{}
	for _, s := range of {
		out = append(out, *s)
	}
	slices.SortFunc(out, func(a, b Share) int {
		return cmp.Or(cmp.Compare(b.After, a.After), cmp.Compare(b.Before, a.Before), cmp.Compare(a.Name, b.Name))
	})
	return out[:min(len(out), 1000)]
}
