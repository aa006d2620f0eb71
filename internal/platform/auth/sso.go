package auth

import (
	"cmp"
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
)

// ssoWait bounds each question to an identity provider.
const ssoWait = 10 * time.Second

// Visit is the beginning of signing in at an identity provider.
type Visit struct {
	URL     string // where the browser goes
	Browser string // kept in a cookie, so that the answer counts in this browser only
}

// visit is what is noted meanwhile.
type visit struct {
	Provider string
	Browser  string // hash
	Nonce    string
	Verifier string // of PKCE
	Callback string
	Next     string
}

// BeginSSO begins to sign somebody in at an identity provider. callback is our
// address that the provider sends the browser back to; next is the path the
// person wanted.
func (a *Auth) BeginSSO(ctx context.Context, which id.ID, callback, next string, from From) (Visit, error) {
	if wait, ok := a.byAddr.Allow(network(from.Address)); !ok {
		return Visit{}, tooMany(wait)
	}
	p, err := a.provider(ctx, which)
	if err != nil {
		return Visit{}, err
	}
	found, err := a.discover(ctx, p.Issuer)
	if err != nil {
		return Visit{}, err
	}
	browser := newSecret("rpb_")
	v := visit{Provider: p.ID.String(), Browser: hashSecret(browser), Nonce: newSecret(""), Verifier: oauth2.GenerateVerifier(), Callback: callback, Next: LocalPath(next)}
	noted, err := json.Marshal(v)
	if err != nil {
		return Visit{}, err
	}
	state, err := a.begin(ctx, challengeSSO, challenge{detail: string(noted)}, 2*challengeLife)
	if err != nil {
		return Visit{}, err
	}
	return Visit{URL: config(p, found, callback).AuthCodeURL(state, oidc.Nonce(v.Nonce), oauth2.S256ChallengeOption(v.Verifier)), Browser: browser}, nil
}

// LocalPath gives a path of this site that somebody may be sent to after
// signing in; what leads elsewhere becomes the front page.
func LocalPath(next string) string {
	if len(next) > 2000 || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t\x00") {
		return "/"
	}
	return next
}

func config(p Provider, found *oidc.Provider, callback string) *oauth2.Config {
	return &oauth2.Config{ClientID: p.ClientID, ClientSecret: p.Secret, Endpoint: found.Endpoint(), RedirectURL: callback, Scopes: append([]string{oidc.ScopeOpenID}, p.Scopes...)}
}

// web is the client that identity providers are asked with.
func web(ctx context.Context) context.Context {
	return oidc.ClientContext(ctx, &http.Client{Timeout: ssoWait})
}

// discover reads what a provider says of itself.
func (a *Auth) discover(ctx context.Context, issuer string) (*oidc.Provider, error) {
	p, err := oidc.NewProvider(web(ctx), issuer)
	if err != nil {
		return nil, errs.Wrap(err, errs.Unavailable, codeAway, "the identity provider %s does not answer as one: check its address", issuer)
	}
	return p, nil
}

// claims are what we read of a person.
type claims struct {
	Nonce    string `json:"nonce"`
	Email    string `json:"email"`
	Verified bool   `json:"email_verified"`
	Username string `json:"preferred_username"`
}

var errSSO = errs.New(errs.Unauthenticated, "auth.sso", "signing in at the identity provider did not succeed: begin again")

// FinishSSO opens a session for whom the provider has sent back, and gives the
// path that was wanted. state and code come with the browser, browser from its cookie.
func (a *Auth) FinishSSO(ctx context.Context, state, code, browser string, from From) (Session, string, error) {
	c, err := a.attempt(ctx, challengeSSO, state)
	if err != nil {
		return Session{}, "", err
	}
	var v visit
	if err := json.Unmarshal([]byte(c.detail), &v); err != nil {
		return Session{}, "", errs.Wrap(err, errs.Internal, "auth.challenge_kept", "what was begun can't be read")
	}
	if subtle.ConstantTimeCompare([]byte(hashSecret(browser)), []byte(v.Browser)) != 1 {
		return Session{}, "", errSSO // begun in another browser: somebody would sign a victim in as himself
	}
	who, said, err := a.vouched(ctx, v, code)
	if err == nil && !a.o.Known(who) {
		err = errNobody
	}
	if err != nil {
		a.log(ctx, said, who, from.Address, refusedSSO(err))
		return Session{}, "", err
	}
	s, err := a.open(ctx, opening{user: who, method: "single sign-on", from: from, also: func(tx *sqldb.Tx) error { return finish(tx, state) }})
	if err == nil {
		a.log(ctx, "", who, from.Address, "signed in by single sign-on")
	}
	return s, v.Next, err
}

// refusedSSO tells the log why, as far as an administrator can mend it.
func refusedSSO(err error) string {
	switch errs.CodeOf(err) {
	case errNobody.Code:
		return "single sign-on: nobody here"
	case errSSOClient.Code:
		return "single sign-on: client refused"
	case codeAway:
		return "single sign-on: provider away"
	}
	return "refused by single sign-on"
}

// codeAway is the code of a provider that does not answer.
const codeAway = "auth.provider_away"

// errSSOClient is the administrators' to mend, and not by beginning again.
var errSSOClient = errs.New(errs.Unavailable, "auth.sso_client", "the identity provider does not accept the client id and secret that are set here: tell an administrator")

var errNobody = errs.New(errs.Forbidden, "auth.sso_nobody", "the identity provider knows you, but there is no enabled user for you here: ask an administrator")

// vouched asks the provider whom the code stands for and finds the user. said is
// what the provider calls the person, as soon as that is known.
func (a *Auth) vouched(ctx context.Context, v visit, code string) (user id.ID, said string, err error) {
	which, err := id.Parse(v.Provider)
	if err != nil {
		return id.Nil, "", err
	}
	p, err := a.provider(ctx, which)
	if err != nil {
		return id.Nil, "", err
	}
	found, err := a.discover(ctx, p.Issuer)
	if err != nil {
		return id.Nil, "", err
	}
	failed := func(err error) (id.ID, string, error) {
		e := *errSSO
		e.Cause = err
		return id.Nil, "", &e
	}
	token, err := config(p, found, v.Callback).Exchange(web(ctx), code, oauth2.VerifierOption(v.Verifier))
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok && (refused.ErrorCode == "invalid_client" || refused.ErrorCode == "unauthorized_client") {
		e := *errSSOClient
		e.Cause = err
		return id.Nil, "", &e
	}
	if err != nil {
		return failed(err)
	}
	raw, _ := token.Extra("id_token").(string)
	// The provider's clock counts, not one that a test may have set.
	signed, err := found.Verifier(&oidc.Config{ClientID: p.ClientID}).Verify(web(ctx), raw)
	if err != nil {
		return failed(err)
	}
	var is claims
	if err := signed.Claims(&is); err != nil {
		return failed(err)
	}
	if subtle.ConstantTimeCompare([]byte(is.Nonce), []byte(v.Nonce)) != 1 {
		return failed(errs.New(errs.Unauthenticated, "auth.nonce", "the nonce is another"))
	}
	if is.Email == "" && is.Username == "" {
		// Some give these at the userinfo endpoint only.
		if info, err := found.UserInfo(web(ctx), oauth2.StaticTokenSource(token)); err == nil && info.Subject == signed.Subject {
			if err := info.Claims(&is); err != nil {
				return failed(err)
			}
		}
	}
	user, err = a.linked(ctx, p, signed.Subject, is)
	return user, cmp.Or(is.Email, is.Username, signed.Subject), err
}

// linked finds the user of a subject, and links them at the first time.
func (a *Auth) linked(ctx context.Context, p Provider, subject string, is claims) (id.ID, error) {
	user, found, err := a.link(ctx, p.Issuer, subject)
	if err != nil || found {
		return user, err
	}
	if user, err = a.matched(ctx, p, is); err != nil {
		return id.Nil, err
	}
	e := encoder{d: a.o.DB.Dialect()}
	args := []any{p.Issuer, subject, e.id(user), e.time(a.o.Clock.Now())}
	if e.err != nil {
		return id.Nil, e.err
	}
	ph := e.d.Placeholder
	err = a.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec("INSERT INTO identitylink (issuer, subject, userid, createdon) VALUES ("+ph(1)+", "+ph(2)+", "+ph(3)+", "+ph(4)+") ON CONFLICT (issuer, subject) DO NOTHING", args...)
		return err
	})
	if err != nil {
		return id.Nil, err
	}
	user, _, err = a.link(ctx, p.Issuer, subject) // another may have been first
	return user, err
}

func (a *Auth) link(ctx context.Context, issuer, subject string) (user id.ID, found bool, err error) {
	d := a.o.DB.Dialect()
	var raw any
	found, err = a.o.DB.QueryRow(ctx, "SELECT userid FROM identitylink WHERE issuer = "+d.Placeholder(1)+" AND subject = "+d.Placeholder(2), []any{issuer, subject}, &raw)
	if err != nil || !found {
		return id.Nil, false, err
	}
	user, err = decodeID(d, raw)
	return user, true, err
}

// matched finds the user that a person is, at the first time.
func (a *Auth) matched(ctx context.Context, p Provider, is claims) (id.ID, error) {
	by := is.Username
	if p.Match == MatchEmail {
		by = ""
		if is.Verified {
			by = is.Email
		}
	}
	if by == "" || a.o.Find == nil {
		return id.Nil, errNobody
	}
	user, found, err := a.o.Find(ctx, p.Match, by)
	if err == nil && !found {
		err = errNobody
	}
	return user, err
}
