package app

import (
	"context"

	"github.com/rapport-platform/rapport/internal/edge/httpapi"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/auth"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/workspace"
)

func (c *core) openAuth(ctx context.Context) (err error) {
	cfg := c.app.c
	if c.mail, err = newMailer(cfg, c.app.URL); err != nil {
		return err
	}
	c.mail.jobs, c.mail.secrets, c.mail.address = c.jobs, c.secrets, c.letterAddress
	c.auth, err = auth.New(ctx, auth.Options{DB: c.db, Clock: cfg.Clock, Known: c.known(ctx), Find: c.findUser, Reach: c.userAddress, Secrets: c.secrets, Admit: c.admission(), Params: cfg.Passwords})
	return err
}

func (c *core) registerAuth() {
	cfg := c.app.c
	members := &httpapi.MemberAPI{Auth: c.auth, Access: c.access, Records: c.store, Clock: cfg.Clock, Proxies: cfg.Proxies, Send: c.mail.Link}
	members.Register(c.mux)
	c.memberPages().Register(c.mux)
	signIn := httpapi.AuthAPI{Auth: c.auth, Roles: c.access, Users: c.store, Preferences: &workspace.Preferences{Store: c.store}, Clock: cfg.Clock, Proxies: cfg.Proxies}
	signIn.Register(c.mux)
	(&httpapi.WaysAPI{AuthAPI: signIn, Ways: c.auth, Send: c.mail.Link}).Register(c.mux)
	(&httpapi.AccountAPI{Auth: c.auth, Users: c.store}).Register(c.mux)
	(&httpapi.AccessAPI{Records: c.store, Access: c.access}).Register(c.mux)
	(&httpapi.KeysAPI{Auth: c.auth, Access: c.access}).Register(c.mux)
	(&httpapi.SignInAdminAPI{Auth: c.auth, Access: c.access, NameOf: c.signInName}).Register(c.mux)
}

// findUser finds whom an identity provider vouches for. Two users with one
// address are nobody: either could be meant.
func (c *core) findUser(ctx context.Context, by, value string) (id.ID, bool, error) {
	column := "domainname"
	if by == auth.MatchEmail {
		column = "internalemailaddress"
	}
	page, err := c.store.Find(access.AsSystem(ctx, "single sign-on"), query.Query{Table: "systemuser", Select: []string{"systemuserid"}, Where: query.Compare{Left: query.Path{column}, Value: value}, Limit: 2})
	if err != nil || len(page.Rows) != 1 {
		return id.Nil, false, err
	}
	return page.Rows[0].ID("systemuserid"), true, nil
}

// signInName gives the name by which a user signs in.
func (c *core) signInName(ctx context.Context, user id.ID) (string, error) {
	row, err := c.store.Get(access.AsSystem(ctx, "the name of a reset link"), "systemuser", user, []string{"domainname"}, nil)
	if err == nil && row.Text("domainname") == "" {
		err = errs.New(errs.Conflict, "app.no_name", "this user has no user name yet: give one first")
	}
	return row.Text("domainname"), err
}

// userAddress gives where a user gets letters, and the language of these.
func (c *core) userAddress(ctx context.Context, user id.ID) (email, lang string, err error) {
	row, err := c.store.Get(access.AsSystem(ctx, "the address of a letter"), "systemuser", user, []string{"internalemailaddress", "rpt_language"}, nil)
	return row.Text("internalemailaddress"), row.Text("rpt_language"), err
}

// guardNames refuses to give another a user name or an e-mail address who may do
// more than the one who asks: links for a new password go there, and identity
// providers are believed by them, so that they open the account.
func (c *core) guardNames() record.Hook {
	return record.Hook{Table: "systemuser", BeforeUpdate: func(ctx context.Context, _ *record.Tx, old, change record.Row) error {
		_, named := change["domainname"]
		_, addressed := change["internalemailaddress"]
		if who := old.ID("systemuserid"); (named || addressed) && access.From(ctx).ID != who {
			return c.access.Outranks(ctx, who)
		}
		return nil
	}}
}
