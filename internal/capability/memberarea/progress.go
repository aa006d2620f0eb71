package memberarea

import (
	"context"
	"encoding/json"
	"time"

	"github.com/rapport-platform/rapport/internal/commons/process"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// step is a stage of the way as a member reads it. Several stages that have the
// same words are one step.
type step struct {
	Name   string
	Passed bool
	Here   bool
}

// progress is where a record stands.
type progress struct {
	Steps []step
	At    int    // number of the present step, from 1
	Name  string // of the present step
	Ended bool
}

// progressOf gives the way of a record, nil where it goes by no process or the
// view has no words for its stages. That the member may read the record has been
// checked: the process's own rows are the platform's, and nothing of them is
// shown but the words of the view.
func (a *Area) progressOf(ctx context.Context, v View, key id.ID, lang string) (*progress, error) {
	if len(v.Stages) == 0 {
		return nil, nil
	}
	way, ok, err := a.o.Processes().On(access.AsSystem(ctx, "a member's progress"), a.o.Records, a.o.Catalog(), v.Table, key)
	if err != nil || !ok {
		return nil, err
	}
	return progressFrom(way, v.Stages, lang), nil
}

func progressFrom(way process.View, words map[string]metadata.Label, lang string) *progress {
	p := &progress{Ended: way.State != processActive}
	for _, s := range way.Stages {
		name := words[s.Key].In(lang)
		if name == "" {
			continue // not for members
		}
		here := s.ID == way.Active
		if n := len(p.Steps); n > 0 && p.Steps[n-1].Name == name {
			last := &p.Steps[n-1]
			last.Here, last.Passed = last.Here || here, s.Passed
			continue
		}
		p.Steps = append(p.Steps, step{Name: name, Passed: s.Passed, Here: here})
	}
	for i := range p.Steps {
		if p.Steps[i].Here {
			p.At, p.Name = i+1, p.Steps[i].Name
			p.Steps[i].Passed = false
		}
	}
	if len(p.Steps) == 0 {
		return nil
	}
	if way.State == processFinished {
		for i := range p.Steps {
			p.Steps[i].Passed, p.Steps[i].Here = true, false
		}
		p.At = len(p.Steps)
	}
	return p
}

// Status reasons of a process's instance.
const (
	processActive   = 1
	processFinished = 2
)

// happening is one line of what happened to a record.
type happening struct {
	At   time.Time
	When string
	Text string
}

const mostHappenings = 200

// happenings tells when a record arrived, and when it came to another stage or
// status, in the words of the view. Changes without such words are the staff's.
func (a *Area) happenings(ctx context.Context, v View, t *metadata.Table, row record.Row, key id.ID, in Locale) ([]happening, error) {
	changes, err := a.o.History.History(ctx, v.Table, key, 0, mostHappenings)
	if err != nil {
		return nil, err
	}
	var out []happening
	add := func(at time.Time, text string) {
		if text != "" && (len(out) == 0 || out[len(out)-1].Text != text) {
			out = append(out, happening{At: at, When: in.Moment(at), Text: text})
		}
	}
	for _, c := range changes {
		var after map[string]json.RawMessage
		if json.Unmarshal(c.After, &after) != nil {
			continue
		}
		created := c.Version == 1
		if raw, ok := after[v.Status]; ok && !created {
			if _, shown := row[v.Status]; shown {
				add(c.At, v.value(t, v.Status, statusOf(raw), in))
			}
		}
		if raw, ok := after["stageid"]; ok {
			var stage id.ID
			if json.Unmarshal(raw, &stage) == nil {
				key, _ := a.o.Processes().StageKey(stage)
				add(c.At, v.Stages[key].In(in.Lang))
			}
		}
		if created {
			add(c.At, say(in.Lang, "record.arrived"))
		}
	}
	return out, nil
}

func statusOf(raw json.RawMessage) any {
	var n int64
	if json.Unmarshal(raw, &n) != nil {
		return nil
	}
	return n
}
