package httpapi

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
)

// A user with limits is held to them in a sliding window; others are not.
func TestLimits(t *testing.T) {
	t.Parallel()
	clk := clock.NewFake(time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC))
	busy, free := id.New(), id.New()
	limits := &Limits{Clock: clk, Of: func(user id.ID) (Limit, bool) {
		return Limit{Requests: 10, Time: 20 * time.Second, Concurrent: 2}, user == busy
	}}
	begin := func(user id.ID) (func(), string, time.Duration, http.Header) {
		h := http.Header{}
		done, err := limits.begin(h, user)
		var e *errs.Error
		if errors.As(err, &e) {
			return nil, e.Code, e.RetryAfter, h
		}
		return done, "", 0, h
	}
	var open []func()
	for range 2 {
		done, code, _, _ := begin(busy)
		if code != "" {
			t.Fatal(code)
		}
		open = append(open, done)
	}
	if _, code, wait, _ := begin(busy); code != "limit.concurrent" || wait != time.Second {
		t.Errorf("at a time: %q %v", code, wait)
	}
	for _, done := range open {
		done()
	}
	for n := range 8 {
		done, code, _, h := begin(busy)
		if code != "" || h["x-ms-ratelimit-burst-remaining-xrm-requests"][0] != string(rune('7'-n)) {
			t.Fatalf("%d: %q %v", n, code, h)
		}
		done()
		clk.Advance(10 * time.Second)
	}
	if _, code, wait, _ := begin(busy); code != "limit.requests" || wait < 215*time.Second || wait > 225*time.Second {
		t.Errorf("in 300 s: %q %v", code, wait)
	}
	if done, code, _, _ := begin(free); code != "" {
		t.Error("one without limits is refused:", code)
	} else {
		done()
	}
	clk.Advance(225 * time.Second) // the first three are past
	done, code, _, _ := begin(busy)
	if code != "" {
		t.Fatal(code)
	}
	clk.Advance(20 * time.Second)
	done()
	if _, code, wait, _ := begin(busy); code != "limit.time" || wait <= 0 {
		t.Errorf("time: %q %v", code, wait)
	}
	clk.Advance(limitWindow)
	if done, code, _, _ = begin(busy); code != "" {
		t.Error("after the window:", code)
	} else {
		done()
	}
	if done, err := (*Limits)(nil).begin(http.Header{}, busy); err != nil {
		t.Error(err)
	} else {
		done()
	}
}
