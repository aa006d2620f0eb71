package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// Clients gives tokens to programs; *auth.Auth does.
type Clients interface {
	ClientToken(ctx context.Context, client, secret, address string) (token string, life time.Duration, err error)
}

// OAuthAPI lets programs sign in by OAuth 2 client credentials, at the addresses
// that libraries made for Dataverse ask:
//
//	POST /oauth2/v2.0/token, /{tenant}/oauth2/v2.0/token, /{tenant}/oauth2/token
//	GET  /.well-known/openid-configuration, /{tenant}/v2.0/.well-known/openid-configuration
//
// The tenant may be anything: there is one organisation. The scope is the
// server's own address with /.default, or that of a resource of its own.
type OAuthAPI struct {
	Clients Clients
	BaseURL func(*http.Request) string // nil takes scheme and host from the request
	Proxies []netip.Prefix
}

const maxTokenRequest = 16 << 10 // bytes

// Wrap answers the addresses of sign-in and passes everything else on. They have
// any first segment, so that they can't stand in a mux beside fixed ones.
func (a *OAuthAPI) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch oauthPath(r.URL.Path) {
		case "token":
			a.token(w, r)
		case "discovery":
			a.discovery(w, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// oauthPath tells what a path asks for, with a tenant before it or without.
func oauthPath(path string) string {
	rest := strings.TrimPrefix(path, "/")
	if len(path) > 200 {
		return ""
	}
	for range 2 {
		switch rest {
		case "oauth2/v2.0/token", "oauth2/token":
			return "token"
		case ".well-known/openid-configuration", "v2.0/.well-known/openid-configuration":
			return "discovery"
		}
		tenant, below, ok := strings.Cut(rest, "/")
		if !ok || tenant == "api" {
			return ""
		}
		rest = below
	}
	return ""
}

func (a *OAuthAPI) base(r *http.Request) string {
	return (&ODataAPI{BaseURL: a.BaseURL}).base(r)
}

// oauthError is an error as RFC 6749 has it, section 5.2.
type oauthError struct {
	Code        string `json:"error"`
	Description string `json:"error_description"`
	Ours        string `json:"@rapport.code,omitempty"`
}

func (a *OAuthAPI) fail(w http.ResponseWriter, status int, code, what, ours string) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	if status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Basic realm="rapport"`)
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(oauthError{code, what, ours}) // when the sender has gone nobody is left to tell
}

func (a *OAuthAPI) token(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		a.fail(w, http.StatusMethodNotAllowed, "invalid_request", "send the request by POST", "http.method")
		return
	}
	form, ok := a.form(w, r)
	if !ok {
		return
	}
	if form.Get("grant_type") != "client_credentials" {
		a.fail(w, http.StatusBadRequest, "unsupported_grant_type", "grant_type must be client_credentials", "oauth.grant_type")
		return
	}
	if !a.scoped(r, form) {
		a.fail(w, http.StatusBadRequest, "invalid_scope", "the scope must be "+a.base(r)+"/.default", "oauth.scope")
		return
	}
	client, secret := form.Get("client_id"), form.Get("client_secret")
	if user, password, basic := r.BasicAuth(); basic {
		name, err1 := url.QueryUnescape(user)
		word, err2 := url.QueryUnescape(password)
		if err1 != nil || err2 != nil || client != "" && client != name {
			a.fail(w, http.StatusBadRequest, "invalid_request", "the Authorization header can't be read", "oauth.request")
			return
		}
		client, secret = name, word
	}
	address := (&PortalAPI{Proxies: a.Proxies}).address(r).String()
	token, life, err := a.Clients.ClientToken(r.Context(), client, secret, address)
	if err != nil {
		a.refuse(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("Pragma", "no-cache")
	seconds := int(life.Seconds())
	_ = json.NewEncoder(w).Encode(map[string]any{"token_type": "Bearer", "access_token": token, "expires_in": seconds, "ext_expires_in": seconds})
}

// form reads the body, which must be a form.
func (a *OAuthAPI) form(w http.ResponseWriter, r *http.Request) (url.Values, bool) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		a.fail(w, http.StatusBadRequest, "invalid_request", "the body must be application/x-www-form-urlencoded", "http.content_type")
		return nil, false
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxTokenRequest))
	if err != nil {
		a.fail(w, http.StatusRequestEntityTooLarge, "invalid_request", "the body is too large", "http.too_large")
		return nil, false
	}
	form, err := url.ParseQuery(string(data))
	if err != nil {
		a.fail(w, http.StatusBadRequest, "invalid_request", "the body is no proper form", "oauth.request")
		return nil, false
	}
	for name, values := range form {
		if len(values) > 1 {
			a.fail(w, http.StatusBadRequest, "invalid_request", "a parameter stands twice: "+strconv.Quote(clipText(name)), "oauth.request")
			return nil, false
		}
	}
	return form, true
}

func clipText(s string) string {
	if len(s) > 60 {
		s = strings.ToValidUTF8(s[:60], "") + "…"
	}
	return s
}

// scoped tells whether the scope, or the older resource, is this server.
func (a *OAuthAPI) scoped(r *http.Request, form url.Values) bool {
	scope := form.Get("scope")
	if scope == "" {
		scope = form.Get("resource")
	}
	if scope == "" {
		return false
	}
	here, err := url.Parse(a.base(r))
	if err != nil {
		return false
	}
	for _, one := range strings.Fields(scope) {
		there, err := url.Parse(strings.TrimSuffix(one, "/.default"))
		if err == nil && strings.EqualFold(there.Host, here.Host) && strings.Trim(there.Path, "/") == "" {
			return true
		}
	}
	return false
}

func (a *OAuthAPI) refuse(w http.ResponseWriter, r *http.Request, err error) {
	e, ok := errors.AsType[*errs.Error](err)
	switch {
	case ok && e.Kind == errs.Unauthenticated:
		a.fail(w, http.StatusUnauthorized, "invalid_client", e.Message, e.Code)
	case ok && e.Kind == errs.TooMany:
		w.Header().Set("Retry-After", strconv.Itoa(max(1, int(e.RetryAfter.Seconds()+1))))
		a.fail(w, http.StatusTooManyRequests, "temporarily_unavailable", e.Message, e.Code)
	default:
		WriteError(w, r, err)
	}
}

// discovery answers with what a client needs to know to sign in.
func (a *OAuthAPI) discovery(w http.ResponseWriter, r *http.Request) {
	base := a.base(r)
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"issuer": base, "token_endpoint": base + "/oauth2/v2.0/token", "authorization_endpoint": base + "/oauth2/v2.0/authorize",
		"grant_types_supported": []string{"client_credentials"}, "token_endpoint_auth_methods_supported": []string{"client_secret_post", "client_secret_basic"},
		"scopes_supported": []string{base + "/.default"}, "response_types_supported": []string{"token"}, "subject_types_supported": []string{"public"}})
}
