package httpapi

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"log/slog"
	"mime"
	"net/http"
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rapport-platform/rapport/internal/capability/memberarea"
	"github.com/rapport-platform/rapport/internal/capability/portal"
	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/auth"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
)

// MemberPages serves the members' area, for people with a browser:
//
//	GET  /member                    signing in; whoever has signed in goes on to /member/home
//	POST /member/signin, /member/link, /member/open, /member/signout
//	GET, POST /member/register
//	GET, POST /member/move          what confirms a new address
//	GET  /member/home, /member/messages
//	GET  /member/r/{table}/{id}     a record
//	any  /member/r/{table}/{id}/{section}/…   what sections serve
//
// What changes something shows the token of its form, which is the session's, or
// before there is one that of a cookie. An error is a page too.
type MemberPages struct {
	Area *memberarea.Area
	Auth interface {
		MemberSession(ctx context.Context, secret string) (auth.MemberSession, error)
		SignInMember(ctx context.Context, email, password string, from auth.From) (auth.MemberSession, error)
		BeginMemberLink(ctx context.Context, email string, from auth.From, post auth.PostLetter) error
		BeginRegistration(ctx context.Context, j auth.Joining, from auth.From, post auth.PostLetter) error
		OpenMemberLink(ctx context.Context, secret string, from auth.From) (auth.MemberSession, error)
		SignOutMember(ctx context.Context, secret string) error
	}
	Account MemberAccount
	Forms   *portal.Service // whose forms members are offered; nil offers none
	// Expect notes that an event that is about to be published is a member's.
	Expect  func(ctx context.Context, event string, contact id.ID) error
	Send    auth.PostLetter
	Clock   clock.Clock
	Proxies []netip.Prefix
	Logger  *slog.Logger // told of what goes wrong on our side; nil tells nobody

	routes []string
}

const (
	memberHome  = "/member/home"
	visitCookie = "rapport_visit" // token of the forms of who has not signed in
	visitLife   = 12 * time.Hour
	maxMember   = 64 << 10 // bytes of a form
)

// memberVisit is one request for a page.
type memberVisit struct {
	memberarea.Visit
	session auth.MemberSession
}

type memberHandler func(w http.ResponseWriter, r *http.Request, v memberVisit) error

// Register adds the routes.
func (p *MemberPages) Register(mux *http.ServeMux) {
	add := func(pattern string, open bool, h memberHandler) {
		p.routes = append(p.routes, pattern)
		mux.HandleFunc(pattern, p.serve(open, h))
	}
	add("GET /member", true, p.enter)
	add("GET /member/{$}", true, p.enter)
	add("POST /member/signin", true, p.signIn)
	add("POST /member/link", true, p.link)
	add("GET /member/open", true, p.open)
	add("POST /member/open", true, p.opened)
	add("POST /member/signout", true, p.signOut)
	add("GET /member/register", true, p.registration)
	add("POST /member/register", true, p.register)
	add("GET /member/home", false, p.show((*memberarea.Area).Home))
	add("GET /member/messages", false, p.show((*memberarea.Area).Messages))
	add("GET /member/apply", false, p.offers)
	add("GET /member/apply/{form}", false, p.form)
	add("POST /member/apply/{form}", false, p.submit)
	add("GET /member/profile", false, p.profile)
	add("POST /member/profile", false, p.saveProfile)
	add("POST /member/profile/consents", false, p.saveConsents)
	add("POST /member/profile/address", false, p.moveAddress)
	add("GET /member/move", true, p.move)
	add("POST /member/move", true, p.moved)
	add("GET /member/security", false, p.security)
	add("POST /member/security/password", false, p.setPassword)
	add("POST /member/security/sessions/end", false, p.endSession)
	add("POST /member/security/sessions/others", false, p.endOthers)
	add("GET /member/r/{table}/{id}", false, p.record)
	add("/member/r/{table}/{id}/{section}", false, p.section)
	add("/member/r/{table}/{id}/{section}/{rest...}", false, p.section)
	mux.HandleFunc("/member/", p.serve(true, func(http.ResponseWriter, *http.Request, memberVisit) error { return memberarea.ErrNone }))
}

// Routes lists the patterns of the area, those for sections among them.
func (p *MemberPages) Routes() []string { return p.routes }

// serve stands around every page: who looks, whether what is sent is one of our
// forms, and what is shown if it fails.
func (p *MemberPages) serve(open bool, h memberHandler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, ctx, err := p.visit(w, r)
		r = r.WithContext(ctx)
		if err == nil && !open && v.Member == nil {
			p.askToSignIn(w, r, v)
			return
		}
		if err == nil && !safe(r.Method) {
			err = p.ownForm(w, r, v)
		}
		if err == nil {
			err = h(w, r, v)
		}
		if err != nil {
			p.trouble(w, r, v, err)
		}
	}
}

// visit finds out who looks.
func (p *MemberPages) visit(w http.ResponseWriter, r *http.Request) (v memberVisit, ctx context.Context, err error) {
	ctx = r.Context()
	v.Lang = memberarea.Language(0, r.Header.Get("Accept-Language"))
	v.Note = r.URL.Query().Get("note")
	if request := RequestID(ctx); request != "" {
		ctx = changelog.WithOrigin(ctx, "member "+request)
	}
	src := changelog.Source{Channel: changelog.Portal}
	if a := (&PortalAPI{Proxies: p.Proxies}).address(r); a.IsValid() {
		src.Address = a.WithZone("").String()
	}
	ctx = changelog.WithSource(ctx, src)
	if secret := cookieOf(r, memberCookie); secret != "" {
		v.session, err = p.Auth.MemberSession(ctx, secret)
		if err != nil && !errs.Has(err, errs.Unauthenticated) {
			return v, ctx, err
		}
		if err == nil {
			ctx = access.With(ctx, access.Principal{Kind: access.Member, ID: v.session.User, Member: &v.session.Membership})
			who, chosen, zone, err := p.Area.Person(ctx, v.session.User)
			if err != nil {
				return v, ctx, err
			}
			who.CSRF, who.Method = v.session.CSRF, v.session.Method
			v.Member, v.CSRF = &who, who.CSRF
			v.Lang = memberarea.Language(chosen, r.Header.Get("Accept-Language"))
			v.Zone = p.Area.Zone(zone)
			return v, ctx, nil
		}
	}
	v.CSRF = cookieOf(r, visitCookie)
	if len(v.CSRF) < 20 || len(v.CSRF) > 64 {
		v.CSRF = rand.Text()
		setCookie(w, r, visitCookie, v.CSRF, visitLife)
	}
	return v, ctx, nil
}

var errMemberForm error = errs.New(errs.Forbidden, "memberarea.form", "this form was not sent from our pages, or too late")

// ownForm refuses a change that does not come from our own pages. Of the body
// it reads only that of a plain form.
func (p *MemberPages) ownForm(w http.ResponseWriter, r *http.Request, v memberVisit) error {
	if http.NewCrossOriginProtection().Check(r) != nil {
		return errMemberForm
	}
	if token := r.URL.Query().Get(memberarea.InputToken); token != "" {
		if memberarea.ActionToken(v.CSRF, r.URL.EscapedPath(), token) {
			return nil
		}
		return errMemberForm
	}
	token := r.Header.Get("X-CSRF-Token")
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind == "application/x-www-form-urlencoded" {
		r.Body = http.MaxBytesReader(w, r.Body, maxMember)
		if err := r.ParseForm(); err != nil {
			if tooBig, ok := errors.AsType[*http.MaxBytesError](err); ok {
				return errs.New(errs.TooLarge, "http.too_large", "the form is larger than %d bytes", tooBig.Limit)
			}
			return errs.New(errs.Invalid, "memberarea.form", "the form can't be read")
		}
		for _, values := range r.PostForm {
			for _, s := range values {
				if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
					return errs.New(errs.Invalid, "memberarea.form", "the form holds characters that can't be used")
				}
			}
		}
		if token == "" {
			token = r.PostForm.Get(memberarea.InputToken)
		}
	}
	if v.CSRF == "" || cookieOf(r, memberCookie) == "" && cookieOf(r, visitCookie) == "" || subtle.ConstantTimeCompare([]byte(token), []byte(v.CSRF)) != 1 {
		return errMemberForm
	}
	return nil
}

// askToSignIn leads to the page to sign in on, and from there back again.
func (p *MemberPages) askToSignIn(w http.ResponseWriter, r *http.Request, v memberVisit) {
	to := "/member"
	if r.Method == http.MethodGet && memberarea.SafeNext(r.URL.Path) == r.URL.Path && r.URL.Path != memberHome {
		to += "?next=" + r.URL.Path
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// write sends a page, which is one person's and is not kept.
func (p *MemberPages) write(w http.ResponseWriter, page memberarea.Page) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", page.Policy)
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cache-Control", "no-store")
	h.Set("Vary", "Accept-Language, Cookie")
	w.WriteHeader(page.Status)
	_, _ = w.Write(page.HTML) // the visitor has gone: nobody is left to tell
}

// trouble shows what went wrong.
func (p *MemberPages) trouble(w http.ResponseWriter, r *http.Request, v memberVisit, err error) {
	e := publicError(err)
	if p.Logger != nil {
		logFailure(p.Logger, r, e, err)
	}
	setRetryAfter(w, e)
	status := statusOf(e)
	page, bad := p.Area.Trouble(r.Context(), v.Visit, status, memberarea.Explain(v.Lang, e.Code, e.Message))
	if bad != nil {
		WriteError(w, r, err)
		return
	}
	p.write(w, page)
}

// shown sends a page or its error.
func (p *MemberPages) shown(w http.ResponseWriter, page memberarea.Page, err error) error {
	if err == nil {
		p.write(w, page)
	}
	return err
}

// show is the handler of a page that needs no more than the visit.
func (p *MemberPages) show(make func(*memberarea.Area, context.Context, memberarea.Visit) (memberarea.Page, error)) memberHandler {
	return func(w http.ResponseWriter, r *http.Request, v memberVisit) error {
		page, err := make(p.Area, r.Context(), v.Visit)
		return p.shown(w, page, err)
	}
}

func (p *MemberPages) record(w http.ResponseWriter, r *http.Request, v memberVisit) error {
	page, err := p.Area.RecordPage(r.Context(), v.Visit, r.PathValue("table"), r.PathValue("id"))
	return p.shown(w, page, err)
}

func (p *MemberPages) section(w http.ResponseWriter, r *http.Request, v memberVisit) error {
	return p.Area.Serve(w, r, v.Visit, r.PathValue("table"), r.PathValue("id"), r.PathValue("section"))
}

func (p *MemberPages) from(r *http.Request) auth.From {
	return auth.From{Address: (&PortalAPI{Proxies: p.Proxies}).address(r).String(), Agent: r.UserAgent()}
}

func (p *MemberPages) enter(w http.ResponseWriter, r *http.Request, v memberVisit) error {
	v.Next = nextOf(r.URL.Query().Get("next"))
	if v.Member != nil {
		http.Redirect(w, r, memberarea.SafeNext(v.Next), http.StatusSeeOther)
		return nil
	}
	page, err := p.Area.SignIn(r.Context(), v.Visit, http.StatusOK)
	return p.shown(w, page, err)
}

// nextOf keeps an address of the area and drops what is none.
func nextOf(next string) string {
	if memberarea.SafeNext(next) != next {
		return ""
	}
	return next
}

// again shows a form once more with what is wrong; what is not the person's to
// mend goes on as an error.
func (p *MemberPages) again(w http.ResponseWriter, r *http.Request, v memberVisit, err error, form func(context.Context, memberarea.Visit, int) (memberarea.Page, error)) error {
	e := publicError(err)
	switch e.Kind {
	case errs.Invalid, errs.Unauthenticated, errs.TooMany, errs.Conflict:
	default:
		return err
	}
	v.Fault, v.Values = memberarea.Explain(v.Lang, e.Code, e.Message), map[string]string{}
	for _, name := range []string{"email", "firstname", "lastname"} {
		v.Values[name] = r.PostForm.Get(name)
	}
	v.Next = nextOf(r.PostForm.Get("next"))
	setRetryAfter(w, e)
	page, err := form(r.Context(), v.Visit, statusOf(e))
	return p.shown(w, page, err)
}

func (p *MemberPages) signIn(w http.ResponseWriter, r *http.Request, v memberVisit) error {
	s, err := p.Auth.SignInMember(r.Context(), r.PostForm.Get("email"), r.PostForm.Get("password"), p.from(r))
	if err != nil {
		return p.again(w, r, v, err, p.Area.SignIn)
	}
	p.letIn(w, r, s)
	return nil
}

// letIn gives a new session to the browser; the one it had is ended.
func (p *MemberPages) letIn(w http.ResponseWriter, r *http.Request, s auth.MemberSession) {
	if old := cookieOf(r, memberCookie); old != "" {
		_ = p.Auth.SignOutMember(r.Context(), old) // the browser forgets it now, and it will expire
	}
	setCookie(w, r, memberCookie, s.Secret, s.Expires.Sub(p.Clock.Now()))
	setCookie(w, r, visitCookie, "", 0)
	http.Redirect(w, r, memberarea.SafeNext(r.PostForm.Get("next")), http.StatusSeeOther)
}

func (p *MemberPages) link(w http.ResponseWriter, r *http.Request, v memberVisit) error {
	next := nextOf(r.PostForm.Get("next"))
	post := func(tx *sqldb.Tx, l auth.MemberLetter) error {
		l.Next, l.Language = next, v.Lang
		return p.Send(tx, l)
	}
	if err := p.Auth.BeginMemberLink(r.Context(), r.PostForm.Get("email"), p.from(r), post); err != nil {
		return p.again(w, r, v, err, p.Area.SignIn)
	}
	page, err := p.Area.Sent(r.Context(), v.Visit)
	return p.shown(w, page, err)
}

func (p *MemberPages) registration(w http.ResponseWriter, r *http.Request, v memberVisit) error {
	page, err := p.Area.Register(r.Context(), v.Visit, http.StatusOK)
	return p.shown(w, page, err)
}

func (p *MemberPages) register(w http.ResponseWriter, r *http.Request, v memberVisit) error {
	if !p.Area.Registering(r.Context()) {
		return memberarea.ErrNone
	}
	f := r.PostForm
	j := auth.Joining{Email: f.Get("email"), FirstName: f.Get("firstname"), LastName: f.Get("lastname"), Consent: f.Get("consent") != "", Language: memberarea.LanguageCode(v.Lang)}
	post := func(tx *sqldb.Tx, l auth.MemberLetter) error {
		l.Language = v.Lang
		return p.Send(tx, l)
	}
	if err := p.Auth.BeginRegistration(r.Context(), j, p.from(r), post); err != nil {
		return p.again(w, r, v, err, p.Area.Register)
	}
	page, err := p.Area.Sent(r.Context(), v.Visit)
	return p.shown(w, page, err)
}

func (p *MemberPages) open(w http.ResponseWriter, r *http.Request, v memberVisit) error {
	v.Next = nextOf(r.URL.Query().Get("next"))
	page, err := p.Area.Open(r.Context(), v.Visit, r.URL.Query().Get("key"))
	return p.shown(w, page, err)
}

func (p *MemberPages) opened(w http.ResponseWriter, r *http.Request, v memberVisit) error {
	s, err := p.Auth.OpenMemberLink(r.Context(), r.PostForm.Get("secret"), p.from(r))
	if errors.Is(err, auth.ErrSeveral) {
		page, err := p.Area.Several(r.Context(), v.Visit)
		return p.shown(w, page, err)
	}
	if err != nil {
		return err
	}
	p.letIn(w, r, s)
	return nil
}

func (p *MemberPages) signOut(w http.ResponseWriter, r *http.Request, v memberVisit) error {
	if v.session.Secret != "" {
		if err := p.Auth.SignOutMember(r.Context(), v.session.Secret); err != nil {
			return err
		}
	}
	setCookie(w, r, memberCookie, "", 0)
	http.Redirect(w, r, "/member", http.StatusSeeOther)
	return nil
}

// WriteMemberAway answers for the area while records are away.
func WriteMemberAway(w http.ResponseWriter, r *http.Request) {
	lang := memberarea.Language(0, r.Header.Get("Accept-Language"))
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Retry-After", "10")
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = w.Write([]byte(memberarea.Explain(lang, "away", "")))
}
