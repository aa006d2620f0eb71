package live

import (
	"encoding/json"
	"sync"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
)

// Hint says that a row has changed.
type Hint struct {
	Table   string `json:"table"`
	ID      id.ID  `json:"id"`
	Version int64  `json:"version"`
	Op      string `json:"op"` // create, update, delete
}

// Subscription is one open screen's.
type Subscription struct {
	hub    *Hub
	user   id.ID
	tables []string
	ready  chan struct{}
	done   chan struct{}
	once   sync.Once

	viewing rowKey // the record on the screen; none when its id is Nil

	mu      sync.Mutex
	pending pending
	moved   bool // somebody came to the record or left it
}

// Ready receives when something waits to be taken.
func (s *Subscription) Ready() <-chan struct{} { return s.ready }

// Done is closed when the subscription ends, because it was closed or the hub stopped.
func (s *Subscription) Done() <-chan struct{} { return s.done }

// Close ends the subscription. It may be called again.
func (s *Subscription) Close() {
	s.once.Do(func() {
		s.hub.remove(s)
		close(s.done)
	})
}

func (s *Subscription) put(c seen) {
	s.mu.Lock()
	dropped := s.pending.add(c)
	s.mu.Unlock()
	if dropped > 0 {
		s.hub.metrics.dropped.WithLabelValues("slow").Add(float64(dropped))
	}
	select {
	case s.ready <- struct{}{}:
	default:
	}
}

// seen is what the hub keeps of a change.
type seen struct {
	table   string
	record  id.ID
	version int64
	op      changelog.Op
	left    *holder // whose the row was before, where the change tells
}

// holder is to whom a row belongs.
type holder struct {
	Owner id.ID `json:"ownerid"`
	Unit  id.ID `json:"owningbusinessunit"`
}

func see(c *changelog.Change) seen {
	out := seen{table: c.Table, record: c.Record, version: c.Version, op: c.Op}
	if c.Op == changelog.Create || len(c.Before) == 0 {
		return out
	}
	// A row without an owner leaves both empty, and then only those see its
	// deletion who see the whole table. An image that can't be read is such a one.
	var before holder
	err := json.Unmarshal(c.Before, &before)
	if err == nil && (before != holder{}) || c.Op == changelog.Delete {
		out.left = &before
	}
	return out
}

type rowKey struct {
	table  string
	record id.ID
}

// pending holds changed rows in the order of their first change.
type pending struct {
	most   int
	order  []rowKey
	rows   map[rowKey]seen
	resync bool
}

// add draws changes of the same row together and gives the number of rows that
// had to be dropped.
func (p *pending) add(c seen) (dropped int) {
	if p.resync {
		return 1 // everything is read again anyway
	}
	key := rowKey{c.table, c.record}
	old, known := p.rows[key]
	if !known {
		if len(p.order) >= p.most {
			dropped = len(p.order) + 1
			p.order, p.rows, p.resync = nil, nil, true
			return dropped
		}
		if p.rows == nil {
			p.rows = map[rowKey]seen{}
		}
		p.order = append(p.order, key)
		p.rows[key] = c
		return 0
	}
	if old.op == changelog.Create && c.op == changelog.Update {
		c.op = changelog.Create
	}
	// To whom the row belonged when the screen last knew is what the first of
	// the changes says. Of a row that was made in between it is the last.
	if old.left != nil && old.op != changelog.Create {
		c.left = old.left
	}
	p.rows[key] = c
	return 0
}

func (p *pending) take() (rows []seen, resync bool) {
	rows = make([]seen, len(p.order))
	for i, key := range p.order {
		rows[i] = p.rows[key]
	}
	resync = p.resync
	p.order, p.rows, p.resync = nil, nil, false
	return rows, resync
}
