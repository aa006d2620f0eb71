package process

import (
	"time"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

// Way is a process as those see it who show many records by their stages.
type Way struct {
	ID         id.ID
	Name       string // unique
	Title      metadata.Label
	Instance   string // table of instances
	Lookup     string // the instance's lookup to the record
	BackReason bool   // whether going back needs a reason
	Stages     []WayStage
}

// WayStage is one stage of a way, in the order of the definition.
type WayStage struct {
	ID      id.ID
	Key     string
	Name    metadata.Label
	Table   string
	Stalled time.Duration // after which a record counts as stalled; 0 is never
}

// Ways lists the processes that records of a table may go by, in their order.
func (s *Set) Ways(table string) []Way {
	var out []Way
	for _, p := range s.all() {
		if p.Tables[table] != "" {
			out = append(out, p.seenFrom(table))
		}
	}
	return out
}

func (p *Process) seenFrom(table string) Way {
	w := Way{ID: p.ID, Name: p.Name, Title: p.Title, Instance: p.Instance, Lookup: p.Tables[table], BackReason: p.BackReason}
	for _, s := range p.Stages {
		w.Stages = append(w.Stages, WayStage{ID: s.id, Key: s.Key, Name: s.Name, Table: s.Table, Stalled: s.stalled})
	}
	return w
}
