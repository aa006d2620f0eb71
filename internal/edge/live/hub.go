package live

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Tail hands out committed changes in order; *changelog.Tailer is one.
type Tail interface {
	Listen(func([]changelog.Change))
}

// Rights decides on rows that can't be read any more; *access.Control is one.
type Rights interface {
	Holds(ctx context.Context, table string, right access.Right, owner, unit id.ID) (bool, error)
	Unit(principal id.ID) id.ID
}

// Options are what a hub is made of. Zero limits take the defaults.
type Options struct {
	Tail       Tail
	Reader     record.Reader
	Access     Rights
	Catalog    func() *metadata.Catalog
	Registerer prometheus.Registerer // nil keeps no metrics

	Buffer  int // changed rows that wait for one subscriber; 2,000
	PerUser int // subscriptions of one user; 50
	InAll   int // subscriptions of all; 10,000
}

// Hub spreads changes to subscribers.
type Hub struct {
	o       Options
	metrics metrics

	mu      sync.Mutex
	stopped bool
	all     map[*Subscription]struct{}
	byTable map[string]map[*Subscription]struct{}
	perUser map[id.ID]int
	viewers map[rowKey]map[*Subscription]struct{}
}

// New makes a hub that listens from now on.
func New(o Options) *Hub {
	set := func(n *int, def int) {
		if *n <= 0 {
			*n = def
		}
	}
	set(&o.Buffer, 2_000)
	set(&o.PerUser, 50)
	set(&o.InAll, 10_000)
	h := &Hub{o: o, metrics: newMetrics(o.Registerer), all: map[*Subscription]struct{}{}, byTable: map[string]map[*Subscription]struct{}{}, perUser: map[id.ID]int{}, viewers: map[rowKey]map[*Subscription]struct{}{}}
	o.Tail.Listen(h.spread)
	return h
}

// Start does nothing; the hub works from the moment it is made.
func (h *Hub) Start(context.Context) error { return nil }

// Stop ends all subscriptions and takes no more.
func (h *Hub) Stop(context.Context) error {
	h.mu.Lock()
	h.stopped = true
	all := slices.Collect(maps.Keys(h.all))
	h.mu.Unlock()
	for _, s := range all {
		s.Close()
	}
	return nil
}

// most is how many tables one subscription may watch.
const most = 100

var (
	errBusy    = errs.New(errs.TooMany, "live.too_many", "too many live connections are open: close some tabs")
	errStopped = errs.New(errs.Unavailable, "live.stopped", "the server is stopping")
)

// Subscribe watches tables for the principal in the context. Names of tables
// that there are not are passed over. The caller closes the subscription.
func (h *Hub) Subscribe(ctx context.Context, tables []string) (*Subscription, error) {
	p := access.From(ctx)
	if p.Kind == access.Anonymous {
		return nil, access.ErrSignIn
	}
	if len(tables) > most {
		return nil, errs.New(errs.Invalid, "live.tables", "at most %d tables can be watched at once", most)
	}
	s := &Subscription{hub: h, user: p.ID, ready: make(chan struct{}, 1), done: make(chan struct{}), pending: pending{most: h.o.Buffer}}
	catalog := h.o.Catalog()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stopped {
		return nil, errStopped
	}
	if len(h.all) >= h.o.InAll || h.perUser[p.ID] >= h.o.PerUser {
		return nil, errBusy
	}
	for _, name := range tables {
		if _, ok := catalog.Table(name); !ok {
			continue
		}
		if h.byTable[name] == nil {
			h.byTable[name] = map[*Subscription]struct{}{}
		}
		h.byTable[name][s] = struct{}{}
		s.tables = append(s.tables, name)
	}
	h.all[s] = struct{}{}
	h.perUser[p.ID]++
	h.metrics.subscribers.Set(float64(len(h.all)))
	return s, nil
}

// spread runs in the tailer's goroutine and must not wait for anything.
func (h *Hub) spread(changes []changelog.Change) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range changes {
		subs := h.byTable[changes[i].Table]
		if len(subs) == 0 {
			continue
		}
		seen := see(&changes[i])
		for s := range subs {
			s.put(seen)
		}
	}
}

func (h *Hub) remove(s *Subscription) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, name := range s.tables {
		delete(h.byTable[name], s)
		if len(h.byTable[name]) == 0 {
			delete(h.byTable, name)
		}
	}
	h.leave(s)
	delete(h.all, s)
	if h.perUser[s.user]--; h.perUser[s.user] <= 0 {
		delete(h.perUser, s.user)
	}
	h.metrics.subscribers.Set(float64(len(h.all)))
}

type metrics struct {
	subscribers prometheus.Gauge
	hints       prometheus.Counter
	withheld    prometheus.Counter
	dropped     *prometheus.CounterVec
}

func newMetrics(r prometheus.Registerer) metrics {
	m := metrics{
		subscribers: prometheus.NewGauge(prometheus.GaugeOpts{Name: "rapport_live_subscribers", Help: "Open live connections."}),
		hints:       prometheus.NewCounter(prometheus.CounterOpts{Name: "rapport_live_hints_total", Help: "Hints handed out."}),
		withheld:    prometheus.NewCounter(prometheus.CounterOpts{Name: "rapport_live_withheld_total", Help: "Changes that a subscriber was not told of, as it may not read the row."}),
		dropped:     prometheus.NewCounterVec(prometheus.CounterOpts{Name: "rapport_live_dropped_total", Help: "Changes dropped before a subscriber was told to read again, by reason (slow, failed)."}, []string{"reason"}),
	}
	if r != nil {
		r.MustRegister(m.subscribers, m.hints, m.withheld, m.dropped)
	}
	return m
}
