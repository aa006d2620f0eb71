package portal

import (
	"container/list"
	"math"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// addresses is how many visitors' addresses a limiter remembers; those that
// came last stay. Each takes about 200 bytes.
const addresses = 50_000

// limiter holds a token bucket for each address.
type limiter struct {
	rate Rate
	size int

	mu      sync.Mutex
	buckets map[netip.Prefix]*list.Element
	recent  *list.List // of bucket, the newest in front
}

type bucket struct {
	who     netip.Prefix
	limiter *rate.Limiter
}

func newLimiter(r Rate, size int) *limiter {
	return &limiter{rate: r, size: size, buckets: make(map[netip.Prefix]*list.Element), recent: list.New()}
}

// allow takes one token, or says when there will be one.
func (l *limiter) allow(who netip.Addr, now time.Time) (wait time.Duration, ok bool) {
	key := network(who)
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.buckets[key]
	if e == nil {
		e = l.recent.PushFront(bucket{key, rate.NewLimiter(rate.Limit(l.rate.Second), l.rate.Burst)})
		l.buckets[key] = e
		if l.recent.Len() > l.size {
			oldest := l.recent.Back()
			delete(l.buckets, oldest.Value.(bucket).who)
			l.recent.Remove(oldest)
		}
	} else {
		l.recent.MoveToFront(e)
	}
	reservation := e.Value.(bucket).limiter.ReserveN(now, 1)
	if !reservation.OK() {
		return time.Minute, false
	}
	if wait = reservation.DelayFrom(now); wait > 0 {
		reservation.CancelAt(now)
		return wait, false
	}
	return 0, true
}

// network is what counts as one visitor: an IPv4 address, or a /64 of IPv6,
// which one household has to itself.
func network(a netip.Addr) netip.Prefix {
	a = a.Unmap()
	bits := 32
	if a.Is6() {
		bits = 64
	}
	p, err := a.WithZone("").Prefix(bits)
	if err != nil {
		return netip.Prefix{} // no address known: all such share one bucket
	}
	return p
}

// tooMany asks to come back in whole seconds.
func tooMany(wait time.Duration) error {
	return &errs.Error{Kind: errs.TooMany, Code: "portal.rate_limited", Message: "Too many requests came from your network. Please try again in a moment.",
		RetryAfter: time.Duration(math.Ceil(wait.Seconds())) * time.Second}
}
