package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rapport-platform/rapport/internal/commons/lake"
	"github.com/rapport-platform/rapport/internal/edge/app"
	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/schema"
)

// product is the record store with a lake behind it.
type product struct {
	db    *sqldb.DB
	store *record.Store
	log   *changelog.Log
	lake  *lake.Lake
	feed  *lake.Feed
	n     atomic.Int64
}

func openProduct(ctx context.Context, url, dir string) (*product, error) {
	db, err := sqldb.Open(ctx, sqldb.Options{URL: url})
	if err != nil {
		return nil, err
	}
	p := &product{db: db, log: changelog.New(db)}
	if err := p.prepare(ctx, dir); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return p, nil
}

func (p *product) prepare(ctx context.Context, dir string) error {
	catalog, err := app.Catalog()
	if err != nil {
		return err
	}
	if err := schema.Apply(ctx, p.db, catalog); err != nil {
		return err
	}
	current := func() *metadata.Catalog { return catalog }
	snap := &atomic.Pointer[access.Snapshot]{}
	p.store = record.New(record.Options{DB: p.db, Catalog: current, Access: &access.Control{Current: snap.Load, Catalog: current}, Log: p.log, Clock: clock.System{}})
	reload := func() error {
		s, err := access.Load(ctx, p.db)
		snap.Store(s)
		return err
	}
	if err := reload(); err != nil {
		return err
	}
	sys := access.AsSystem(ctx, "bench")
	if err := p.store.Write(sys, func(tx *record.Tx) error {
		unit, err := tx.Create(sys, "businessunit", record.Row{"name": "Head Office"})
		if err != nil {
			return err
		}
		_, err = tx.Create(sys, "systemuser", record.Row{"systemuserid": access.SystemUser, "fullname": "SYSTEM", "domainname": "system", "businessunitid": unit["businessunitid"]})
		return err
	}); err != nil {
		return err
	}
	if err := p.log.Tailer().Start(ctx); err != nil {
		return err
	}
	p.lake = lake.New(lake.Config{Dir: dir, Catalog: current})
	p.feed = lake.NewFeed(lake.FeedConfig{Lake: p.lake, DB: p.db, Log: p.log})
	return reload()
}

func (p *product) close(ctx context.Context) {
	ctx = context.WithoutCancel(ctx)
	fmt.Print(errorLine(errors.Join(p.feed.Stop(ctx), p.log.Tailer().Stop(ctx), p.db.Close())))
}

func errorLine(err error) string {
	if err == nil {
		return ""
	}
	return "closing: " + err.Error() + "\n"
}

// drain lets changes pile up and gives how many a second the feed takes in.
func (p *product) drain(ctx context.Context, changes int) (rate float64, err error) {
	sys := access.AsSystem(ctx, "bench")
	var keys []id.ID
	const group = 200
	for done := 0; done < changes/2; done += group {
		err := p.store.Write(sys, func(tx *record.Tx) error {
			keys = keys[:0]
			for range group {
				row, err := tx.Create(sys, "lead", sample(p.n.Add(1)))
				if err != nil {
					return err
				}
				keys = append(keys, row.ID("leadid"))
			}
			for i, k := range keys {
				if _, err := tx.Update(sys, "lead", k, record.Row{"jobtitle": fmt.Sprint("Head of ", i), "msdyn_leadscore": int64(i%100 + 1)}, record.Match{}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return 0, err
		}
	}
	began := time.Now()
	if err := p.feed.Start(ctx); err != nil {
		return 0, err
	}
	if err := p.lake.Flush(ctx); err != nil {
		return 0, err
	}
	return float64(changes) / time.Since(began).Seconds(), nil
}

// freshness is what writing at a rate gave.
type freshness struct {
	rate           float64
	write          time.Duration // p99
	p50, p99, most time.Duration
}

// fresh writes at a rate and compares when rows were committed with when they
// could be seen in the lake. Rows are counted: the k-th commit is visible once
// the table has k rows more.
func (p *product) fresh(ctx context.Context, s settings) (freshness, error) {
	before, err := p.rows(ctx)
	if err != nil {
		return freshness{}, err
	}
	watch, stop := context.WithCancel(ctx)
	seen := make(chan []sighting, 1)
	go func() { seen <- p.watch(watch, before) }()
	total := int64(float64(s.rate) * s.length.Seconds())
	commits, took := make([][]time.Time, s.callers), make([][]time.Duration, s.callers)
	var turn atomic.Int64
	var failed atomic.Pointer[error]
	var group sync.WaitGroup
	began := time.Now()
	for c := range s.callers {
		group.Go(func() {
			sys := access.AsSystem(ctx, "bench")
			for {
				k := turn.Add(1)
				if k > total || failed.Load() != nil {
					return
				}
				time.Sleep(time.Until(began.Add(time.Duration(k) * time.Second / time.Duration(s.rate))))
				at := time.Now()
				err := p.store.Write(sys, func(tx *record.Tx) error {
					_, err := tx.Create(sys, "lead", sample(p.n.Add(1)))
					return err
				})
				if err != nil {
					failed.Store(&err)
					return
				}
				commits[c], took[c] = append(commits[c], time.Now()), append(took[c], time.Since(at))
			}
		})
	}
	group.Wait()
	length := time.Since(began)
	if err := failed.Load(); err != nil {
		stop()
		return freshness{}, *err
	}
	err = p.lake.Flush(ctx)
	time.Sleep(100 * time.Millisecond) // the last sighting
	stop()
	if err != nil {
		return freshness{}, err
	}
	return compare(slices.Concat(commits...), slices.Concat(took...), <-seen, length)
}

// sighting is how many rows there were to be seen at a moment.
type sighting struct {
	at   time.Time
	rows int64
}

func (p *product) rows(ctx context.Context) (int64, error) {
	tables, err := p.lake.Tables(ctx)
	for _, t := range tables {
		if t.Name == "changes/lead" {
			return t.Rows, err
		}
	}
	return 0, err
}

func (p *product) watch(ctx context.Context, before int64) (out []sighting) {
	for ctx.Err() == nil {
		if n, err := p.rows(ctx); err == nil && (len(out) == 0 || out[len(out)-1].rows < n-before) {
			out = append(out, sighting{time.Now(), n - before})
		}
		time.Sleep(20 * time.Millisecond)
	}
	return out
}

func compare(commits []time.Time, took []time.Duration, seen []sighting, length time.Duration) (freshness, error) {
	slices.SortFunc(commits, time.Time.Compare)
	slices.Sort(took)
	var delays []time.Duration
	at := 0
	for k, c := range commits {
		for at < len(seen) && seen[at].rows < int64(k+1) {
			at++
		}
		if at == len(seen) {
			return freshness{}, fmt.Errorf("%d of %d rows were never seen in the lake", len(commits)-k, len(commits))
		}
		delays = append(delays, max(0, seen[at].at.Sub(c)))
	}
	slices.Sort(delays)
	n := len(delays)
	return freshness{float64(n) / length.Seconds(), took[n*99/100], delays[n/2], delays[n*99/100], delays[n-1]}, nil
}

// sample is the n-th lead.
func sample(n int64) record.Row {
	return record.Row{"subject": "Home loan", "firstname": "Ada", "lastname": fmt.Sprintf("Number %d", n), "fullname": fmt.Sprintf("Ada Number %d", n), "jobtitle": "Head of Finance",
		"companyname": fmt.Sprintf("Firm %d", n%977), "emailaddress1": fmt.Sprintf("ada%d@firm.example", n), "mobilephone": fmt.Sprintf("+49151%08d", n), "address1_city": "Hamburg",
		"address1_country": "DE", "address1_postalcode": "20095", "numberofemployees": n % 400, "msdyn_leadscore": n%100 + 1, "rpt_productinterest": "HOME",
		"rpt_matchkey": fmt.Sprintf("ada%d@firm.example", n), "description": "Would like to buy a house by the river and asks what it would come to a month."}
}
