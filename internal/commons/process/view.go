package process

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// View is where a record stands in its process.
type View struct {
	ID         id.ID
	Title      metadata.Label
	Table      string // of instances
	Instance   id.ID
	State      int64 // status reason of the instance: 1 active, 2 finished, 3 aborted
	Active     id.ID // the stage it is in
	Entered    time.Time
	Minutes    int64     // from beginning to end, once it has ended
	Stalled    time.Time // since when it counts as stalled; zero where it does not
	BackReason bool      // whether going back needs a reason
	Stages     []ViewStage
	CanFinish  bool // the active stage is the last
	NextNeeds  string
	NextLookup string // column of the instance that must lead to a record of NextNeeds
}

// ViewStage is one stage of the way, passed or to come.
type ViewStage struct {
	ID      id.ID
	Key     string // of the stage in the definition
	Name    metadata.Label
	Table   string
	Record  id.ID // that the stage is about; Nil while there is none
	Steps   []Step
	Passed  bool
	Seconds int64 // spent in it so far, without the present stay
}

// On gives where a record stands in its process, as far as the principal in the
// context may read it; ok is false where there is none.
func (s *Set) On(ctx context.Context, from record.Reader, catalog *metadata.Catalog, table string, key id.ID) (v View, ok bool, err error) {
	main, known := catalog.Table(table)
	if !known || s.find(func(p *Process) bool { return p.Tables[table] != "" }) == nil {
		return v, false, nil
	}
	if _, has := main.Column("processid"); !has {
		return v, false, nil
	}
	about, err := from.Get(ctx, table, key, []string{"processid"}, nil)
	if err != nil {
		return v, false, err
	}
	p := s.followed(table, about)
	if p == nil {
		return v, false, nil
	}
	t, has := catalog.Table(p.Instance)
	if !has {
		return v, false, nil
	}
	page, err := from.Find(ctx, query.Query{Table: p.Instance, Limit: 1, Where: query.Compare{Left: query.Path{p.Tables[table]}, Value: key}, Order: []query.Order{{Column: "createdon", Desc: true}}})
	if errs.Has(err, errs.Forbidden) {
		return v, false, nil // the process is nothing of theirs to see
	}
	if err != nil || len(page.Rows) == 0 {
		return v, false, err
	}
	row := page.Rows[0]
	current := p.stage(row.ID("activestageid"))
	if current == nil {
		return v, false, nil
	}
	v = View{ID: p.ID, Title: p.Title, Table: p.Instance, Instance: row.ID(t.ID), State: row.Int("statuscode"), Active: current.id, Minutes: row.Int("duration")}
	v.Stalled, _ = row["rpt_stalledon"].(time.Time)
	v.BackReason = p.BackReason
	v.Entered, _ = row["activestagestartedon"].(time.Time)
	way, err := p.way(ctx, from, row, current)
	if err != nil {
		return v, false, err
	}
	spentIn := stays(row)
	passed := true
	for i, stage := range way {
		if stage == current {
			passed = false
			v.CanFinish = i == len(way)-1
			if !v.CanFinish && row.ID(p.Tables[way[i+1].Table]) == id.Nil {
				v.NextNeeds, v.NextLookup = way[i+1].Table, p.Tables[way[i+1].Table]
			}
		}
		v.Stages = append(v.Stages, ViewStage{ID: stage.id, Key: stage.Key, Name: stage.Name, Table: stage.Table, Record: row.ID(p.Tables[stage.Table]), Steps: stage.Steps, Passed: passed, Seconds: spentIn[stage.id]})
	}
	return v, true, nil
}

// way gives the stages that were passed, the present one, and those that follow
// as things stand. A branch on a record that is not there yet is not foreseen:
// the stage that follows in the definition then stands for it.
func (p *Process) way(ctx context.Context, from record.Reader, row record.Row, current *Stage) ([]*Stage, error) {
	var out []*Stage
	for text := range strings.SplitSeq(row.Text("traversedpath"), ",") {
		key, err := id.Parse(text)
		if err != nil {
			continue
		}
		if s := p.stage(key); s != nil && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	if at := slices.Index(out, current); at >= 0 {
		out = out[:at]
	}
	records := map[string]record.Row{}
	for s := current; s != nil && !slices.Contains(out, s); {
		out = append(out, s)
		next, err := p.foresee(ctx, from, s, row, records)
		if err != nil {
			return nil, err
		}
		s = next
	}
	return out, nil
}

func (p *Process) foresee(ctx context.Context, from record.Reader, s *Stage, instance record.Row, records map[string]record.Row) (*Stage, error) {
	key := instance.ID(p.Tables[s.Table])
	if len(s.Next) > 0 && key != id.Nil {
		row, known := records[s.Table]
		if !known {
			var err error
			if row, err = from.Get(ctx, s.Table, key, nil, nil); err != nil && !errors.Is(err, record.ErrNotFound) {
				return nil, err
			}
			records[s.Table] = row
		}
		for _, b := range s.Next {
			holds := b.matcher == nil
			if !holds && row != nil {
				var err error
				if holds, err = b.matcher.Match(row); err != nil {
					return nil, err
				}
			}
			if holds {
				return p.Stages[b.to], nil
			}
		}
	}
	if s.after < 0 {
		return nil, nil
	}
	return p.Stages[s.after], nil
}

// stays adds up how long an instance was in each stage.
func stays(row record.Row) map[id.ID]int64 {
	var all []spent
	if text, ok := row["rpt_stages"].(json.RawMessage); ok {
		_ = json.Unmarshal(text, &all) // written by leave alone
	}
	out := map[id.ID]int64{}
	for _, s := range all {
		out[s.Stage] += s.Seconds
	}
	return out
}

// StageName gives the name of a stage of any process in force.
func (s *Set) StageName(key id.ID) (metadata.Label, bool) {
	for _, p := range s.all() {
		if stage := p.stage(key); stage != nil {
			return stage.Name, true
		}
	}
	return nil, false
}

// StageKey gives the key under which a stage of a process in force is defined.
func (s *Set) StageKey(stage id.ID) (string, bool) {
	for _, p := range s.all() {
		if found := p.stage(stage); found != nil {
			return found.Key, true
		}
	}
	return "", false
}
