package auth

import (
	"context"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
)

// NewKey is a bearer token to be made.
type NewKey struct {
	User  id.ID
	Name  string
	Life  time.Duration // 0: until revoked
	Scope access.Scope  // empty: whatever the user may do
}

// Bearer is whom a bearer token stands for, and what for at most.
type Bearer struct {
	User   id.ID
	Scope  access.Scope
	Client bool // a program that signed in by client credentials; else the key was made by hand
}

// CreateToken makes a bearer token by which a program acts as the user, for at
// most the given time (0: until revoked). The secret is given once.
func (a *Auth) CreateToken(ctx context.Context, user id.ID, name string, life time.Duration) (string, error) {
	_, secret, err := a.CreateAPIKey(ctx, NewKey{User: user, Name: name, Life: life})
	return secret, err
}

// CreateAPIKey makes a bearer token, which may be narrower than its user. The
// secret is given once and kept as a hash only.
func (a *Auth) CreateAPIKey(ctx context.Context, k NewKey) (key id.ID, secret string, err error) {
	if strings.HasPrefix(k.Name, clientTokenName) {
		return id.Nil, "", errs.New(errs.Invalid, "auth.key_name", "the name of a key can't begin with %q: those are of programs that sign in", clientTokenName)
	}
	return a.newKey(ctx, k)
}

func (a *Auth) newKey(ctx context.Context, k NewKey) (key id.ID, secret string, err error) {
	if k.Life < 0 {
		return id.Nil, "", errs.New(errs.Invalid, "auth.key_life", "a key can't have ended before it begins")
	}
	key, secret = id.New(), newSecret("rpt_")
	d, now := a.o.DB.Dialect(), a.o.Clock.Now()
	e := encoder{d: d}
	args := []any{hashSecret(secret), e.id(key), e.id(k.User), label(k.Name, "key"), e.time(now), nil, nil}
	if k.Life > 0 {
		args[5] = e.time(now.Add(k.Life))
	}
	if k.Scope != "" {
		args[6] = string(k.Scope)
	}
	if e.err != nil {
		return id.Nil, "", e.err
	}
	p := d.Placeholder
	err = a.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec("INSERT INTO token (hash, tokenid, userid, name, createdon, expireson, scopes) VALUES ("+p(1)+", "+p(2)+", "+p(3)+", "+p(4)+", "+p(5)+", "+p(6)+", "+p(7)+")", args...)
		return err
	})
	return key, secret, err
}

// Token finds the user of a bearer token. It is looked up each time, so that a
// token works, and stops working, at once.
func (a *Auth) Token(ctx context.Context, secret string) (Bearer, error) {
	d := a.o.DB.Dialect()
	var user, expires, revoked, used any
	var scopes *string
	var name string
	found, err := a.o.DB.QueryRow(ctx, "SELECT userid, name, expireson, revokedon, usedon, scopes FROM token WHERE hash = "+d.Placeholder(1), []any{hashSecret(secret)}, &user, &name, &expires, &revoked, &used, &scopes)
	if err != nil {
		return Bearer{}, err
	}
	if !found || revoked != nil {
		return Bearer{}, ErrToken
	}
	now := a.o.Clock.Now()
	if until, err := decodeTime(d, expires); err != nil || !until.IsZero() && now.After(until) {
		return Bearer{}, ErrToken
	}
	who, err := decodeID(d, user)
	if err != nil {
		return Bearer{}, err
	}
	if !a.o.Known(who) {
		return Bearer{}, ErrToken
	}
	if last, err := decodeTime(d, used); err == nil && now.Sub(last) > usedEvery {
		a.used(ctx, secret, now)
	}
	return Bearer{who, access.Scope(text(scopes)), strings.HasPrefix(name, clientTokenName)}, nil
}

// usedEvery is how precisely the last use of a key is kept.
const usedEvery = time.Hour

// used notes that a key was used. A request is not refused because that can't
// be written just then.
func (a *Auth) used(ctx context.Context, secret string, now time.Time) {
	e := encoder{d: a.o.DB.Dialect()}
	at := e.time(now)
	if e.err != nil {
		return
	}
	_ = a.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec("UPDATE token SET usedon = "+e.d.Placeholder(1)+" WHERE hash = "+e.d.Placeholder(2), at, hashSecret(secret))
		return err
	})
}

// CreateKey makes a key with which events may be published to a topic.
func (a *Auth) CreateKey(ctx context.Context, topic, name string) (string, error) {
	if topic == "" {
		return "", errs.New(errs.Invalid, "auth.topic", "name the topic of the key")
	}
	secret := newSecret("rpk_")
	d := a.o.DB.Dialect()
	e := encoder{d: d}
	args := []any{hashSecret(secret), e.id(id.New()), topic, name, e.time(a.o.Clock.Now())}
	if e.err != nil {
		return "", e.err
	}
	p := d.Placeholder
	err := a.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec("INSERT INTO topickey (hash, keyid, topic, name, createdon) VALUES ("+p(1)+", "+p(2)+", "+p(3)+", "+p(4)+", "+p(5)+")", args...)
		return err
	})
	return secret, err
}
