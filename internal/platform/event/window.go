package event

import (
	"context"
	"sync"
	"time"
)

// delivery is an event on its way.
type delivery struct {
	event    Event
	key      string
	attempts int // that failed by the event's own fault
	waits    int // pauses so far, for the back-off
	settled  bool
}

// window holds the events that have been read and are not yet worked off, in
// order, and makes those of one key wait for each other.
type window struct {
	freed chan []*delivery // deliveries that may start now
	noted uint64           // position last written; used by the runner's mover only

	mu      sync.Mutex
	order   []*delivery            // by Seq; settled ones stay behind one that is not
	open    int                    // of order, not settled
	waiting map[string][]*delivery // behind the running one of their key; present while one runs
	low     uint64                 // everything at or below is settled
}

func newWindow(after uint64) *window {
	return &window{freed: make(chan []*delivery, 64), waiting: map[string][]*delivery{}, low: after, noted: after}
}

// room tells whether more events should be read. One event that waits to be
// tried again must not hold up those behind it, so what is worked off counts
// less.
func (w *window) room() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.open < openMax && len(w.order) < windowMax
}

// add takes an event in and gives its delivery if it may start at once.
func (w *window) add(e Event, key string) *delivery {
	d := &delivery{event: e, key: key}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.order = append(w.order, d)
	w.open++
	if key == "" {
		return d
	}
	if _, running := w.waiting[key]; running {
		w.waiting[key] = append(w.waiting[key], d)
		return nil
	}
	w.waiting[key] = nil
	return d
}

// done settles a delivery and frees the next of its key.
func (w *window) done(ctx context.Context, d *delivery) {
	w.mu.Lock()
	d.settled = true
	d.event.Cloud, d.event.Change = nil, nil // it may stay in line for a while yet
	w.open--
	n := 0
	for n < len(w.order) && w.order[n].settled {
		w.low = w.order[n].event.Seq
		n++
	}
	w.order = w.order[n:]
	var next []*delivery
	if d.key != "" {
		if queue := w.waiting[d.key]; len(queue) > 0 {
			next = queue[:1:1]
			w.waiting[d.key] = queue[1:]
		} else {
			delete(w.waiting, d.key)
		}
	}
	w.mu.Unlock()
	w.free(ctx, next)
}

// again lets a delivery start once more.
func (w *window) again(ctx context.Context, d *delivery) { w.free(ctx, []*delivery{d}) }

// free lets deliveries start. An empty list is sent too, since the window may
// have room now.
func (w *window) free(ctx context.Context, ds []*delivery) {
	select {
	case w.freed <- ds:
	case <-ctx.Done():
	}
}

// state gives the position, when the oldest unsettled event was stored, and how many are unsettled.
func (w *window) state() (low uint64, oldest time.Time, n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.order) > 0 {
		oldest = w.order[0].event.At
	}
	return w.low, oldest, w.open
}
