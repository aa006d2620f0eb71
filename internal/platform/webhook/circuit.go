package webhook

import (
	"sync"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/id"
)

const (
	failuresMost = 5 // in a row, until an address is left alone
	restBase     = 15 * time.Second
	restMost     = 10 * time.Minute
)

// Circuits leave addresses alone that fail again and again. Each node has its own.
type Circuits struct {
	clock clock.Clock

	mu    sync.Mutex
	known map[id.ID]*circuit
}

// NewCircuits makes circuits that measure by a clock.
func NewCircuits(c clock.Clock) *Circuits { return &Circuits{clock: c} }

type circuit struct {
	failures int
	until    time.Time
}

// Open tells whether an address is to be left alone, and for how long. When the
// time is over one try goes through, and decides.
func (c *Circuits) Open(endpoint id.ID) (time.Duration, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	x := c.known[endpoint]
	if x == nil || x.failures < failuresMost {
		return 0, false
	}
	now := c.clock.Now()
	if wait := x.until.Sub(now); wait > 0 {
		return wait, true
	}
	x.until = now.Add(restBase) // those who come while the one tries wait a little
	return 0, false
}

// State tells how often an address has failed in a row, and until when it is left
// alone; the zero time where it is not. It lets nothing through.
func (c *Circuits) State(endpoint id.ID) (failures int, until time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	x := c.known[endpoint]
	if x == nil {
		return 0, time.Time{}
	}
	if x.failures < failuresMost {
		return x.failures, time.Time{}
	}
	return x.failures, x.until
}

// Note keeps whether a try worked.
func (c *Circuits) Note(endpoint id.ID, worked bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if worked {
		delete(c.known, endpoint)
		return
	}
	if c.known == nil {
		c.known = map[id.ID]*circuit{}
	}
	x := c.known[endpoint]
	if x == nil {
		x = &circuit{}
		c.known[endpoint] = x
	}
	if x.failures++; x.failures >= failuresMost {
		x.until = c.clock.Now().Add(min(restBase<<min(x.failures-failuresMost, 8), restMost))
	}
}
