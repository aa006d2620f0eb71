package app

import (
	"context"
	"time"

	"github.com/rapport-platform/rapport/internal/capability/intake"
	"github.com/rapport-platform/rapport/internal/capability/portal"
	"github.com/rapport-platform/rapport/internal/commons/lake"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/lifecycle"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/event"
)

// housekeeping lets go, once a minute, of what nobody needs any more: events
// that every consumer has worked off, old inbox keys, ended sessions, memory.
func (c *core) housekeeping() lifecycle.Service {
	return &lifecycle.Loop{Run: func(ctx context.Context) {
		for {
			select {
			case <-c.app.c.Clock.After(tidyEvery):
			case <-ctx.Done():
				return
			}
			for what, tidy := range map[string]func(context.Context) error{"stream": c.trim, "inbox": c.pruner(event.Prune), "interactions": c.pruner(portal.PruneInteractions), "sessions": c.auth.Prune, "members' submissions": c.submissions.Prune, "tokens": c.auth.PruneTokens, "retention": c.letGo, "files": c.collectFiles, "uploads": c.documents.Tidy, "signatures": c.signatures.Expire, "imports": c.imports.Tidy, "exports": c.exporter().Tidy, "waiting records": c.dealWaiting, "memory": c.returnMemory} {
				if err := tidy(ctx); err != nil && ctx.Err() == nil && !errs.Has(err, errs.Unavailable) {
					c.app.c.Logger.Warn("housekeeping", "of", what, "error", err)
				}
			}
		}
	}}
}

// trim drops what all consumers of a topic have worked off. The lake is not
// waited for once the topic is half full: its outage must not make the stream
// refuse events. What it misses of the stream then is counted; the records that
// the events became reach it by the change log all the same.
func (c *core) trim(ctx context.Context) error {
	for _, topic := range []string{intake.Topic, TopicInteractions} {
		seq, ok, err := event.Lowest(ctx, c.db, topic, "")
		if err != nil {
			return err
		}
		before, err := c.app.front.stream.State(ctx, topic)
		if err != nil {
			return err
		}
		passed := false
		if int64(before.Bytes) > c.app.front.stream.Capacity()/2 {
			others, _, err := event.Lowest(ctx, c.db, topic, lake.Consumer)
			if err != nil {
				return err
			}
			passed = others > seq
			seq = max(seq, others)
		}
		if !ok || seq == 0 {
			continue
		}
		if err := c.app.front.stream.Trim(ctx, topic, uint64(seq)); err != nil {
			return err
		}
		if passed {
			after, err := c.app.front.stream.State(ctx, topic)
			if err != nil {
				return err
			}
			c.app.front.lake.missed(before.Count - min(after.Count, before.Count))
		}
	}
	return nil
}

// pruner forgets old rows, a bounded number at a time, until none is old.
func (c *core) pruner(some func(context.Context, *sqldb.DB, time.Time) (int64, error)) func(context.Context) error {
	return func(ctx context.Context) error {
		for {
			n, err := some(ctx, c.db, c.app.c.Clock.Now())
			if err != nil || n == 0 {
				return err
			}
		}
	}
}
