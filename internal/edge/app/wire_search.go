package app

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/search"
)

// rebuilt names the job that makes the index anew.
type rebuilt struct {
	JobID id.ID `json:"JobId"`
}

// wireSearch has the search index follow the records.
func (c *core) wireSearch(ctx context.Context) error {
	cfg := c.app.c
	c.index = search.New(search.Options{DB: c.db, Store: c.store, Log: c.log, Access: c.access, Catalog: c.access.Catalog, Clock: cfg.Clock, Jobs: c.jobs})
	c.runner.Handle(search.Kind, c.index.Handler())
	action.Define(c.actions, action.Spec{Name: "rpt_RebuildSearch", Effect: action.DB, Privilege: access.ConfigureSearch, Description: "Has the search index made anew, in the background; searching goes on meanwhile."},
		func(_ context.Context, call action.Call, _ action.Empty) (rebuilt, error) {
			key, err := c.index.Rebuild(call.Tx.SQL())
			return rebuilt{key}, err
		})
	c.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "rapport_search_lag_changes", Help: "Changes of records that the search index does not hold yet."},
		func() float64 { return float64(c.index.Behind()) }))
	c.services.Add("search", c.index.Follower(cfg.Logger))
	c.services.Add("search lane", c.index.NewLane(cfg.Logger))
	old, err := c.index.Outdated(ctx)
	if err != nil || !old {
		return err
	}
	return c.db.Write(ctx, func(tx *sqldb.Tx) error { _, err := c.index.Rebuild(tx); return err })
}
