package httpapi

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
)

// Limit bounds what one user may ask of the Web API in 300 seconds; zero is no bound.
type Limit struct {
	Requests   int64
	Time       time.Duration // of answering, all requests together
	Concurrent int64
}

// Limits watches over limits. Each node has its own count, as Dataverse's servers do.
type Limits struct {
	Of    func(user id.ID) (Limit, bool) // false for a user without limits
	Clock clock.Clock

	mu    sync.Mutex
	known map[id.ID]*usage
}

const (
	limitWindow = 300 * time.Second
	limitSlot   = 5 * time.Second
	limitSlots  = int64(limitWindow / limitSlot)
)

// usage is what a user has asked for of late, in slots of time.
type usage struct {
	slots   [limitSlots]slot
	running int64
}

type slot struct {
	number   int64 // since 1970; another one means that the slot is old
	requests int64
	took     time.Duration
}

// sums gives what was asked for in the window, and when some of it will be past.
func (u *usage) sums(now int64) (requests int64, took time.Duration, eases time.Duration) {
	oldest := now
	for _, s := range u.slots {
		if s.number > now-limitSlots && s.number <= now && (s.requests > 0 || s.took > 0) {
			requests, took = requests+s.requests, took+s.took
			oldest = min(oldest, s.number)
		}
	}
	return requests, took, time.Duration(oldest+limitSlots-now) * limitSlot
}

func (u *usage) slot(now int64) *slot {
	s := &u.slots[now%limitSlots]
	if s.number != now {
		*s = slot{number: now}
	}
	return s
}

func overLimit(code, what string, wait time.Duration) error {
	e := errs.New(errs.TooMany, "limit."+code, "%s: wait as long as Retry-After says", what)
	e.RetryAfter = max(wait, time.Second)
	return e
}

// begin counts a request, or refuses it. done is called when it is answered.
func (l *Limits) begin(h http.Header, user id.ID) (done func(), err error) {
	if l == nil {
		return func() {}, nil
	}
	limit, has := l.Of(user)
	if !has {
		return func() {}, nil
	}
	began := l.Clock.Now()
	now := began.Unix() / int64(limitSlot/time.Second)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.known == nil {
		l.known = map[id.ID]*usage{}
	}
	u := l.known[user]
	if u == nil {
		u = &usage{}
		l.known[user] = u
	}
	requests, took, eases := u.sums(now)
	if limit.Requests > 0 {
		exact(h, "x-ms-ratelimit-burst-remaining-xrm-requests", strconv.FormatInt(max(0, limit.Requests-requests-1), 10))
	}
	if limit.Time > 0 {
		exact(h, "x-ms-ratelimit-time-remaining-xrm-requests", strconv.FormatFloat(max(0, (limit.Time-took).Seconds()), 'f', 2, 64))
	}
	switch {
	case limit.Concurrent > 0 && u.running >= limit.Concurrent:
		return nil, overLimit("concurrent", "too many requests are under way at the same time", time.Second)
	case limit.Requests > 0 && requests >= limit.Requests:
		return nil, overLimit("requests", "too many requests within 300 seconds", eases)
	case limit.Time > 0 && took >= limit.Time:
		return nil, overLimit("time", "the requests of the last 300 seconds have taken too long together", eases)
	}
	u.running++
	u.slot(now).requests++
	return func() {
		ended := l.Clock.Now()
		l.mu.Lock()
		defer l.mu.Unlock()
		u.running--
		s := u.slot(ended.Unix() / int64(limitSlot/time.Second))
		s.took += ended.Sub(began)
	}, nil
}
