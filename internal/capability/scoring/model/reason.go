package model

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/rapport-platform/rapport/internal/capability/scoring/feature"
)

// Reason is one reason of a score, an element of msdyn_scorereasons. Features of
// one source are one reason: their effects are summed, and the strongest of them
// gives label, value and rate.
type Reason struct {
	Source  string            `json:"source"`          // column of the lead, "engagement", "time", "context.…", "x_…"
	Label   map[string]string `json:"label"`           // of the input, by language
	Value   string            `json:"value"`           // as people read it; "" where there is none
	Group   string            `json:"group,omitempty"` // of a number: the group it lies in
	Effect  float64           `json:"effect"`          // on the log-odds; over 0 raises the score
	Rate    *float64          `json:"rate,omitempty"`  // of success among leads of the same value or group
	Leads   int               `json:"leads,omitempty"` // how many those were
	Average float64           `json:"average"`         // rate of success of all leads learned from
	Text    string            `json:"text"`            // in English
}

// Reasons is msdyn_scorereasons.
type Reasons struct {
	Version int       `json:"version"` // of this form
	Model   string    `json:"model"`   // what scored the lead
	At      time.Time `json:"at"`
	Chance  float64   `json:"chance"` // calibrated, 0 to 1
	Reasons []Reason  `json:"reasons"`
}

const (
	mostReasons = 5    // that raise, and as many that lower
	leastEffect = 0.02 // on the log-odds, to be worth a line
)

// reasons puts contributions into words.
func (e *Engine) reasons(v feature.View, row, contributions []float64) []Reason {
	type source struct {
		sum  float64
		most int // feature with the strongest contribution
	}
	bySource := map[string]*source{}
	var order []string
	for i, c := range contributions {
		name := e.Features[i].Source
		s, ok := bySource[name]
		if !ok {
			s = &source{most: i}
			bySource[name] = s
			order = append(order, name)
		}
		s.sum += c
		if math.Abs(c) > math.Abs(contributions[s.most]) {
			s.most = i
		}
	}
	var out []Reason
	for _, name := range order {
		if s := bySource[name]; math.Abs(s.sum) >= leastEffect {
			out = append(out, e.reason(v, s.most, s.sum, row[s.most]))
		}
	}
	slices.SortStableFunc(out, func(a, b Reason) int { return cmp.Compare(math.Abs(b.Effect), math.Abs(a.Effect)) })
	up, down := 0, 0
	return slices.DeleteFunc(out, func(r Reason) bool {
		if r.Effect > 0 {
			up++
			return up > mostReasons
		}
		down++
		return down > mostReasons
	})
}

func (e *Engine) reason(v feature.View, i int, effect, input float64) Reason {
	f := &e.Features[i]
	r := Reason{Source: f.Source, Label: f.Label, Effect: math.Round(effect*1e4) / 1e4, Average: e.Rate}
	switch {
	case f.Kind == feature.Category:
		r.Value = f.Text(v)
		if w := f.Words[r.Value]; w != "" {
			r.Value = w
		}
	case !math.IsNaN(input):
		r.Value = number(input)
		if i < len(e.Segments) && len(e.Segments[i].Cuts) > 0 {
			r.Group = e.Segments[i].Words(input)
		}
	}
	what := f.In("en")
	switch {
	case r.Value == "":
		r.Text = what + " is not known"
	case r.Group != "":
		r.Text = fmt.Sprintf("%s: %s (%s)", what, r.Value, r.Group)
	default:
		r.Text = fmt.Sprintf("%s: %s", what, r.Value)
	}
	if i < len(e.Segments) {
		t := e.Segments[i].Of(f, input)
		if rate, ok := t.Rate(); ok {
			rate = math.Round(rate*1e4) / 1e4
			r.Rate, r.Leads = &rate, t.N
			r.Text += fmt.Sprintf(" – %s of such leads converted, %s of all", percent(rate), percent(e.Rate))
		}
	}
	return r
}

func percent(p float64) string {
	if p < 0.0995 {
		return fmt.Sprintf("%.1f%%", p*100)
	}
	return fmt.Sprintf("%.0f%%", p*100)
}
