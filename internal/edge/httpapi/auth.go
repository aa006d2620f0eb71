package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/netip"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/auth"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/workspace"
)

// Roles lists the names of the roles that a user holds; *access.Control is one.
type Roles interface {
	Roles(user id.ID) []string
}

// AuthAPI signs people in and out of the interface:
//
//	POST /api/auth/signin    {"username","password"}; 200 with the session and a cookie, 401, 429 with Retry-After
//	GET  /api/auth/session   who is signed in; 401 if nobody is
//	POST /api/auth/signout   ends the session and takes the cookie away; 204
//
// A session is {"user":{"systemuserid","fullname","domainname"},"csrf","roles",
// "preferences"}; the last are those of WorkspaceAPI, so that the first list is
// asked for in the person's own time zone.
type AuthAPI struct {
	Auth        Authenticator
	Roles       Roles
	Users       record.Reader
	Preferences *workspace.Preferences
	Clock       clock.Clock
	Proxies     []netip.Prefix // whose X-Forwarded-For is believed
}

const (
	signInPath = "/api/auth/signin"
	maxSignIn  = 32 << 10 // bytes of a body; a passkey with its certificate is the longest
)

// Register adds the routes.
func (a *AuthAPI) Register(mux *http.ServeMux) {
	mux.HandleFunc("POST "+signInPath, answering(a.signIn))
	mux.HandleFunc("GET /api/auth/session", answering(a.session))
	mux.HandleFunc("POST /api/auth/signout", answering(a.signOut))
}

// answering turns a handler's error into an answer.
func answering(h func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			WriteError(w, r, err)
		}
	}
}

// sessionBody is a session as the interface sees it.
type sessionBody struct {
	User struct {
		ID         id.ID  `json:"systemuserid"`
		FullName   string `json:"fullname"`
		DomainName string `json:"domainname"`
	} `json:"user"`
	CSRF        string             `json:"csrf"`
	Roles       []string           `json:"roles"`
	Preferences workspace.Settings `json:"preferences,omitzero"`
}

func (a *AuthAPI) signIn(w http.ResponseWriter, r *http.Request) error {
	var in struct{ Username, Password string }
	if err := readOwn(w, r, &in, `{"username": "…", "password": "…"}`); err != nil {
		return err
	}
	session, err := a.Auth.SignIn(r.Context(), in.Username, in.Password, a.from(r))
	var more *auth.FactorRequired
	if errors.As(err, &more) {
		writePortalJSON(w, http.StatusOK, map[string]any{"factor": map[string]any{"challenge": more.Challenge, "kinds": more.Kinds}})
		return nil
	}
	if err != nil {
		return err
	}
	return a.opened(w, r, session)
}

// from says where a request comes from.
func (a *AuthAPI) from(r *http.Request) auth.From {
	return auth.From{Address: (&PortalAPI{Proxies: a.Proxies}).address(r).String(), Agent: r.UserAgent()}
}

// opened answers with a session and gives it to the browser.
func (a *AuthAPI) opened(w http.ResponseWriter, r *http.Request, session auth.Session) error {
	body, err := a.describe(r.Context(), session.User, session.CSRF)
	if err != nil {
		return err
	}
	a.give(w, r, session)
	writePortalJSON(w, http.StatusOK, body)
	return nil
}

// give puts a session into the browser's cookie. The one it had is ended: the
// browser forgets it now, so nobody could end it later. That it can't be ended
// is no reason not to let the person in: it will expire.
func (a *AuthAPI) give(w http.ResponseWriter, r *http.Request, session auth.Session) {
	if old := cookieSecret(r); old != "" {
		_ = a.Auth.SignOut(r.Context(), old)
	}
	setCookie(w, r, cookieName, session.Secret, session.Expires.Sub(a.Clock.Now()))
}

// readOwn reads a JSON body that our own pages send. It takes JSON only: a form
// of another site could send anything else and so sign its visitor in as
// somebody it has chosen.
func readOwn(w http.ResponseWriter, r *http.Request, into any, shape string) error {
	if http.NewCrossOriginProtection().Check(r) != nil {
		return errOrigin
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return errs.New(errs.Unsupported, "http.content_type", "send the body as application/json")
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxSignIn))
	if tooBig := (*http.MaxBytesError)(nil); errors.As(err, &tooBig) {
		return err
	}
	// The cause is dropped: it may repeat a part of what was sent.
	if err != nil || json.Unmarshal(data, into) != nil {
		return errs.New(errs.Invalid, "auth.body", "the body must be %s", shape)
	}
	return nil
}

func (a *AuthAPI) session(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	p := access.From(ctx)
	if p.Kind != access.User {
		return access.ErrSignIn
	}
	body, err := a.describe(ctx, p.ID, signedInOf(ctx).session.CSRF)
	if err != nil {
		return err
	}
	writePortalJSON(w, http.StatusOK, body)
	return nil
}

func (a *AuthAPI) signOut(w http.ResponseWriter, r *http.Request) error {
	if s := signedInOf(r.Context()).session; s.Secret != "" {
		if err := a.Auth.SignOut(r.Context(), s.Secret); err != nil {
			return err
		}
	}
	setCookie(w, r, cookieName, "", 0)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (a *AuthAPI) describe(ctx context.Context, user id.ID, csrf string) (sessionBody, error) {
	row, err := self(ctx, a.Users, user, "fullname", "domainname")
	if err != nil {
		return sessionBody{}, err
	}
	body := sessionBody{CSRF: csrf, Roles: a.Roles.Roles(user)}
	body.User.ID, body.User.FullName, body.User.DomainName = user, row.Text("fullname"), row.Text("domainname")
	if body.Roles == nil {
		body.Roles = []string{}
	}
	// Settings that can't be read keep nobody out: the interface then asks for them by themselves.
	body.Preferences, _ = a.Preferences.Of(ctx, user)
	return body, nil
}

// self reads a person's own row, which everybody may know of themselves,
// whether or not they may read the table of users.
func self(ctx context.Context, from record.Reader, user id.ID, columns ...string) (record.Row, error) {
	return from.Get(access.AsSystem(ctx, "a person's own name and settings"), "systemuser", user, columns, nil)
}
