package httpapi

import (
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/auth"
)

// WaysAPI are the ways of signing in beside a password alone. Nobody is signed
// in yet, so none of them looks at a session.
//
//	GET  /api/auth/signin/ways              the identity providers that can be chosen
//	POST /api/auth/signin/factor            {"challenge","code"}; 200 with the session
//	POST /api/auth/signin/passkey           200 {"challenge","options"} for navigator.credentials.get
//	POST /api/auth/signin/passkey/answer    {"challenge","answer"}; 200 with the session
//	GET  /api/auth/signin/sso/{provider}    ?next=/path; leads to the identity provider
//	GET  /api/auth/signin/sso               where the provider sends the browser back to
//	POST /api/auth/signin/reset             {"secret","password"}; a new password by a link; 204
//	POST /api/auth/signin/forgotten         {"username"} or an e-mail address; 202 whether or not a letter goes out
type WaysAPI struct {
	AuthAPI
	Ways *auth.Auth
	Send auth.PostLetter // nil sends no e-mail
}

// ssoCookie keeps the answer of a provider to the browser that began.
const ssoCookie = "rapport_sso"

// Register adds the routes.
func (a *WaysAPI) Register(mux *http.ServeMux) {
	mux.HandleFunc("GET "+signInPath+"/ways", answering(a.ways))
	mux.HandleFunc("POST "+signInPath+"/factor", answering(a.factor))
	mux.HandleFunc("POST "+signInPath+"/passkey", answering(a.passkey))
	mux.HandleFunc("POST "+signInPath+"/passkey/answer", answering(a.passkeyAnswer))
	mux.HandleFunc("GET "+signInPath+"/sso/{provider}", a.sso)
	mux.HandleFunc("GET "+signInPath+"/sso", a.ssoBack)
	mux.HandleFunc("POST "+signInPath+"/reset", answering(a.reset))
	mux.HandleFunc("POST "+signInPath+"/forgotten", answering(a.forgotten))
}

func (a *WaysAPI) ways(w http.ResponseWriter, r *http.Request) error {
	all, err := a.Ways.Providers(r.Context())
	if err != nil {
		return err
	}
	list := make([]map[string]any, len(all))
	for i, p := range all {
		list[i] = map[string]any{"id": p.ID, "name": p.Name}
	}
	writePortalJSON(w, http.StatusOK, map[string]any{"providers": list})
	return nil
}

func (a *WaysAPI) factor(w http.ResponseWriter, r *http.Request) error {
	var in struct{ Challenge, Code string }
	if err := readOwn(w, r, &in, `{"challenge": "…", "code": "…"}`); err != nil {
		return err
	}
	session, err := a.Ways.Second(r.Context(), in.Challenge, in.Code, a.from(r))
	if err != nil {
		return err
	}
	return a.opened(w, r, session)
}

// origin gives the address under which the browser has opened this site.
func origin(r *http.Request) string {
	if secure(r) {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

func (a *WaysAPI) passkey(w http.ResponseWriter, r *http.Request) error {
	if err := readOwn(w, r, &struct{}{}, `{}`); err != nil {
		return err
	}
	c, err := a.Ways.BeginPasskeySignIn(r.Context(), origin(r), a.from(r))
	if err != nil {
		return err
	}
	writePortalJSON(w, http.StatusOK, c)
	return nil
}

func (a *WaysAPI) passkeyAnswer(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Challenge string
		Answer    json.RawMessage
	}
	if err := readOwn(w, r, &in, `{"challenge": "…", "answer": {…}}`); err != nil {
		return err
	}
	session, err := a.Ways.PasskeySignIn(r.Context(), in.Challenge, origin(r), in.Answer, a.from(r))
	if err != nil {
		return err
	}
	return a.opened(w, r, session)
}

// sso sends the browser to the provider. A person follows a link here, so what
// goes wrong is shown by the sign-in page.
func (a *WaysAPI) sso(w http.ResponseWriter, r *http.Request) {
	which, err := id.Parse(r.PathValue("provider"))
	if err != nil {
		a.failed(w, r, errs.New(errs.NotFound, "auth.provider_unknown", "there is no such identity provider"))
		return
	}
	v, err := a.Ways.BeginSSO(r.Context(), which, origin(r)+signInPath+"/sso", r.URL.Query().Get("next"), a.from(r))
	if err != nil {
		a.failed(w, r, err)
		return
	}
	// Lax: the way back is a navigation from the provider's site.
	http.SetCookie(w, &http.Cookie{Name: ssoCookie, Value: v.Browser, Path: signInPath, MaxAge: 600, HttpOnly: true, Secure: secure(r), SameSite: http.SameSiteLaxMode})
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, v.URL, http.StatusFound)
}

func (a *WaysAPI) ssoBack(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	browser := ""
	if c, err := r.Cookie(ssoCookie); err == nil {
		browser = c.Value
	}
	http.SetCookie(w, &http.Cookie{Name: ssoCookie, Path: signInPath, MaxAge: -1, HttpOnly: true, Secure: secure(r), SameSite: http.SameSiteLaxMode})
	if q.Get("error") != "" || q.Get("code") == "" || browser == "" {
		a.failed(w, r, errs.New(errs.Unauthenticated, "auth.sso", "signing in at the identity provider did not succeed: begin again"))
		return
	}
	session, next, err := a.Ways.FinishSSO(r.Context(), q.Get("state"), q.Get("code"), browser, a.from(r))
	if err != nil {
		a.failed(w, r, err)
		return
	}
	a.give(w, r, session)
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, auth.LocalPath(next), http.StatusFound)
}

// failed leads back to the sign-in page with the error's stable code.
func (a *WaysAPI) failed(w http.ResponseWriter, r *http.Request, err error) {
	if errs.KindOf(err) == errs.Internal {
		WriteError(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, "/?signin="+url.QueryEscape(errs.CodeOf(err)), http.StatusFound)
}

func (a *WaysAPI) reset(w http.ResponseWriter, r *http.Request) error {
	var in struct{ Secret, Password string }
	if err := readOwn(w, r, &in, `{"secret": "…", "password": "…"}`); err != nil {
		return err
	}
	if err := a.Ways.Reset(r.Context(), in.Secret, in.Password); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (a *WaysAPI) forgotten(w http.ResponseWriter, r *http.Request) error {
	var in struct{ Username string }
	if err := readOwn(w, r, &in, `{"username": "…"}`); err != nil {
		return err
	}
	if a.Send == nil {
		return errs.New(errs.Unsupported, "auth.no_mail", "this server sends no e-mail: ask an administrator for a link")
	}
	if err := a.Ways.BeginForgotten(r.Context(), in.Username, a.from(r), a.Send); err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusAccepted)
	return nil
}
