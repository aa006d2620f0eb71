package httpapi

import (
	"context"
	"crypto/subtle"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/auth"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
)

// Authenticator is what HTTP needs of sign-in; *auth.Auth is one.
type Authenticator interface {
	SignIn(ctx context.Context, name, password string, from auth.From) (auth.Session, error)
	SignOut(ctx context.Context, secret string) error
	// Session finds a session and counts as activity; Check only looks.
	Session(ctx context.Context, secret string) (auth.Session, error)
	Check(ctx context.Context, secret string) (auth.Session, error)
	Token(ctx context.Context, secret string) (auth.Bearer, error)
	MemberSession(ctx context.Context, secret string) (auth.MemberSession, error)
}

var _ Authenticator = (*auth.Auth)(nil)

var (
	errCSRF   = errs.New(errs.Forbidden, "auth.csrf", "the X-CSRF-Token header is missing or wrong: read /api/auth/session again")
	errOrigin = errs.New(errs.Forbidden, "auth.origin", "this request comes from another site")
)

// Authenticate finds out who asks and puts the principal into the context: by
// a bearer token, else by the session cookie, else nobody. A bearer token that
// is not valid is refused even if a cookie would do. Requests by cookie that
// change something must carry the session's CSRF token and come from our own
// pages.
//
// It looks at requests below /api/ only, and not at /api/events/, whose
// publishers have keys of their own: forms and events are taken while the
// database, which holds the sessions, is away.
func Authenticate(by Authenticator, proxies []netip.Prefix, next http.Handler) http.Handler {
	foreign, from := http.NewCrossOriginProtection(), &PortalAPI{Proxies: proxies}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !asksWho(r.URL.Path) {
			next.ServeHTTP(w, r)
			return
		}
		ctx, err := identify(by, foreign, r)
		if err != nil {
			WriteError(w, r, err)
			return
		}
		if request := RequestID(ctx); request != "" {
			ctx = changelog.WithOrigin(ctx, "api "+request)
		}
		next.ServeHTTP(w, r.WithContext(withSource(ctx, from.address(r))))
	})
}

// withSource says for the log by which way the request came, and from where.
func withSource(ctx context.Context, address netip.Addr) context.Context {
	s := changelog.Source{Channel: changelog.Web}
	switch who := signedInOf(ctx); {
	case who.client:
		s.Channel = changelog.Client
	case who.token != "":
		s.Channel = changelog.APIKey
	case access.From(ctx).Kind == access.Member:
		s.Channel = changelog.Portal
	}
	if address.IsValid() {
		s.Address = address.WithZone("").String()
	}
	return changelog.WithSource(ctx, s)
}

// asksWho tells of the paths where it matters who asks. The ways of signing in
// take no cookie, so that they work whatever session the browser still holds.
func asksWho(path string) bool {
	return strings.HasPrefix(path, "/api/") && !strings.HasPrefix(path, "/api/events/") && !strings.HasPrefix(path, signInPath) &&
		!strings.HasPrefix(path, memberSignIn) && !strings.HasPrefix(path, memberLink)
}

func identify(by Authenticator, foreign *http.CrossOriginProtection, r *http.Request) (context.Context, error) {
	ctx := r.Context()
	if strings.HasPrefix(r.URL.Path, memberPath) {
		return identifyMember(by, foreign, r)
	}
	// Other schemes are not ours: a proxy in front may ask for a password of its own.
	if scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " "); strings.EqualFold(scheme, "Bearer") {
		token = strings.TrimSpace(token)
		bearer, err := by.Token(ctx, token)
		if err != nil {
			return nil, err
		}
		ctx = context.WithValue(ctx, signedInKey{}, signedIn{token: token, client: bearer.Client})
		return access.With(ctx, access.Principal{Kind: access.User, ID: bearer.User, Scope: bearer.Scope}), nil
	}
	secret := cookieSecret(r)
	if secret == "" {
		return identifyMember(by, foreign, r)
	}
	session, err := by.Session(ctx, secret)
	if errs.Has(err, errs.Unauthenticated) {
		return identifyMember(by, foreign, r) // a session that has ended makes nobody of the caller
	}
	if err != nil {
		return nil, err
	}
	if err := ownPages(foreign, r, session.CSRF); err != nil {
		return nil, err
	}
	ctx = context.WithValue(ctx, signedInKey{}, signedIn{session: session})
	return access.With(ctx, access.Principal{Kind: access.User, ID: session.User}), nil
}

// ownPages refuses a change that does not come from our own pages.
func ownPages(foreign *http.CrossOriginProtection, r *http.Request, csrf string) error {
	if safe(r.Method) {
		return nil
	}
	if foreign.Check(r) != nil {
		return errOrigin
	}
	if subtle.ConstantTimeCompare([]byte(r.Header.Get("X-CSRF-Token")), []byte(csrf)) != 1 {
		return errCSRF
	}
	return nil
}

// identifyMember takes the cookie of a member of the portal, at the addresses
// that are for members and nowhere else: what is not in this list takes a member
// for nobody.
func identifyMember(by Authenticator, foreign *http.CrossOriginProtection, r *http.Request) (context.Context, error) {
	ctx := r.Context()
	if !strings.HasPrefix(r.URL.Path, memberPath) && !strings.HasPrefix(r.URL.Path, odataRoot) {
		return ctx, nil
	}
	secret := cookieOf(r, memberCookie)
	if secret == "" {
		return ctx, nil
	}
	session, err := by.MemberSession(ctx, secret)
	if errs.Has(err, errs.Unauthenticated) {
		return ctx, nil
	}
	if err != nil {
		return nil, err
	}
	if err := ownPages(foreign, r, session.CSRF); err != nil {
		return nil, err
	}
	ctx = context.WithValue(ctx, signedInKey{}, signedIn{member: session})
	return access.With(ctx, access.Principal{Kind: access.Member, ID: session.User, Member: &session.Membership}), nil
}

func safe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// signedIn is how the caller has shown who it is: by session or by token.
type signedIn struct {
	session auth.Session
	token   string
	client  bool // the token is of a program that signed in
	member  auth.MemberSession
}

type signedInKey struct{}

func signedInOf(ctx context.Context) signedIn {
	s, _ := ctx.Value(signedInKey{}).(signedIn)
	return s
}

// still tells whether what the caller showed holds on: nil if so, or if the
// database can't be asked just now.
func (s signedIn) still(ctx context.Context, by Authenticator) error {
	var err error
	switch {
	case s.token != "":
		_, err = by.Token(ctx, s.token)
	case s.session.Secret != "":
		_, err = by.Check(ctx, s.session.Secret)
	}
	if errs.Has(err, errs.Unauthenticated) {
		return err
	}
	return nil
}

// The cookies' names. Under TLS their prefix makes the browser keep them to this
// host and to encrypted connections, so that a neighbour can't plant one.
const (
	cookieName   = "rapport_session"
	memberCookie = "rapport_member"
	cookieSecure = "__Host-"
)

func cookieSecret(r *http.Request) string { return cookieOf(r, cookieName) }

func cookieOf(r *http.Request, name string) string {
	if secure(r) {
		name = cookieSecure + name
	}
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}

// setCookie gives a session to the browser; an empty secret takes it away.
func setCookie(w http.ResponseWriter, r *http.Request, name, secret string, life time.Duration) {
	c := &http.Cookie{Name: name, Value: secret, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: int(life.Seconds())}
	if secure(r) {
		c.Name, c.Secure = cookieSecure+name, true
	}
	if secret == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}
