package auth

import (
	"context"
	"net/url"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
)

// How a person who comes from an identity provider for the first time is found
// among the users. Afterwards issuer and subject are the link.
const (
	MatchEmail    = "email"    // by an e-mail address that the provider has verified
	MatchUsername = "username" // by preferred_username
)

// Provider is an OpenID Connect provider at which users sign in.
type Provider struct {
	ID       id.ID
	Name     string // on the button
	Issuer   string // https address, whose metadata tells the rest
	ClientID string
	Secret   string   // of this client; never given out again
	Scopes   []string // besides openid
	Match    string
}

func (p *Provider) check() error {
	u, err := url.Parse(p.Issuer)
	loopback := err == nil && (u.Hostname() == "127.0.0.1" || u.Hostname() == "localhost" || u.Hostname() == "::1")
	switch {
	case label(p.Name, "") == "" || p.ClientID == "" || p.Secret == "":
		return errs.New(errs.Invalid, "auth.provider", "an identity provider needs name, issuer, client id and client secret")
	case err != nil || u.Host == "" || u.Scheme != "https" && !(u.Scheme == "http" && loopback) || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return errs.New(errs.Invalid, "auth.provider_issuer", "the issuer must be an https:// address without user, query and fragment")
	case p.Match != MatchEmail && p.Match != MatchUsername:
		return errs.New(errs.Invalid, "auth.provider_match", "users are matched by %q or by %q", MatchEmail, MatchUsername)
	}
	p.Name = label(p.Name, "")
	return nil
}

// AddProvider keeps an identity provider, whose metadata is read first, so that
// a wrong address is noticed here and not by the first who signs in.
func (a *Auth) AddProvider(ctx context.Context, p Provider) (id.ID, error) {
	if err := p.check(); err != nil {
		return id.Nil, err
	}
	if _, err := a.discover(ctx, p.Issuer); err != nil {
		return id.Nil, err
	}
	p.ID = id.New()
	e := encoder{d: a.o.DB.Dialect()}
	args := []any{e.id(p.ID), p.Name, p.Issuer, p.ClientID, a.o.Secrets.Seal("provider "+p.ID.String(), []byte(p.Secret)), strings.Join(p.Scopes, " "), p.Match, e.time(a.o.Clock.Now())}
	if e.err != nil {
		return id.Nil, e.err
	}
	ph := e.d.Placeholder
	return p.ID, a.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec("INSERT INTO identityprovider (providerid, name, issuer, clientid, secret, scopes, match, createdon) VALUES ("+
			ph(1)+", "+ph(2)+", "+ph(3)+", "+ph(4)+", "+ph(5)+", "+ph(6)+", "+ph(7)+", "+ph(8)+")", args...)
		return err
	})
}

// RemoveProvider forgets an identity provider and whom it has linked.
func (a *Auth) RemoveProvider(ctx context.Context, which id.ID) error {
	e := encoder{d: a.o.DB.Dialect()}
	key := e.id(which)
	if e.err != nil {
		return e.err
	}
	p := e.d.Placeholder
	return a.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		if _, err := tx.Exec("DELETE FROM identitylink WHERE issuer = (SELECT issuer FROM identityprovider WHERE providerid = "+p(1)+")", key); err != nil {
			return err
		}
		n, err := tx.Exec("DELETE FROM identityprovider WHERE providerid = "+p(1), key)
		if err == nil && n == 0 {
			return errProvider
		}
		return err
	})
}

var errProvider = errs.New(errs.NotFound, "auth.provider_unknown", "there is no such identity provider")

// Providers lists the identity providers, without their secrets.
func (a *Auth) Providers(ctx context.Context) ([]Provider, error) {
	d := a.o.DB.Dialect()
	rows, err := a.o.DB.Query(ctx, "SELECT providerid, name, issuer, clientid, scopes, match FROM identityprovider ORDER BY name, providerid")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := []Provider{}
	for rows.Next() {
		var p Provider
		var key any
		var scopes string
		if err := rows.Scan(&key, &p.Name, &p.Issuer, &p.ClientID, &scopes, &p.Match); err != nil {
			return nil, err
		}
		p.Scopes = strings.Fields(scopes)
		if p.ID, err = decodeID(d, key); err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, rows.Err()
}

// provider gives one with its secret.
func (a *Auth) provider(ctx context.Context, which id.ID) (Provider, error) {
	all, err := a.Providers(ctx)
	if err != nil {
		return Provider{}, err
	}
	for _, p := range all {
		if p.ID != which {
			continue
		}
		e := encoder{d: a.o.DB.Dialect()}
		key := e.id(which)
		var sealed string
		found, err := a.o.DB.QueryRow(ctx, "SELECT secret FROM identityprovider WHERE providerid = "+e.d.Placeholder(1), []any{key}, &sealed)
		if err != nil {
			return Provider{}, err
		}
		if !found {
			return Provider{}, errProvider
		}
		plain, err := a.o.Secrets.Unseal("provider "+which.String(), sealed)
		p.Secret = string(plain)
		return p, err
	}
	return Provider{}, errProvider
}
