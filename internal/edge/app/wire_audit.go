package app

import (
	"context"
	"time"

	"github.com/rapport-platform/rapport/internal/platform/audit"
)

// wireAudit brings in what looks after the change log, the traces of reads and
// the recycle bin.
func (c *core) wireAudit() {
	cfg := c.app.c
	audit.New(audit.Options{Store: c.store, Access: c.access, Log: c.log, Clock: cfg.Clock, Keys: c.secrets}).Define(c.actions)
	c.retention = &audit.Retention{DB: c.db, Store: c.store, Log: c.log, Keys: c.secrets, Clock: cfg.Clock, Logger: cfg.Logger}
	c.retention.Define(c.actions, c.access)
	c.store.AddHook(c.retention.Check())
}

// keepEvery is how often what has been kept long enough is let go.
const keepEvery = 24 * time.Hour

// letGo is a part of the housekeeping that is due once a day, and a minute after
// a start.
func (c *core) letGo(ctx context.Context) error {
	now := c.app.c.Clock.Now()
	if now.Sub(c.kept) < keepEvery {
		return nil
	}
	c.kept = now
	return c.retention.Run(ctx)
}
