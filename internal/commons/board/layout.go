package board

import (
	"slices"
	"strconv"

	"github.com/rapport-platform/rapport/internal/commons/process"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

// StageColumn is the column of a record that names the stage it is in.
const StageColumn = "stageid"

// way is one way to lay a table's records out.
type way struct {
	name    string
	label   metadata.Label
	column  string // whose values are the columns of the board
	process *process.Way
	options []metadata.Option // of a choice
	open    []int64           // of a status reason: those of the first state, which are shown empty, too
	table   string
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

// ways lists how a table's records can be laid out: processes with several stages
// of the table first, choices, and then processes that only begin or end in it.
func (b *Boards) ways(t *metadata.Table, hidden func(string) bool) []way {
	var first, last []way
	if _, has := t.Column(StageColumn); has && !hidden(StageColumn) {
		for _, p := range b.Set().Ways(t.Name) {
			own := 0
			for _, s := range p.Stages {
				if s.Table == t.Name {
					own++
				}
			}
			w := way{name: p.Name, label: p.Title, column: StageColumn, process: &p, table: t.Name}
			if own > 1 {
				first = append(first, w)
			} else {
				last = append(last, w)
			}
		}
	}
	for _, c := range t.Columns {
		if c.TypeName != "choice" || c.Name == "statecode" || c.System && c.Name != "statuscode" || hidden(c.Name) {
			continue
		}
		w := way{name: c.Name, label: c.Label, column: c.Name, options: c.Options, table: t.Name}
		if c.Name == "statuscode" {
			w.options = nil
			for i, s := range t.States {
				w.options = append(w.options, s.Reasons...)
				for _, r := range s.Reasons {
					if i == 0 {
						w.open = append(w.open, r.Value)
					}
				}
			}
			first = append(first, w) // before the other choices
			continue
		}
		last = append(last, w)
	}
	return append(first, last...)
}

// pick gives the way that was asked for, or those of which the first with records
// is taken: the processes, and the table's status where there is none.
func pick(t *metadata.Table, ways []way, name string) ([]way, error) {
	if name != "" {
		if i := slices.IndexFunc(ways, func(w way) bool { return w.name == name }); i >= 0 {
			return ways[i : i+1], nil
		}
		return nil, invalid("by", "records of %s can't be laid out by %q: it is neither one of their processes nor a choice", t.Name, clip(name))
	}
	if len(ways) == 0 {
		return nil, invalid("by", "records of %s go by no process and have no choice to be laid out by", t.Name)
	}
	n := 0
	for n < len(ways) && ways[n].process != nil {
		n++
	}
	return ways[:max(n, 1)], nil
}

// anyIn tells whether records stand in one of the way's columns.
func (w *way) anyIn(totals map[string]total) bool {
	if w.process == nil {
		return true
	}
	return slices.ContainsFunc(w.process.Stages, func(s process.WayStage) bool { return totals[s.ID.String()].count > 0 })
}

// columns gives the columns with their totals, and how many records have no place.
// Stages of another table are shown where records stand in them: a process spans
// several tables, and a record may be ahead of its table or behind. So is the
// wanted column, if any.
func (w *way) columns(totals map[string]total, wanted string) (out []Column, elsewhere int64) {
	placed := map[string]bool{}
	put := func(c Column, always bool) {
		got := totals[c.Key]
		if got.count == 0 && !always && c.Key != wanted {
			return
		}
		c.Count, c.Sum = got.count, got.sum
		out, placed[c.Key] = append(out, c), true
	}
	if w.process != nil {
		for _, s := range w.process.Stages {
			put(Column{Key: s.ID.String(), Name: s.Name, Table: s.Table}, s.Table == w.table)
		}
	} else {
		for _, o := range w.options {
			put(Column{Key: number(o.Value), Name: o.Label, Color: o.Color}, w.open == nil || slices.Contains(w.open, o.Value))
		}
		put(Column{Key: None, Name: metadata.Label{"en": "No value", "de": "Ohne Wert"}}, false)
	}
	for key, t := range totals {
		if !placed[key] {
			elsewhere += t.count
		}
	}
	return out, elsewhere
}

// value gives the value that a key stands for; nil for the absence of one.
func (w *way) value(key string) (any, error) {
	if key == None {
		return nil, nil
	}
	if w.process != nil {
		v, err := id.Parse(key)
		if err != nil {
			return nil, invalid("column", "%q is no stage", clip(key))
		}
		return v, nil
	}
	v, err := strconv.ParseInt(key, 10, 64)
	if err != nil {
		return nil, invalid("column", "%q is no value of the choice", clip(key))
	}
	return v, nil
}
