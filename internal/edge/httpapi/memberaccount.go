package httpapi

import (
	"context"
	"net/http"

	"github.com/rapport-platform/rapport/internal/capability/memberarea"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/auth"
)

// MemberAccount is what a member does with password and sessions; *auth.Auth is one.
type MemberAccount interface {
	BeginMemberMove(ctx context.Context, s auth.MemberSession, password, email string, from auth.From, post auth.PostLetter) error
	OpenMemberMove(ctx context.Context, secret string, from auth.From, post auth.PostLetter) (auth.MemberSession, error)
	SetMemberPassword(ctx context.Context, s auth.MemberSession, old, fresh string) error
	HasMemberPassword(ctx context.Context, contact id.ID) (bool, error)
	RenewMember(ctx context.Context, s auth.MemberSession) (auth.MemberSession, error)
	MemberSessions(ctx context.Context, contact id.ID, secret string) ([]auth.OpenSession, error)
	RevokeMember(ctx context.Context, contact, session id.ID) error
	RevokeOtherMembers(ctx context.Context, contact id.ID, secret string) error
}

// fieldsOf gives the fields of a form, each once.
func fieldsOf(r *http.Request) map[string]string {
	out := make(map[string]string, len(r.PostForm))
	for name, values := range r.PostForm {
		out[name] = values[0]
	}
	return out
}

func (p *MemberPages) saveProfile(w http.ResponseWriter, r *http.Request, v memberVisit) error {
	values := fieldsOf(r)
	err := p.Area.SaveProfile(r.Context(), v.Visit, values)
	if errs.Has(err, errs.Invalid) {
		e := publicError(err)
		v.Fault, v.Values = memberarea.Explain(v.Lang, e.Code, e.Message), values
		return p.showProfile(w, r, v, http.StatusBadRequest)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/member/profile?note=saved", http.StatusSeeOther)
	return nil
}

func (p *MemberPages) saveConsents(w http.ResponseWriter, r *http.Request, v memberVisit) error {
	if err := p.Area.SaveConsents(r.Context(), v.Visit, fieldsOf(r)); err != nil {
		return err
	}
	http.Redirect(w, r, "/member/profile?note=consents_saved", http.StatusSeeOther)
	return nil
}

func (p *MemberPages) profile(w http.ResponseWriter, r *http.Request, v memberVisit) error {
	return p.showProfile(w, r, v, http.StatusOK)
}

func (p *MemberPages) showProfile(w http.ResponseWriter, r *http.Request, v memberVisit, status int) error {
	asked, err := p.asked(r.Context(), v)
	if err != nil {
		return err
	}
	page, err := p.Area.Profile(r.Context(), v.Visit, status, asked)
	return p.shown(w, page, err)
}

// asked tells whether what is entrusted to the session asks for the password.
func (p *MemberPages) asked(ctx context.Context, v memberVisit) (bool, error) {
	has, err := p.Account.HasMemberPassword(ctx, v.Member.ID)
	return has && v.session.Method != auth.MemberByLink, err
}

// moveAddress has a letter sent to another address of the member.
func (p *MemberPages) moveAddress(w http.ResponseWriter, r *http.Request, v memberVisit) error {
	email := r.PostForm.Get("email")
	post := func(tx *sqldb.Tx, l auth.MemberLetter) error {
		l.Language = v.Lang
		return p.Send(tx, l)
	}
	err := p.Account.BeginMemberMove(r.Context(), v.session, r.PostForm.Get("password"), email, p.from(r), post)
	if errs.Has(err, errs.Invalid) || errs.Has(err, errs.TooMany) {
		e := publicError(err)
		v.Fault, v.Values = memberarea.Explain(v.Lang, e.Code, e.Message), map[string]string{"email": email}
		setRetryAfter(w, e)
		return p.showProfile(w, r, v, statusOf(e))
	}
	if err != nil {
		return err
	}
	page, err := p.Area.MoveSent(r.Context(), v.Visit, email)
	return p.shown(w, page, err)
}

func (p *MemberPages) move(w http.ResponseWriter, r *http.Request, v memberVisit) error {
	page, err := p.Area.Move(r.Context(), v.Visit, r.URL.Query().Get("key"))
	return p.shown(w, page, err)
}

func (p *MemberPages) moved(w http.ResponseWriter, r *http.Request, v memberVisit) error {
	post := func(tx *sqldb.Tx, l auth.MemberLetter) error {
		l.Language = v.Lang
		return p.Send(tx, l)
	}
	s, err := p.Account.OpenMemberMove(r.Context(), r.PostForm.Get("secret"), p.from(r), post)
	if err != nil {
		return err
	}
	setCookie(w, r, memberCookie, s.Secret, s.Expires.Sub(p.Clock.Now()))
	setCookie(w, r, visitCookie, "", 0)
	http.Redirect(w, r, "/member/profile?note=moved", http.StatusSeeOther)
	return nil
}

func (p *MemberPages) security(w http.ResponseWriter, r *http.Request, v memberVisit) error {
	return p.showSecurity(w, r, v, http.StatusOK)
}

func (p *MemberPages) showSecurity(w http.ResponseWriter, r *http.Request, v memberVisit, status int) error {
	sessions, err := p.Account.MemberSessions(r.Context(), v.Member.ID, v.session.Secret)
	if err != nil {
		return err
	}
	asked, err := p.asked(r.Context(), v)
	if err != nil {
		return err
	}
	page, err := p.Area.Security(r.Context(), v.Visit, status, sessions, asked)
	return p.shown(w, page, err)
}

// setPassword sets the member's password. The session goes on under another
// secret: who has seen the old one does not come along.
func (p *MemberPages) setPassword(w http.ResponseWriter, r *http.Request, v memberVisit) error {
	err := p.Account.SetMemberPassword(r.Context(), v.session, r.PostForm.Get("old"), r.PostForm.Get("new"))
	if errs.Has(err, errs.Invalid) || errs.Has(err, errs.TooMany) {
		e := publicError(err)
		v.Fault = memberarea.Explain(v.Lang, e.Code, e.Message)
		setRetryAfter(w, e)
		return p.showSecurity(w, r, v, statusOf(e))
	}
	if err != nil {
		return err
	}
	s, err := p.Account.RenewMember(r.Context(), v.session)
	if err != nil {
		return err
	}
	setCookie(w, r, memberCookie, s.Secret, s.Expires.Sub(p.Clock.Now()))
	http.Redirect(w, r, "/member/security?note=password_set", http.StatusSeeOther)
	return nil
}

func (p *MemberPages) endSession(w http.ResponseWriter, r *http.Request, v memberVisit) error {
	which, err := id.Parse(r.PostForm.Get("session"))
	if err != nil {
		return memberarea.ErrNone
	}
	if err := p.Account.RevokeMember(r.Context(), v.Member.ID, which); err != nil {
		return err
	}
	http.Redirect(w, r, "/member/security?note=session_ended#sessions", http.StatusSeeOther)
	return nil
}

func (p *MemberPages) endOthers(w http.ResponseWriter, r *http.Request, v memberVisit) error {
	if err := p.Account.RevokeOtherMembers(r.Context(), v.Member.ID, v.session.Secret); err != nil {
		return err
	}
	http.Redirect(w, r, "/member/security?note=session_ended#sessions", http.StatusSeeOther)
	return nil
}
