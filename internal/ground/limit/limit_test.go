package limit_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/limit"
)

func TestKeysAreForgottenOldestFirst(t *testing.T) {
	t.Parallel()
	c := clock.NewFake(time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC))
	l := limit.New(limit.Rate{Every: time.Second, Burst: 1}, 2, c)
	for i, want := range []struct {
		key string
		ok  bool
	}{{"a", true}, {"a", false}, {"b", true}, {"a", false}, {"c", true}, {"a", false}, {"b", true}} {
		if _, ok := l.Allow(want.key); ok != want.ok {
			t.Errorf("step %d: %s was let in: %t", i, want.key, ok)
		}
	}
}

func TestWaitAndForget(t *testing.T) {
	t.Parallel()
	c := clock.NewFake(time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC))
	l := limit.New(limit.Rate{Every: 10 * time.Second, Burst: 2}, 10, c)
	l.Allow("a")
	l.Allow("a")
	for range 3 { // asking in vain does not make the wait longer
		if wait, ok := l.Allow("a"); ok || wait != 10*time.Second {
			t.Errorf("let in %t, wait %v", ok, wait)
		}
	}
	c.Advance(10 * time.Second)
	if _, ok := l.Allow("a"); !ok {
		t.Error("not let in after the wait")
	}
	l.Forget("a")
	if _, ok := l.Allow("a"); !ok {
		t.Error("not let in after being forgotten")
	}
}

func TestNetwork(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{"192.0.2.7": "192.0.2.7", "::ffff:192.0.2.7": "192.0.2.7", "2001:db8::1": "2001:db8::/64", "2001:db8::ffff": "2001:db8::/64", "fe80::1%eth0": "fe80::/64"} {
		if got := limit.Network(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: got %s, want %s", address, got, want)
		}
	}
	if a, b := limit.Network(netip.Addr{}), limit.Network(netip.Addr{}); a != b {
		t.Errorf("unknown addresses: %s and %s", a, b)
	}
}
