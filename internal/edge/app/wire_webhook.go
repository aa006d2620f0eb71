package app

import (
	"context"
	"time"

	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/snapshot"
	"github.com/rapport-platform/rapport/internal/platform/webhook"
)

// webhookWait is how long a web hook may take to answer, as Dataverse has it.
const webhookWait = time.Minute

// wireWebhooks has others told of changes.
func (c *core) wireWebhooks(tailer *changelog.Tailer) {
	cfg := c.app.c
	client := webhook.NewClient(cfg.WebhookNetworks, webhookWait)
	for _, h := range webhook.Hooks(c.secrets, c.access.Catalog, client) {
		c.store.AddHook(h)
	}
	steps := snapshot.New(tailer, snapshot.Options[*webhook.Steps]{Name: "web hooks", Tables: webhook.Watched(), Logger: cfg.Logger,
		Load: func(ctx context.Context) (*webhook.Steps, error) {
			return webhook.Load(access.AsSystem(ctx, "web hooks"), c.store)
		}})
	service := webhook.New(webhook.Options{DB: c.db, Log: c.log, Catalog: c.access.Catalog, Steps: steps.Get, Clock: cfg.Clock, Jobs: c.jobs, Box: c.secrets, Client: client,
		Letters: letterKeeper{c.store}, Logger: cfg.Logger, Organization: c.app.front.organization, Name: "rapport", Unit: c.access.Unit})
	c.runner.Handle(webhook.Kind, service.Handler())
	c.services.Add("web hooks", steps)
	c.services.Add("web hook deliveries", service.Follower())
}
