package live_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rapport-platform/rapport/internal/edge/live"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

// world stands in for what the hub asks: each user may read the rows that are
// listed as theirs, and holds nothing of other owners.
type world struct {
	record.Reader
	tail func([]changelog.Change)

	mu    sync.Mutex
	mine  map[id.ID][]id.ID // user → rows
	fail  error
	asked int
}

func (w *world) Listen(f func([]changelog.Change)) { w.tail = f }

func (w *world) Find(ctx context.Context, q query.Query) (record.Page, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked++
	if w.fail != nil {
		return record.Page{}, w.fail
	}
	in := q.Where.(query.In)
	if len(in.Values) > q.Limit {
		return record.Page{}, fmt.Errorf("%d keys for %d rows", len(in.Values), q.Limit)
	}
	var page record.Page
	for _, row := range w.mine[access.From(ctx).ID] {
		if slices.Contains(in.Values, any(row)) {
			page.Rows = append(page.Rows, record.Row{q.Select[0]: row})
		}
	}
	return page, nil
}

func (w *world) Holds(ctx context.Context, _ string, right access.Right, owner, _ id.ID) (bool, error) {
	return right == access.Read && owner == access.From(ctx).ID, nil
}

func (w *world) Unit(id.ID) id.ID { return id.Nil }

func newHub(t *testing.T, o live.Options) (*live.Hub, *world) {
	t.Helper()
	w := &world{mine: map[id.ID][]id.ID{}}
	catalog := fixture.Catalog(t)
	o.Tail, o.Reader, o.Access, o.Catalog = w, w, w, func() *metadata.Catalog { return catalog }
	return live.New(o), w
}

func as(t *testing.T, user id.ID) context.Context {
	return access.With(t.Context(), access.Principal{Kind: access.User, ID: user})
}

func change(table string, row id.ID, version int64, op changelog.Op, before string) changelog.Change {
	c := changelog.Change{Table: table, Record: row, Version: version, Op: op}
	if before != "" {
		c.Before = json.RawMessage(before)
	}
	return c
}

func owned(user id.ID) string { return `{"ownerid":"` + user.String() + `","lastname":"x"}` }

func brief(hints []live.Hint, resync bool, names map[id.ID]string) string {
	var out []string
	for _, h := range hints {
		out = append(out, fmt.Sprintf("%s %s %d", h.Op, names[h.ID], h.Version))
	}
	if resync {
		out = append(out, "resync")
	}
	return strings.Join(out, ", ")
}

func TestChangesOfARowAreDrawnTogether(t *testing.T) {
	t.Parallel()
	me, other := id.New(), id.New()
	a, b, c, d, e := id.New(), id.New(), id.New(), id.New(), id.New()
	names := map[id.ID]string{a: "a", b: "b", c: "c", d: "d", e: "e"}
	hub, w := newHub(t, live.Options{})
	w.mine[me] = []id.ID{a, b}
	sub, err := hub.Subscribe(as(t, me), []string{"lead"})
	if err != nil {
		t.Fatal(err)
	}
	w.tail([]changelog.Change{
		change("lead", a, 1, changelog.Create, ""),
		change("lead", b, 7, changelog.Update, `{"lastname":"x"}`),
		change("account", a, 9, changelog.Update, ""),
		change("lead", a, 2, changelog.Update, ""), // still news to the screen
		change("lead", c, 1, changelog.Create, ""),
		change("lead", c, 2, changelog.Delete, owned(me)),
		change("lead", d, 3, changelog.Update, owned(me)), // given away, and then changed by others
		change("lead", d, 4, changelog.Update, owned(other)),
		change("lead", e, 4, changelog.Delete, owned(other)),
		change("lead", b, 8, changelog.Update, ""),
	})
	<-sub.Ready()
	hints, resync := sub.Take(as(t, me))
	if got, want := brief(hints, resync, names), "create a 2, update b 8, delete c 2, delete d 4"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if w.asked != 1 {
		t.Errorf("%d reads for one batch of one table", w.asked)
	}
	if hints, resync := sub.Take(as(t, me)); len(hints) != 0 || resync {
		t.Errorf("taken twice: %v", hints)
	}
	select {
	case <-sub.Ready():
		t.Error("ready, though all is taken")
	default:
	}
}

func TestABufferThatRunsOver(t *testing.T) {
	t.Parallel()
	me, registry := id.New(), prometheus.NewRegistry()
	hub, w := newHub(t, live.Options{Buffer: 3, Registerer: registry})
	sub, err := hub.Subscribe(as(t, me), []string{"lead"})
	if err != nil {
		t.Fatal(err)
	}
	send := func(n int) {
		for range n {
			row := id.New()
			w.mine[me] = append(w.mine[me], row)
			w.tail([]changelog.Change{change("lead", row, 1, changelog.Create, "")})
		}
	}
	send(5)
	if hints, resync := sub.Take(as(t, me)); len(hints) != 0 || !resync {
		t.Errorf("%d hints, resync %v", len(hints), resync)
	}
	send(3)
	if hints, resync := sub.Take(as(t, me)); len(hints) != 3 || resync {
		t.Errorf("afterwards: %d hints, resync %v", len(hints), resync)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "rapport_live_dropped_total" && f.GetMetric()[0].GetCounter().GetValue() != 5 {
			t.Errorf("%v changes are counted as dropped, want 5", f.GetMetric()[0].GetCounter().GetValue())
		}
	}
}

func TestAReadThatFails(t *testing.T) {
	t.Parallel()
	me, row := id.New(), id.New()
	for name, c := range map[string]struct {
		err    error
		resync bool
	}{
		"the database is away":   {errs.New(errs.Unavailable, "x", "x"), true},
		"the privilege has gone": {errs.New(errs.Forbidden, "x", "x"), false},
		"the user has gone":      {access.ErrSignIn, false},
	} {
		hub, w := newHub(t, live.Options{})
		w.mine[me], w.fail = []id.ID{row}, c.err
		sub, err := hub.Subscribe(as(t, me), []string{"lead"})
		if err != nil {
			t.Fatal(err)
		}
		w.tail([]changelog.Change{change("lead", row, 1, changelog.Create, "")})
		if hints, resync := sub.Take(as(t, me)); len(hints) != 0 || resync != c.resync {
			t.Errorf("%s: %v, resync %v", name, hints, resync)
		}
	}
}

func TestManyRowsAreReadInParts(t *testing.T) {
	t.Parallel()
	me := id.New()
	hub, w := newHub(t, live.Options{})
	sub, err := hub.Subscribe(as(t, me), []string{"lead"})
	if err != nil {
		t.Fatal(err)
	}
	var changes []changelog.Change
	for range 1234 {
		row := id.New()
		w.mine[me] = append(w.mine[me], row)
		changes = append(changes, change("lead", row, 1, changelog.Create, ""))
	}
	w.tail(changes)
	if hints, resync := sub.Take(as(t, me)); len(hints) != 1234 || resync || w.asked != 3 {
		t.Errorf("%d hints in %d reads, resync %v", len(hints), w.asked, resync)
	}
}

func TestLimitsAndStopping(t *testing.T) {
	t.Parallel()
	me, other := id.New(), id.New()
	hub, _ := newHub(t, live.Options{PerUser: 2, InAll: 3})
	if _, err := hub.Subscribe(t.Context(), []string{"lead"}); !errs.Has(err, errs.Unauthenticated) {
		t.Errorf("nobody: %v", err)
	}
	var subs []*live.Subscription
	for _, user := range []id.ID{me, me, other} {
		sub, err := hub.Subscribe(as(t, user), nil)
		if err != nil {
			t.Fatal(err)
		}
		subs = append(subs, sub)
	}
	for _, user := range []id.ID{me, other} {
		if _, err := hub.Subscribe(as(t, user), nil); !errs.Has(err, errs.TooMany) {
			t.Errorf("over the limit: %v", err)
		}
	}
	subs[0].Close()
	subs[0].Close()
	if again, err := hub.Subscribe(as(t, me), nil); err != nil {
		t.Error(err)
	} else {
		subs = append(subs, again)
	}
	if err := hub.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, sub := range subs {
		<-sub.Done()
	}
	if _, err := hub.Subscribe(as(t, me), nil); !errs.Has(err, errs.Unavailable) {
		t.Errorf("after stopping: %v", err)
	}
}

// Subscribers come, take and go while changes stream in; what stays to the end
// has heard of the last change of every row.
func TestManySubscribersAtOnce(t *testing.T) {
	t.Parallel()
	me := id.New()
	hub, w := newHub(t, live.Options{PerUser: 1000})
	rows := []id.ID{id.New(), id.New(), id.New()}
	w.mine[me] = rows
	const rounds = 300
	var wg sync.WaitGroup
	for range 8 {
		sub, err := hub.Subscribe(as(t, me), []string{"lead", "lead"})
		if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			last := map[id.ID]int64{}
			for len(last) < len(rows) || last[rows[0]] < rounds || last[rows[1]] < rounds || last[rows[2]] < rounds {
				<-sub.Ready()
				hints, resync := sub.Take(as(t, me))
				if resync {
					t.Error("resync without need")
				}
				for _, h := range hints {
					if h.Version <= last[h.ID] {
						t.Errorf("version %d after %d", h.Version, last[h.ID])
					}
					last[h.ID] = h.Version
				}
			}
			sub.Close()
		})
		wg.Go(func() {
			for range 50 {
				if sub, err := hub.Subscribe(as(t, me), []string{"lead"}); err == nil {
					sub.Close()
				}
			}
		})
	}
	for v := range int64(rounds) {
		var changes []changelog.Change
		for _, row := range rows {
			changes = append(changes, change("lead", row, v+1, changelog.Update, ""))
		}
		w.tail(changes)
	}
	wg.Wait()
}
