package app

import (
	"time"

	"github.com/rapport-platform/rapport/internal/commons/exchange"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/webhook"
)

// exchangeWait bounds how long a counterpart may take to answer; each has a
// shorter time-out of its own.
const exchangeWait = time.Minute

// wireExchange brings the exchange of cases with outside systems in.
func (c *core) wireExchange(tailer *changelog.Tailer) {
	cfg := c.app.c
	c.exchange = exchange.New(exchange.Config{DB: c.db, Store: c.store, Queue: c.jobs, Catalog: c.access.Catalog, Tail: tailer, Clock: cfg.Clock, Logger: cfg.Logger, Box: c.secrets,
		Sender: webhook.NewClient(cfg.WebhookNetworks, exchangeWait), Files: c.files, Members: c.access.Members})
	for _, h := range c.exchange.Hooks() {
		c.store.AddHook(h)
	}
	c.store.AddHooks(c.exchange.Follow)
	c.exchange.Define(c.actions)
	for kind, handler := range c.exchange.Handlers() {
		c.runner.Handle(kind, handler)
	}
	c.customs.OnChange(c.exchange.Invalidate)
}
