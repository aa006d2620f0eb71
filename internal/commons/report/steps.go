package report

import (
	"cmp"
	"context"
	"slices"

	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Answer is a report's numbers.
type Answer struct {
	Groups []*Group // the whole alone where no dimension was asked for
	Total  *Group
	More   int  // groups beyond those that are told
	Cut    bool // of times: there were more instances than are looked at
}

// Group is one line: a value of the dimension with the number of each step.
type Group struct {
	Key   string // for asking for the rows behind; "" for the whole
	Name  string
	Cells []*Cell
}

// Cell is one number.
type Cell struct {
	Count  int64
	Sum    any    // nil where the step adds nothing up
	Before *int64 // the count of the period before, where it was asked for

	// Of times, in seconds.
	Median, P90, Longest int64
	Open                 int64 // records that are in the stage now
}

const (
	mostGroups = 500    // lines of an answer
	mostKeys   = 50_000 // values of a dimension that are looked at
)

// tally counts the groups of an answer while it is made.
type tally struct {
	steps  int
	groups map[string]*Group
	total  *Group
}

func newTally(steps int) *tally {
	t := &tally{steps: steps, groups: map[string]*Group{}, total: &Group{}}
	t.total.Cells = cells(steps)
	return t
}

func cells(n int) []*Cell {
	out := make([]*Cell, n)
	for i := range out {
		out[i] = &Cell{}
	}
	return out
}

func (t *tally) group(key, name string) *Group {
	g := t.groups[key]
	if g == nil {
		g = &Group{Key: key, Name: name, Cells: cells(t.steps)}
		t.groups[key] = g
	}
	return g
}

// answerSteps counts each step in the period, and in the one before.
func (s *Service) answerSteps(ctx context.Context, d *Definition, a *Ask) (*Answer, error) {
	var by *Dimension
	if a.By != "" {
		var err error
		if by, err = d.dimension(a.By); err != nil {
			return nil, err
		}
	}
	now := newTally(len(d.Steps))
	if err := s.tally(ctx, d, a, by, now); err != nil {
		return nil, err
	}
	if a.Before {
		was := newTally(len(d.Steps))
		if err := s.tally(ctx, d, a.earlier(), by, was); err != nil {
			return nil, err
		}
		for key, g := range was.groups {
			now.group(key, g.Name)
		}
		compare(now.total, was.total)
		for key, g := range now.groups {
			compare(g, was.groups[key])
		}
	}
	out := &Answer{Total: now.total, Groups: []*Group{}}
	for _, g := range now.groups {
		out.Groups = append(out.Groups, g)
	}
	if err := s.name(ctx, d, by, out.Groups, a.Language); err != nil {
		return nil, err
	}
	slices.SortFunc(out.Groups, func(x, y *Group) int {
		for i := range x.Cells {
			if c := cmp.Compare(y.Cells[i].Count, x.Cells[i].Count); c != 0 {
				return c
			}
		}
		return cmp.Or(cmp.Compare(x.Name, y.Name), cmp.Compare(x.Key, y.Key))
	})
	if len(out.Groups) > mostGroups {
		out.More, out.Groups = len(out.Groups)-mostGroups, out.Groups[:mostGroups]
	}
	return out, nil
}

func compare(g, was *Group) {
	for i, c := range g.Cells {
		n := int64(0)
		if was != nil {
			n = was.Cells[i].Count
		}
		c.Before = &n
	}
}

// tally counts one period.
func (s *Service) tally(ctx context.Context, d *Definition, a *Ask, by *Dimension, into *tally) error {
	for i, step := range d.Steps {
		where, err := a.within(step)
		if err != nil {
			return err
		}
		g := &query.Group{Values: []query.Aggregate{{Name: "count", Func: query.CountRows}}}
		if step.amount != "" {
			g.Values = append(g.Values, query.Aggregate{Name: "sum", Func: query.Sum, Column: step.amount})
		}
		q := query.Query{Table: step.Table, Where: where, Group: g}
		page, err := s.Records.Find(ctx, q)
		if err != nil {
			return err
		}
		for _, row := range page.Rows {
			into.total.Cells[i].Count, into.total.Cells[i].Sum = row.Int("count"), row["sum"]
		}
		if by == nil || into.total.Cells[i].Count == 0 {
			continue
		}
		key, links := by.paths[step.Table].key("key")
		q.Group = &query.Group{Keys: []query.Key{key}, Values: g.Values}
		q.Links = links
		for seen := 0; ; {
			page, err := s.Records.Find(ctx, q)
			if err != nil {
				return err
			}
			for _, row := range page.Rows {
				text := by.text(row["key"])
				cell := into.group(foldedKey(text), text).Cells[i]
				cell.Count += row.Int("count")
				if cell.Sum, err = plus(cell.Sum, row["sum"]); err != nil {
					return err
				}
			}
			seen += len(page.Rows)
			if page.Next == nil {
				break
			}
			if seen >= mostKeys {
				return invalidAsk("by", "%s has more than %d values", by.Label["en"], mostKeys)
			}
			q.After = page.Next
		}
	}
	return nil
}
