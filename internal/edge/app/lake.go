package app

import (
	"context"
	"errors"

	"github.com/rapport-platform/rapport/internal/capability/intake"
	"github.com/rapport-platform/rapport/internal/commons/lake"
	"github.com/rapport-platform/rapport/internal/edge/httpapi"
	"github.com/rapport-platform/rapport/internal/platform/event"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/stream"
)

// lakeFront is the part of the lake that needs no database: events go in
// straight from the stream.
type lakeFront struct {
	lake    *lake.Lake
	metrics *lake.Metrics
	topics  []*lake.Arrivals
}

// leadJoins says how a lead that came by the stream is known once it is a
// record: as the lead, or as a response to a campaign of somebody who is a lead already.
var leadJoins = map[string][]lake.Join{"lead": {
	{Table: "lead", Source: "rpt_source", EventID: "rpt_eventid"},
	{Table: "campaignresponse", Source: "rpt_source", EventID: "rpt_eventid"},
}}

// openLake makes the lake and starts what follows the stream; nil if it is off.
func (a *App) openLake(life context.Context, s *stream.Stream) (*lakeFront, error) {
	if a.c.Lake == LakeOff {
		return nil, nil
	}
	f := &lakeFront{metrics: lake.NewMetrics(a.telemetry.registry)}
	f.lake = lake.New(lake.Config{Dir: a.c.Lake, Catalog: a.definitions, Clock: a.c.Clock, Logger: a.c.Logger, Metrics: f.metrics, Busy: a.loading})
	for _, t := range []lake.Topic{{Log: event.Stream(s, intake.Topic), Table: "lead", Convert: a.becomesLead}, {Log: event.Stream(s, TopicInteractions)}} {
		consumer := f.lake.NewArrivals(t, a.database)
		if err := consumer.Start(life); err != nil {
			return nil, errors.Join(err, f.stop(context.WithoutCancel(life)))
		}
		f.topics = append(f.topics, consumer)
	}
	return f, nil
}

// loading tells whether an import or its like is writing very many records here.
func (a *App) loading() bool {
	c := a.core.Load()
	return c != nil && c.log.Tailer().Loading()
}

// definitions gives the tables in force; while the database is away, those that
// the product ships.
func (a *App) definitions() *metadata.Catalog {
	if c := a.core.Load(); c != nil {
		return c.access.Catalog()
	}
	return a.catalog
}

// becomesLead gives the lead that an event will become.
func (a *App) becomesLead(e event.Event) (map[string]any, bool) {
	table, ok := a.definitions().Table("lead")
	if !ok || e.Cloud == nil || e.Cloud.Type != intake.Type {
		return nil, false
	}
	cleaner := intake.Cleaner{Columns: table, Country: a.c.Country}
	lead, faults := cleaner.Clean(intake.Event{ID: e.ID, Source: e.Source, Topic: e.Topic, Time: e.At, Data: e.Cloud.Data})
	if len(faults) > 0 {
		return nil, false
	}
	return lead.Row, true
}

// stop ends what follows the stream.
func (f *lakeFront) stop(ctx context.Context) error {
	if f == nil {
		return nil
	}
	var all error
	for _, t := range f.topics {
		all = errors.Join(all, t.Stop(ctx))
	}
	return all
}

// missed counts events that were trimmed before they were in the lake.
func (f *lakeFront) missed(n uint64) {
	if f != nil {
		f.metrics.Missed(n)
	}
}

// wireLake adds what of the lake needs the database.
func (c *core) wireLake() {
	f := c.app.front.lake
	api := &httpapi.LakeAPI{Access: c.access}
	if f != nil {
		api.Lake = f.lake
	}
	api.Register(c.mux)
	c.services.Add("lake topics", atStart(func(ctx context.Context) error {
		for _, topic := range []string{intake.Topic, TopicInteractions} {
			var err error
			if f == nil {
				err = event.Leave(ctx, c.db, lake.Consumer, topic) // nothing waits for it
			} else {
				err = event.Join(ctx, c.db, lake.Consumer, topic, c.app.c.Clock.Now())
			}
			if err != nil {
				return err
			}
		}
		return nil
	}))
	if f != nil {
		c.services.Add("lake", lake.NewFeed(lake.FeedConfig{Lake: f.lake, DB: c.db, Log: c.log}))
		c.services.Add("lake upkeep", f.lake.NewUpkeep(c.db, leadJoins))
	}
}

// atStart is a service that is done once it has started.
type atStart func(ctx context.Context) error

func (f atStart) Start(ctx context.Context) error { return f(ctx) }
func (atStart) Stop(context.Context) error        { return nil }
