package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/rapport-platform/rapport/bench/internal/product"
)

const (
	pollEvery = 20 * time.Millisecond
	// A lead is stamped before its transaction commits, so a poll looks back
	// behind the one before it, and one of many looks back far.
	lookBack    = 150 * time.Millisecond
	lookFarBack = 3 * time.Second
	farEvery    = 25 // polls
)

// watcher reads the Web API for leads that have become visible.
type watcher struct {
	p *product.Product

	mu      sync.Mutex
	waiting map[string]*lead
	polls   int
	began   time.Time
}

func newWatcher(ctx context.Context, p *product.Product) (*watcher, error) {
	w := &watcher{p: p, waiting: map[string]*lead{}, began: time.Now()}
	return w, w.poll(ctx, time.Now())
}

// expect adds a lead to those that are waited for.
func (w *watcher) expect(l *lead) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waiting[l.email] = l
}

func (w *watcher) missing() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.waiting)
}

// run polls until ctx ends.
func (w *watcher) run(ctx context.Context) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	before, far := time.Now(), time.Now()
	for n := 1; ; n++ {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
		now := time.Now()
		since := before.Add(-lookBack)
		if n%farEvery == 0 {
			since, far = far.Add(-lookFarBack), now
		}
		if err := w.poll(ctx, since); err != nil && ctx.Err() == nil {
			return err
		}
		before = now
	}
}

// poll reads the leads made since a time and notes those waited for.
func (w *watcher) poll(ctx context.Context, since time.Time) error {
	at := w.p.URL + "/api/data/v9.2/leads?$select=emailaddress1,createdon&$orderby=createdon&$filter=" + url.QueryEscape("createdon ge "+since.UTC().Format("2006-01-02T15:04:05.000Z"))
	for at != "" {
		var page struct {
			Next  string `json:"@odata.nextLink"`
			Value []struct {
				Email string `json:"emailaddress1"`
			} `json:"value"`
		}
		if err := w.get(ctx, at, &page); err != nil {
			return err
		}
		now := time.Now()
		w.mu.Lock()
		w.polls++
		for _, row := range page.Value {
			if l := w.waiting[row.Email]; l != nil {
				l.seen = now.Sub(l.due)
				delete(w.waiting, row.Email)
			}
		}
		w.mu.Unlock()
		at = page.Next
	}
	return nil
}

func (w *watcher) get(ctx context.Context, at string, out any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+w.p.Token)
	res, err := w.p.Client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("the Web API answered %d", res.StatusCode)
	}
	return json.NewDecoder(res.Body).Decode(out)
}
