package httpapi

import (
	"context"
	"net/http"
	"net/netip"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/auth"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// MemberAPI signs members of the portal in and out: contacts, who reach rows at
// /api/data/ as their web roles say.
//
//	POST /api/member/signin      {"email","password"}; 200 with the session and a cookie, 401, 429
//	POST /api/member/link        {"email"}; 202 whether or not anybody has the address
//	POST /api/member/link/open   {"secret"}; 200 as above: by a link, once
//	GET  /api/member/session     who is signed in; 401 if nobody is
//	POST /api/member/signout     204
//	POST /api/member/password    {"old","new"}; the old one is not asked of who came by a link; 204
//	POST /api/auth/admin/members/{id}/link   200 {"secret"}: a link for a contact; wants prvManageSignIn
//	DELETE /api/auth/admin/members/{id}      ends the sessions and the password of a contact; 204
//
// A session is {"contact":{"contactid","fullname"},"csrf","method"}.
type MemberAPI struct {
	Auth interface {
		SignInMember(ctx context.Context, email, password string, from auth.From) (auth.MemberSession, error)
		BeginMemberLink(ctx context.Context, email string, from auth.From, post auth.PostLetter) error
		OpenMemberLink(ctx context.Context, secret string, from auth.From) (auth.MemberSession, error)
		SignOutMember(ctx context.Context, secret string) error
		SetMemberPassword(ctx context.Context, s auth.MemberSession, old, fresh string) error
		InviteMember(ctx context.Context, contact id.ID) (auth.MemberLetter, error)
		EndMember(ctx context.Context, contact id.ID) error
	}
	Access interface {
		Privileged(ctx context.Context, name string) error
	}
	Records record.Reader
	Send    auth.PostLetter // nil sends no e-mail
	Clock   clock.Clock
	Proxies []netip.Prefix
}

const (
	memberPath   = "/api/member/"
	memberSignIn = memberPath + "signin"
	memberLink   = memberPath + "link"
)

// Register adds the routes.
func (a *MemberAPI) Register(mux *http.ServeMux) {
	mux.HandleFunc("POST "+memberSignIn, answering(a.signIn))
	mux.HandleFunc("POST "+memberLink, answering(a.link))
	mux.HandleFunc("POST "+memberLink+"/open", answering(a.open))
	mux.HandleFunc("GET /api/member/session", answering(a.session))
	mux.HandleFunc("POST /api/member/signout", answering(a.signOut))
	mux.HandleFunc("POST /api/member/password", answering(a.password))
	mux.HandleFunc("POST /api/auth/admin/members/{id}/link", answering(a.invite))
	mux.HandleFunc("DELETE /api/auth/admin/members/{id}", answering(a.end))
}

type memberBody struct {
	Contact struct {
		ID       id.ID  `json:"contactid"`
		FullName string `json:"fullname"`
	} `json:"contact"`
	CSRF   string `json:"csrf"`
	Method string `json:"method"`
}

func (a *MemberAPI) from(r *http.Request) auth.From {
	return auth.From{Address: (&PortalAPI{Proxies: a.Proxies}).address(r).String(), Agent: r.UserAgent()}
}

func (a *MemberAPI) signIn(w http.ResponseWriter, r *http.Request) error {
	var in struct{ Email, Password string }
	if err := readOwn(w, r, &in, `{"email": "…", "password": "…"}`); err != nil {
		return err
	}
	s, err := a.Auth.SignInMember(r.Context(), in.Email, in.Password, a.from(r))
	if err != nil {
		return err
	}
	return a.opened(w, r, s)
}

func (a *MemberAPI) link(w http.ResponseWriter, r *http.Request) error {
	var in struct{ Email string }
	if err := readOwn(w, r, &in, `{"email": "…"}`); err != nil {
		return err
	}
	if a.Send == nil {
		return errs.New(errs.Unsupported, "member.no_mail", "this server sends no e-mail")
	}
	if err := a.Auth.BeginMemberLink(r.Context(), in.Email, a.from(r), a.Send); err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusAccepted)
	return nil
}

func (a *MemberAPI) open(w http.ResponseWriter, r *http.Request) error {
	var in struct{ Secret string }
	if err := readOwn(w, r, &in, `{"secret": "…"}`); err != nil {
		return err
	}
	s, err := a.Auth.OpenMemberLink(r.Context(), in.Secret, a.from(r))
	if err != nil {
		return err
	}
	return a.opened(w, r, s)
}

// opened gives a session to the browser. The one it had is ended, as with users.
func (a *MemberAPI) opened(w http.ResponseWriter, r *http.Request, s auth.MemberSession) error {
	if old := cookieOf(r, memberCookie); old != "" {
		_ = a.Auth.SignOutMember(r.Context(), old)
	}
	setCookie(w, r, memberCookie, s.Secret, s.Expires.Sub(a.Clock.Now()))
	return a.describe(w, r, s)
}

func (a *MemberAPI) describe(w http.ResponseWriter, r *http.Request, s auth.MemberSession) error {
	row, err := a.Records.Get(access.AsSystem(r.Context(), "a member's own name"), "contact", s.User, []string{"fullname"}, nil)
	if err != nil {
		return err
	}
	out := memberBody{CSRF: s.CSRF, Method: s.Method}
	out.Contact.ID, out.Contact.FullName = s.User, row.Text("fullname")
	w.Header().Set("Cache-Control", "no-store")
	writePortalJSON(w, http.StatusOK, out)
	return nil
}

// member gives the session of the request.
func (a *MemberAPI) member(r *http.Request) (auth.MemberSession, error) {
	s := signedInOf(r.Context()).member
	if access.From(r.Context()).Kind != access.Member || s.Secret == "" {
		return s, access.ErrSignIn
	}
	return s, nil
}

func (a *MemberAPI) session(w http.ResponseWriter, r *http.Request) error {
	s, err := a.member(r)
	if err != nil {
		return err
	}
	return a.describe(w, r, s)
}

func (a *MemberAPI) signOut(w http.ResponseWriter, r *http.Request) error {
	if s, err := a.member(r); err == nil {
		if err := a.Auth.SignOutMember(r.Context(), s.Secret); err != nil {
			return err
		}
	}
	setCookie(w, r, memberCookie, "", 0)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (a *MemberAPI) password(w http.ResponseWriter, r *http.Request) error {
	s, err := a.member(r)
	if err != nil {
		return err
	}
	var in struct{ Old, New string }
	if err := readOwn(w, r, &in, `{"old": "…", "new": "…"}`); err != nil {
		return err
	}
	if err := a.Auth.SetMemberPassword(r.Context(), s, in.Old, in.New); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (a *MemberAPI) invite(w http.ResponseWriter, r *http.Request) error {
	return a.administer(r, func(contact id.ID) error {
		letter, err := a.Auth.InviteMember(r.Context(), contact)
		if err != nil {
			return err
		}
		w.Header().Set("Cache-Control", "no-store")
		writePortalJSON(w, http.StatusOK, map[string]any{"secret": letter.Secret, "expireson": wireTime(letter.Expires)})
		return nil
	})
}

func (a *MemberAPI) end(w http.ResponseWriter, r *http.Request) error {
	return a.administer(r, func(contact id.ID) error {
		if err := a.Auth.EndMember(r.Context(), contact); err != nil {
			return err
		}
		w.WriteHeader(http.StatusNoContent)
		return nil
	})
}

func (a *MemberAPI) administer(r *http.Request, do func(contact id.ID) error) error {
	if err := a.Access.Privileged(r.Context(), access.ManageSignIn); err != nil {
		return err
	}
	contact, err := pathID(r)
	if err != nil {
		return err
	}
	return do(contact)
}
