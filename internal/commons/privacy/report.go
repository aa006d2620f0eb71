package privacy

import (
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/id"
)

// Line is one thing that was done, or that stays. It holds no personal data.
type Line struct {
	Store  string   `json:"store"`            // records, changes, bin, files, uploads, stream, lake, search, jobs, database, folder
	Table  string   `json:"table,omitempty"`  // or topic, or file
	Done   string   `json:"done"`             // anonymised, deleted, redacted, kept, remains
	Count  int      `json:"count"`            // rows, events, files
	Reason string   `json:"reason,omitempty"` // of what stays
	IDs    []string `json:"ids,omitempty"`    // some of them
}

// Report is what an erasure did and what stays, and why.
type Report struct {
	Lines []Line `json:"lines"`
}

const idsMost = 20

func (r *Report) add(store, table, done, reason string, count int, ids ...id.ID) {
	if count == 0 {
		return
	}
	i := slices.IndexFunc(r.Lines, func(l Line) bool { return l.Store == store && l.Table == table && l.Done == done && l.Reason == reason })
	if i < 0 {
		r.Lines = append(r.Lines, Line{Store: store, Table: table, Done: done, Reason: reason})
		i = len(r.Lines) - 1
	}
	r.Lines[i].Count += count
	for _, k := range ids {
		if text := k.String(); len(r.Lines[i].IDs) < idsMost && !slices.Contains(r.Lines[i].IDs, text) {
			r.Lines[i].IDs = append(r.Lines[i].IDs, text)
		}
	}
}

// without drops the lines of a store, before a step that is done again adds them anew.
func (r *Report) without(store string) {
	r.Lines = slices.DeleteFunc(r.Lines, func(l Line) bool { return l.Store == store })
}
