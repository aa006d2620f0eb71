package routing

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// pool is who may get a record: one user, or members that are dealt to.
type pool struct {
	id      id.ID // under which turns are counted
	members []id.ID
	direct  id.ID          // this user and nobody else
	fresh   map[id.ID]bool // of the members, those whom the records know and memory does not
}

// listed bounds the candidates that a reason names.
const listed = 50

// choose finds who gets the record. Nobody does where it only goes to its queue,
// or where nobody can take it now.
func (e *Engine) choose(ctx context.Context, tx *record.Tx, d *Decision, need []Skill, how Allocation) error {
	if d.pool.direct != id.Nil {
		d.pick(d.pool.direct, e.People().name(d.pool.direct), "named by the rule")
		return nil
	}
	if how != ToQueue {
		if err := e.present(ctx, tx, d); err != nil {
			return err
		}
	}
	if how == ToQueue || len(d.pool.members) == 0 {
		if d.Outcome == 0 {
			d.Outcome = Waits
		}
		if how != ToQueue && d.Outcome == Waits {
			d.say("Nobody works here yet.")
		}
		return nil
	}
	t, err := take(tx.SQL(), d.pool.id)
	if err != nil {
		return err
	}
	able := e.sift(d, need, e.Clock.Now())
	order := t.order(able)
	loads := map[id.ID]int64{}
	counted := how == LeastLoaded || slices.ContainsFunc(able, func(who id.ID) bool { return e.People().of(who).bounded })
	if counted && len(able) > 0 {
		if loads, err = open(ctx, tx, d, able); err != nil {
			return err
		}
	}
	if how == LeastLoaded {
		slices.SortStableFunc(order, func(a, b id.ID) int { return int(min(1, max(-1, loads[a]-loads[b]))) })
	}
	who, err := e.first(ctx, tx, d, order, loads, counted)
	if err != nil {
		return err
	}
	if who == id.Nil {
		if d.Outcome == 0 {
			d.Outcome = Waits
		}
		d.nobody = true
		d.say("Nobody can take it now: " + tally(d.candidates) + ".")
		return nil
	}
	why := "next in turn"
	if how == LeastLoaded {
		why = fmt.Sprintf("has least to do, %d open", loads[who])
	}
	d.pick(who, e.People().name(who), why)
	if out := tally(d.candidates); out != "" {
		d.say("Not considered: " + out + ".")
	}
	return t.give(who)
}

// sift keeps the members who can take the record, and notes why others can't.
func (e *Engine) sift(d *Decision, need []Skill, now time.Time) (able []id.ID) {
	people := e.People()
	for _, who := range d.pool.members {
		verdict := people.judge(who, need, now)
		if verdict == "" && !e.Teams.Known(who) && !d.pool.fresh[who] {
			verdict = Gone
		}
		if verdict == "" {
			able = append(able, who)
			continue
		}
		d.candidates = append(d.candidates, Candidate{ID: who, Name: people.name(who), Verdict: verdict})
	}
	return able
}

// first gives the first of those in order who has room for one more. Whoever
// has a capacity is counted anew under a lock of his own, since he may work in
// another pool as well, which deals at the same time.
func (e *Engine) first(ctx context.Context, tx *record.Tx, d *Decision, order []id.ID, loads map[id.ID]int64, counted bool) (id.ID, error) {
	people := e.People()
	chosen := id.Nil
	for _, who := range order {
		c := Candidate{ID: who, Name: people.name(who), Verdict: Later}
		if chosen == id.Nil {
			c.Verdict = Chosen
			if p := people.of(who); p.bounded {
				if err := tx.SQL().Lock("routing capacity " + d.Table + " " + who.String()); err != nil {
					return id.Nil, err
				}
				now, err := open(ctx, tx, d, []id.ID{who})
				if err != nil {
					return id.Nil, err
				}
				if loads[who] = now[who]; now[who] >= p.capacity {
					c.Verdict = Full
				}
			}
			if c.Verdict == Chosen {
				chosen = who
			}
		}
		if counted {
			load := loads[who]
			c.Load = &load
		}
		d.candidates = append(d.candidates, c)
	}
	return chosen, nil
}

// open counts the open records of the table that each member owns, but for the
// one that is dealt.
func open(ctx context.Context, tx *record.Tx, d *Decision, members []id.ID) (map[id.ID]int64, error) {
	t, ok := tx.Catalog().Table(d.Table)
	if !ok {
		return nil, record.ErrNotFound
	}
	values := make([]any, len(members))
	for i, m := range members {
		values[i] = m
	}
	where := query.And{query.In{Left: query.Path{"ownerid"}, Values: values}, query.Compare{Left: query.Path{t.ID}, Op: query.Ne, Value: d.Record}}
	if _, ok := t.Column("statecode"); ok {
		where = append(where, query.Compare{Left: query.Path{"statecode"}, Value: int64(0)})
	}
	page, err := tx.Find(ctx, query.Query{Table: d.Table, Where: where, Limit: record.MaxPage,
		Group: &query.Group{Keys: []query.Key{{Name: "who", Column: "ownerid"}}, Values: []query.Aggregate{{Name: "n", Func: query.CountRows}}}})
	if err != nil {
		return nil, err
	}
	out := make(map[id.ID]int64, len(page.Rows))
	for _, row := range page.Rows {
		out[row.ID("who")] = row.Int("n")
	}
	return out, nil
}

func (d *Decision) pick(who id.ID, name, why string) {
	d.Owner, d.OwnerType = who, "systemuser"
	if d.Outcome == 0 {
		d.Outcome = Assigned
	}
	if name == "" {
		name = "A member"
	}
	d.say(name + ": " + why + ".")
	if !slices.ContainsFunc(d.candidates, func(c Candidate) bool { return c.Verdict == Chosen }) {
		d.candidates = append(d.candidates, Candidate{ID: who, Name: name, Verdict: Chosen})
	}
}

func (d *Decision) say(text string) {
	d.Reason = strings.TrimSpace(d.Reason + " " + text)
}

// tally counts why candidates could not take the record.
func tally(list []Candidate) string {
	words := []struct{ verdict, text string }{{Unskilled, "without the skills"}, {Absent, "absent"}, {OffHours, "outside working hours"}, {Full, "at capacity"}, {Gone, "disabled"}}
	var parts []string
	for _, w := range words {
		n := 0
		for _, c := range list {
			if c.Verdict == w.verdict {
				n++
			}
		}
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, w.text))
		}
	}
	return strings.Join(parts, ", ")
}
