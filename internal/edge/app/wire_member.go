package app

import (
	"context"

	"github.com/rapport-platform/rapport/internal/capability/memberarea"
	"github.com/rapport-platform/rapport/internal/edge/httpapi"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/auth"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/snapshot"
)

// wireMembers brings the members' area in.
func (c *core) wireMembers(tailer *changelog.Tailer) (err error) {
	cfg := c.app.c
	c.memberViews = snapshot.New(tailer, snapshot.Options[[]memberarea.View]{Name: "member views", Tables: []string{memberarea.TableView}, Logger: cfg.Logger,
		Load: func(ctx context.Context) ([]memberarea.View, error) {
			return memberarea.LoadViews(access.AsSystem(ctx, "member views"), c.store, c.access.Catalog(), cfg.Clock.Now(), cfg.Logger)
		}})
	c.customs.OnChange(c.memberViews.Invalidate)
	c.store.AddHook(memberarea.CheckViews(cfg.Clock.Now))
	c.store.AddHook((&memberarea.Correspondence{Views: c.memberViews.Get, Clock: cfg.Clock, Members: c.access.Members}).Hook())
	c.area, err = memberarea.New(memberarea.Options{Records: c.store, Catalog: c.access.Catalog, Views: c.memberViews.Get, Processes: c.processes.Get, History: c.log, Clock: cfg.Clock, Logger: cfg.Logger})
	return err
}

func (c *core) memberPages() *httpapi.MemberPages {
	cfg := c.app.c
	p := &httpapi.MemberPages{Area: c.area, Auth: c.auth, Clock: cfg.Clock, Proxies: cfg.Proxies, Logger: cfg.Logger, Send: func(auth.MemberLetter) {}}
	if c.mail != nil {
		p.Send = c.mail.Send
	}
	return p
}
