package rule

import (
	"context"
	"iter"
	"maps"
	"reflect"
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/id"
)

// Case is something past that rules are tried on.
type Case struct {
	ID   id.ID
	Name string
	Vars map[string]any
}

// Difference is a case that the new rules treat differently, or fail on.
type Difference struct {
	ID            id.ID
	Name          string
	Before, After Outcome
}

// Report is the result of a rehearsal.
type Report struct {
	Cases   int            // looked at
	Matched int            // that some new rule holds for
	Changed int            // treated differently
	Failed  int            // on which a new rule could not be evaluated
	Hits    map[string]int // how often each new rule holds, by name
	// Differences are the first ones, up to the limit asked for.
	Differences []Difference
}

// Rehearse tries a new set on past cases beside the one in force. It writes
// nothing. It ends with the cases, with the first error of reading them, or
// with the context.
func Rehearse(ctx context.Context, before, after *Set, cases iter.Seq2[Case, error], limit int) (Report, error) {
	r := Report{Hits: map[string]int{}}
	for c, err := range cases {
		if err != nil {
			return r, err
		}
		was, err := before.Apply(ctx, c.Vars)
		if err != nil {
			return r, err
		}
		now, err := after.Apply(ctx, c.Vars)
		if err != nil {
			return r, err
		}
		r.Cases++
		for _, h := range now.Hits {
			r.Hits[h.Name]++
		}
		if len(now.Hits) > 0 {
			r.Matched++
		}
		if len(now.Failed) > 0 {
			r.Failed++
		}
		changed := differs(was, now)
		if changed {
			r.Changed++
		}
		if (changed || len(now.Failed) > 0) && len(r.Differences) < limit {
			r.Differences = append(r.Differences, Difference{c.ID, c.Name, was, now})
		}
	}
	return r, nil
}

func differs(a, b Outcome) bool {
	same := func(x, y Hit) bool { return x.Rule == y.Rule && x.Points == y.Points }
	return a.Points != b.Points || a.NextAction != b.NextAction || a.Category != b.Category ||
		!slices.EqualFunc(a.Hits, b.Hits, same) ||
		!maps.EqualFunc(a.Set, b.Set, func(x, y any) bool { return reflect.DeepEqual(x, y) })
}
