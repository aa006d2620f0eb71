// Package limit slows down whoever comes too often: a token bucket for each
// key, with a bounded memory of keys, the least recent of which are forgotten.
package limit

import (
	"container/list"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/rapport-platform/rapport/internal/ground/clock"
)

// Rate is one event every so often, and a number at once.
type Rate struct {
	Every time.Duration
	Burst int
}

// Keyed limits by key.
type Keyed struct {
	rate  Rate
	max   int
	clock clock.Clock

	mu     sync.Mutex
	known  map[string]*list.Element
	recent *list.List // of bucket, the most recent first
}

type bucket struct {
	key     string
	limiter *rate.Limiter
}

// New makes a limiter that remembers up to max keys.
func New(r Rate, max int, c clock.Clock) *Keyed {
	return &Keyed{rate: r, max: max, clock: c, known: make(map[string]*list.Element), recent: list.New()}
}

// Allow takes one from the key's bucket. When it is empty, ok is false and wait
// says when to come back.
func (k *Keyed) Allow(key string) (wait time.Duration, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	e, found := k.known[key]
	if found {
		k.recent.MoveToFront(e)
	} else {
		e = k.recent.PushFront(bucket{key, rate.NewLimiter(rate.Every(k.rate.Every), k.rate.Burst)})
		k.known[key] = e
		if k.recent.Len() > k.max {
			last := k.recent.Back()
			delete(k.known, k.recent.Remove(last).(bucket).key)
		}
	}
	now := k.clock.Now()
	r := e.Value.(bucket).limiter.ReserveN(now, 1)
	if d := r.DelayFrom(now); d > 0 {
		r.CancelAt(now)
		return d, false
	}
	return 0, true
}

// Network gives what counts as one origin: an IPv4 address, or the 64-bit
// network of an IPv6 one, since whoever has one address there has 2^64. All
// whose address is not known share one.
func Network(a netip.Addr) string {
	a = a.Unmap()
	if a.Is6() {
		if p, err := a.WithZone("").Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}

// Forget fills the key's bucket up again.
func (k *Keyed) Forget(key string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if e, ok := k.known[key]; ok {
		k.recent.Remove(e)
		delete(k.known, key)
	}
}
