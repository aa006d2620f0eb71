package app

import (
	"context"
	"errors"

	"github.com/rapport-platform/rapport/internal/capability/memberarea"
	"github.com/rapport-platform/rapport/internal/commons/consent"
	"github.com/rapport-platform/rapport/internal/edge/httpapi"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/record"
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
	c.brand = snapshot.New(tailer, snapshot.Options[memberarea.Brand]{Name: "brand", Tables: []string{"organization"}, Logger: cfg.Logger,
		Load: func(ctx context.Context) (memberarea.Brand, error) {
			return memberarea.LoadBrand(access.AsSystem(ctx, "the organisation's name and colours"), c.store, func(ctx context.Context, file id.ID) (string, error) { return c.files.Base64(ctx, file, true) })
		}})
	c.mail.brand = c.brand.Get
	c.store.AddHook(memberarea.CheckBrand())
	c.store.AddHook(memberarea.CheckZone())
	c.store.AddHook(memberarea.CheckViews(cfg.Clock.Now))
	c.store.AddHook((&memberarea.Correspondence{Views: c.memberViews.Get, Clock: cfg.Clock, Members: c.access.Members, Letters: c.mail}).Hook())
	c.store.AddHook(c.auth.MemberHook())
	c.store.AddHook(c.auth.UserHook())
	c.store.AddHook(c.guardNames())
	c.submissions = &memberarea.Submissions{DB: c.db, Views: c.memberViews.Get, Clock: cfg.Clock}
	c.store.AddHooks(c.submissions.Hook(c.access.Catalog))
	c.runner.Handle(letterKind, c.mail.Handler())
	c.area, err = memberarea.New(memberarea.Options{Records: c.store, Catalog: c.access.Catalog, Views: c.memberViews.Get, Processes: c.processes.Get, History: c.log, Consents: &consent.Keeper{Records: c.store, History: c.log}, Hidden: c.access.Hidden, Brand: c.brand.Get, Clock: cfg.Clock, Logger: cfg.Logger})
	return err
}

func (c *core) memberPages() *httpapi.MemberPages {
	cfg := c.app.c
	return &httpapi.MemberPages{Area: c.area, Auth: c.auth, Account: c.auth, Clock: cfg.Clock, Proxies: cfg.Proxies, Logger: cfg.Logger, Send: c.mail.Link, Forms: c.app.front.portal, Expect: c.submissions.Expect}
}

// admission takes new members in. Sign-in is made before what it needs, which is
// asked for when somebody comes.
func (c *core) admission() *memberarea.Admission {
	return &memberarea.Admission{Store: c.store, Views: func() []memberarea.View { return c.memberViews.Get() }, Catalog: c.access.Catalog, Clock: c.app.c.Clock, Members: c.access.Members}
}

// letterAddress gives where a contact gets its letters; "" where it gets none.
func (c *core) letterAddress(ctx context.Context, contact id.ID) (email, lang string, err error) {
	row, err := c.store.Get(access.AsSystem(ctx, "the address of a letter"), "contact", contact, []string{"emailaddress1", "statecode", "mspp_userpreferredlcid"}, nil)
	if errors.Is(err, record.ErrNotFound) || err == nil && row.Int("statecode") != 0 {
		return "", "", nil
	}
	return row.Text("emailaddress1"), memberarea.Language(row.Int("mspp_userpreferredlcid"), ""), err
}
