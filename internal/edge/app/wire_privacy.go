package app

import (
	"context"
	"path/filepath"

	"github.com/rapport-platform/rapport/internal/capability/intake"
	"github.com/rapport-platform/rapport/internal/commons/privacy"
	"github.com/rapport-platform/rapport/internal/ground/id"
)

// wirePrivacy brings in what exports and erases persons.
func (c *core) wirePrivacy() {
	cfg := c.app.c
	o := privacy.Options{DB: c.db, Store: c.store, Catalog: c.access.Catalog, Log: c.log, Keys: c.secrets, Files: c.files, Index: c.index, Jobs: c.jobs, Clock: cfg.Clock, Logger: cfg.Logger,
		Stream: c.app.front.stream, Topics: []privacy.Topic{{Name: intake.Topic, Table: "lead"}, {Name: TopicInteractions}}, Trim: c.trim, Data: cfg.Data}
	if c.app.front.lake != nil {
		o.Lake = c.app.front.lake.lake
	}
	o.Addresses = c.addresses()
	o.Letters = letters{c.db, filepath.Join(cfg.Data, outboxFolder)}
	o.Uploads = func(ctx context.Context, his func(string) bool) (int, []id.ID, []id.ID, error) {
		return c.imports.Erase(ctx, his) // which are wired later
	}
	s := privacy.New(o)
	s.Define(c.actions)
	c.runner.Handle(privacy.Kind, s.Handler())
}

// addresses knows which records hold which e-mail addresses.
func (c *core) addresses() *privacy.Addresses {
	cfg := c.app.c
	return &privacy.Addresses{DB: c.db, Log: c.log, Catalog: c.access.Catalog, Clock: cfg.Clock, Logger: cfg.Logger}
}
