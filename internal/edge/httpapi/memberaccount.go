package httpapi

import (
	"context"
	"net/http"

	"github.com/rapport-platform/rapport/internal/capability/memberarea"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/auth"
)

// MemberAccount is what a member does with password and sessions; *auth.Auth is one.
type MemberAccount interface {
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
		page, err := p.Area.Profile(r.Context(), v.Visit)
		page.Status = http.StatusBadRequest
		return p.shown(w, page, err)
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

func (p *MemberPages) security(w http.ResponseWriter, r *http.Request, v memberVisit) error {
	return p.showSecurity(w, r, v, http.StatusOK)
}

func (p *MemberPages) showSecurity(w http.ResponseWriter, r *http.Request, v memberVisit, status int) error {
	sessions, err := p.Account.MemberSessions(r.Context(), v.Member.ID, v.session.Secret)
	if err != nil {
		return err
	}
	has, err := p.Account.HasMemberPassword(r.Context(), v.Member.ID)
	if err != nil {
		return err
	}
	page, err := p.Area.Security(r.Context(), v.Visit, status, sessions, has && v.session.Method != auth.MemberByLink)
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
