package report

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/rapport-platform/rapport/internal/commons/process"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// mostInstances bounds how many instances of a process one report looks at.
const mostInstances = 200_000

// stay is one stay of a record in a stage that has ended.
type stay struct {
	Stage    id.ID     `json:"stage"`
	Entered  time.Time `json:"entered"`
	Seconds  int64     `json:"seconds"`
	Reason   string    `json:"reason,omitempty"` // why it went back from there
	owner    id.ID
	instance record.Row
}

// way finds the process of a report.
func (s *Service) way(d *Definition) (process.Way, error) {
	for _, t := range s.Catalog().Names() {
		for _, w := range s.Set().Ways(t) {
			if w.Name == d.Process {
				return w, nil
			}
		}
	}
	return process.Way{}, invalidAsk("process", "the process %s is not active", d.Process)
}

// stays gives the stays that ended within the period to each. cut is true where
// there are more instances than are looked at.
func (s *Service) stays(ctx context.Context, w process.Way, a *Ask, each func(stay)) (cut bool, err error) {
	// Whatever ended in the period has changed the instance since.
	where := append(query.And{query.Compare{Left: query.Path{"modifiedon"}, Op: query.Ge, Value: a.From}, query.Null{Left: query.Path{"rpt_stages"}, Negate: true}}, a.whose()...)
	t, ok := s.Catalog().Table(w.Instance)
	if !ok {
		return false, nil
	}
	columns := []string{t.ID, "rpt_stages", "ownerid"}
	for _, c := range t.Columns {
		if c.TypeName == "lookup" && len(c.Targets) == 1 && slices.ContainsFunc(w.Stages, func(x process.WayStage) bool { return x.Table == c.Targets[0] }) {
			columns = append(columns, c.Name)
		}
	}
	q := query.Query{Table: w.Instance, Select: columns, Where: where}
	for seen := 0; ; {
		page, err := s.Records.Find(ctx, q)
		if err != nil {
			return false, err
		}
		for _, row := range page.Rows {
			var all []stay
			if text, ok := row["rpt_stages"].(json.RawMessage); ok {
				_ = json.Unmarshal(text, &all) // written by the process alone
			}
			for _, x := range all {
				end := x.Entered.Add(time.Duration(x.Seconds) * time.Second)
				if !end.Before(a.From) && end.Before(a.To) {
					x.owner, x.instance = row.ID("ownerid"), row
					each(x)
				}
			}
		}
		if seen += len(page.Rows); page.Next == nil || seen >= mostInstances {
			return page.Next != nil, nil
		}
		q.After = page.Next
	}
}

// Percentile gives the least value that so many per cent of the sorted values do
// not exceed (nearest rank); 0 of none.
func Percentile(sorted []int64, per int) int64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[(len(sorted)*per+99)/100-1]
}

// answerTimes tells for each stage how long records stayed, and how many are in
// it now; by the dimension seller for each owner, too.
func (s *Service) answerTimes(ctx context.Context, d *Definition, a *Ask) (*Answer, error) {
	w, err := s.way(d)
	if err != nil {
		return nil, err
	}
	if a.By != "" && a.By != BySeller {
		return nil, invalidAsk("by", "times are told by %s only", BySeller)
	}
	type spot struct {
		stage, owner id.ID
	}
	at := func(stage, owner id.ID) spot {
		if a.By == "" {
			owner = id.Nil
		}
		return spot{stage, owner}
	}
	lasted := map[spot][]int64{}
	cut, err := s.stays(ctx, w, a, func(x stay) {
		lasted[at(x.Stage, x.owner)] = append(lasted[at(x.Stage, x.owner)], x.Seconds)
	})
	if err != nil {
		return nil, err
	}
	g := &query.Group{Keys: []query.Key{{Name: "stage", Column: "activestageid"}}, Values: []query.Aggregate{{Name: "count", Func: query.CountRows}}}
	if a.By != "" {
		g.Keys = append(g.Keys, query.Key{Name: "owner", Column: "ownerid"})
	}
	page, err := s.Records.Find(ctx, query.Query{Table: w.Instance, Where: append(query.And{query.Compare{Left: query.Path{"statecode"}, Value: int64(0)}}, a.whose()...), Group: g})
	if err != nil {
		return nil, err
	}
	open := map[spot]int64{}
	for _, row := range page.Rows {
		open[at(row.ID("stage"), row.ID("owner"))] += row.Int("count")
	}
	out := &Answer{Cut: cut, Groups: []*Group{}, Total: &Group{Cells: cells(1)}}
	owners := []id.ID{id.Nil}
	names := map[id.ID]string{}
	if a.By != "" {
		if owners, names, err = s.owners(ctx, ownersOf(lasted, open, func(x spot) id.ID { return x.owner })); err != nil {
			return nil, err
		}
	}
	for _, st := range w.Stages {
		for _, owner := range owners {
			here := spot{st.ID, owner}
			list := slices.Sorted(slices.Values(lasted[here]))
			if a.By != "" && len(list) == 0 && open[here] == 0 {
				continue
			}
			c := &Cell{Count: int64(len(list)), Median: Percentile(list, 50), P90: Percentile(list, 90), Longest: Percentile(list, 100), Open: open[here]}
			group := &Group{Key: st.ID.String(), Name: st.Name.In(a.Language), Cells: []*Cell{c}}
			if a.By != "" {
				group.Key, group.Name = group.Key+" "+owner.String(), group.Name+" · "+names[owner]
			}
			out.Groups = append(out.Groups, group)
			out.Total.Cells[0].Count += c.Count
			out.Total.Cells[0].Open += c.Open
		}
	}
	return out, nil
}

func ownersOf[K comparable](lasted map[K][]int64, open map[K]int64, owner func(K) id.ID) []id.ID {
	seen := map[id.ID]bool{}
	var out []id.ID
	add := func(k K) {
		if o := owner(k); !seen[o] {
			seen[o] = true
			out = append(out, o)
		}
	}
	for k := range lasted {
		add(k)
	}
	for k := range open {
		add(k)
	}
	return out
}
