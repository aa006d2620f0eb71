package decide

import (
	"context"
	"iter"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/id"
)

// Case is something past that versions are tried on.
type Case struct {
	ID   id.ID
	Name string
	Vars map[string]any
	Was  Outcome // what was decided then; 0 asks the version before
}

// Difference is a case that another version decides differently.
type Difference struct {
	ID      id.ID    `json:"id"`
	Name    string   `json:"name"`
	Before  string   `json:"before"`
	After   string   `json:"after"`
	Reasons []string `json:"reasons"` // of the tables that decide differently now, or of those that did not pass
}

// Report is the result of a rehearsal.
type Report struct {
	Cases       int                       `json:"cases"`
	Changed     int                       `json:"changed"`
	Problems    int                       `json:"problems"`    // cases with a formula that failed
	Moves       map[string]map[string]int `json:"moves"`       // outcome before → outcome after → cases
	Tables      []TableCount              `json:"tables"`      // of the version after
	Differences []Difference              `json:"differences"` // the first ones
}

// TableCount tells how often a table said what.
type TableCount struct {
	Table string `json:"table"`
	Label string `json:"label"`
	Pass  int    `json:"pass"`
	Refer int    `json:"refer"`
	Fail  int    `json:"fail"`
	Rows  []int  `json:"rows"` // hits of each row
}

// Rehearse tries a version on past cases beside the one before, which may be nil
// where there is none. It writes nothing.
func Rehearse(ctx context.Context, before, after *Program, today time.Time, cases iter.Seq2[Case, error], limit int) (*Report, error) {
	r := &Report{Moves: map[string]map[string]int{}, Differences: []Difference{}}
	for i := range after.tables {
		t := &after.tables[i]
		label := t.Label
		if label == "" {
			label = t.Name
		}
		r.Tables = append(r.Tables, TableCount{Table: t.Name, Label: label, Rows: make([]int, len(t.rows))})
	}
	for c, err := range cases {
		if err != nil {
			return nil, err
		}
		was := c.Was
		if was == 0 && before != nil {
			s := before.begin(c.Vars, today)
			if err := s.formulas(ctx); err != nil {
				return nil, err
			}
			was = s.outcome()
		}
		s := after.begin(c.Vars, today)
		if err := s.formulas(ctx); err != nil {
			return nil, err
		}
		now := r.count(s)
		r.Cases++
		if len(s.problems) > 0 {
			r.Problems++
		}
		from, to := was.String(), now.String()
		if from == "" {
			from = "none"
		}
		if r.Moves[from] == nil {
			r.Moves[from] = map[string]int{}
		}
		r.Moves[from][to]++
		if was == now || was == 0 {
			continue
		}
		if r.Changed++; len(r.Differences) < limit {
			d := Difference{ID: c.ID, Name: c.Name, Before: from, After: to, Reasons: []string{}}
			for i := range after.tables {
				if check := s.explain(&after.tables[i]); check.outcome != Pass {
					d.Reasons = append(d.Reasons, check.Label+": "+check.Reason)
				}
			}
			r.Differences = append(r.Differences, d)
		}
	}
	return r, nil
}

// count notes what each table says, and gives the outcome.
func (r *Report) count(s *state) Outcome {
	worst := Pass
	for i := range s.p.tables {
		t, n := &s.p.tables[i], &r.Tables[i]
		got := Refer
		if hit, _ := s.decide(t); hit >= 0 {
			got = t.rows[hit].outcome
			n.Rows[hit]++
		}
		switch got {
		case Pass:
			n.Pass++
		case Refer:
			n.Refer++
		default:
			n.Fail++
		}
		worst = max(worst, got)
	}
	return worst
}
