package memberarea

import (
	"context"

	"github.com/rapport-platform/rapport/internal/platform/auth"
)

// openSession is a session as the member reads it.
type openSession struct {
	ID, Device, Address, Seen, Since, How string
	Current                               bool
}

// Security is the page of the member's password and sessions. asked tells whether
// the old password is asked for when a new one is set.
func (a *Area) Security(ctx context.Context, v Visit, status int, sessions []auth.OpenSession, asked bool) (Page, error) {
	body := struct {
		Asked    bool
		Sessions []openSession
		Others   bool
	}{Asked: asked}
	for _, s := range sessions {
		o := openSession{Device: Device(s.Agent, v.Lang), Address: s.Address, Seen: v.Moment(s.Seen), Since: v.Moment(s.Created), How: say(v.Lang, "secure.by."+s.Method), Current: s.Current}
		if !s.Current {
			o.ID, body.Others = s.ID.String(), true
		}
		body.Sessions = append(body.Sessions, o)
	}
	p := pageOf("security", say(v.Lang, "secure.title"), "security", body, v)
	p.status = status
	return a.render(ctx, v, p)
}
