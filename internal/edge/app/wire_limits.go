package app

import (
	"context"
	"time"

	"github.com/rapport-platform/rapport/internal/edge/httpapi"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/snapshot"
)

// wireLimits takes the limits of the Web API from the users who have some.
func (c *core) wireLimits(tailer *changelog.Tailer) {
	cfg := c.app.c
	limits := snapshot.New(tailer, snapshot.Options[map[id.ID]httpapi.Limit]{Name: "limits", Tables: []string{"systemuser"}, Logger: cfg.Logger, Load: c.loadLimits})
	c.limits = &httpapi.Limits{Clock: cfg.Clock, Of: func(user id.ID) (httpapi.Limit, bool) {
		l, has := limits.Get()[user]
		return l, has
	}}
	c.services.Add("limits", limits)
}

func (c *core) loadLimits(ctx context.Context) (map[id.ID]httpapi.Limit, error) {
	names := []string{"rpt_limitrequests", "rpt_limitseconds", "rpt_limitconcurrent"}
	var some query.Or
	for _, n := range names {
		some = append(some, query.Compare{Left: query.Path{n}, Op: query.Gt, Value: int64(0)})
	}
	out := map[id.ID]httpapi.Limit{}
	q := query.Query{Table: "systemuser", Select: names, Where: some}
	for {
		page, err := c.store.Find(access.AsSystem(ctx, "limits"), q)
		if err != nil {
			return nil, err
		}
		for _, row := range page.Rows {
			out[row.ID("systemuserid")] = httpapi.Limit{Requests: row.Int(names[0]), Time: time.Duration(row.Int(names[1])) * time.Second, Concurrent: row.Int(names[2])}
		}
		if page.Next == nil {
			return out, nil
		}
		q.After = page.Next
	}
}
