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

// circuits leave addresses alone that fail again and again. Each node has its own.
type circuits struct {
	clock clock.Clock

	mu    sync.Mutex
	known map[id.ID]*circuit
}

type circuit struct {
	failures int
	until    time.Time
}

// open tells whether an address is to be left alone, and for how long. When the
// time is over one try goes through, and decides.
func (c *circuits) open(endpoint id.ID) (time.Duration, bool) {
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

func (c *circuits) note(endpoint id.ID, worked bool) {
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
