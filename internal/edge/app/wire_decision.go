package app

import (
	"time"

	"github.com/rapport-platform/rapport/internal/commons/decision"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/webhook"
)

// decisionWait bounds how long a service may take that is asked for inputs of
// decisions; each has a shorter time-out of its own.
const decisionWait = 30 * time.Second

// wireDecision brings decision sets in, which hold for every table.
func (c *core) wireDecision(tailer *changelog.Tailer) {
	cfg := c.app.c
	c.decisions = decision.New(decision.Config{DB: c.db, Store: c.store, Queue: c.jobs, Catalog: c.access.Catalog, Tail: tailer, Clock: cfg.Clock, Logger: cfg.Logger, Box: c.secrets, People: c.access,
		Asker: webhook.NewClient(cfg.WebhookNetworks, decisionWait)})
	for _, h := range c.decisions.Hooks() {
		c.store.AddHook(h)
	}
	c.store.AddHooks(c.decisions.Obey)
	c.decisions.Define(c.actions)
	for kind, handler := range c.decisions.Handlers() {
		c.runner.Handle(kind, handler)
	}
	c.customs.OnChange(c.decisions.Invalidate)
}
