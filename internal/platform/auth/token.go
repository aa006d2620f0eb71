package auth

import (
	"context"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
)

// CreateToken makes a bearer token by which a program acts as the user, for at
// most the given time (0: until revoked). The secret is given once.
func (a *Auth) CreateToken(ctx context.Context, user id.ID, name string, life time.Duration) (string, error) {
	secret := newSecret("rpt_")
	d, now := a.o.DB.Dialect(), a.o.Clock.Now()
	e := encoder{d: d}
	args := []any{hashSecret(secret), e.id(id.New()), e.id(user), name, e.time(now), nil}
	if life > 0 {
		args[5] = e.time(now.Add(life))
	}
	if e.err != nil {
		return "", e.err
	}
	p := d.Placeholder
	err := a.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec("INSERT INTO token (hash, tokenid, userid, name, createdon, expireson) VALUES ("+p(1)+", "+p(2)+", "+p(3)+", "+p(4)+", "+p(5)+", "+p(6)+")", args...)
		return err
	})
	return secret, err
}

// Token finds the user of a bearer token. It is looked up each time, so that a
// token works, and stops working, at once.
func (a *Auth) Token(ctx context.Context, secret string) (id.ID, error) {
	d := a.o.DB.Dialect()
	var user, expires, revoked any
	found, err := a.o.DB.QueryRow(ctx, "SELECT userid, expireson, revokedon FROM token WHERE hash = "+d.Placeholder(1), []any{hashSecret(secret)}, &user, &expires, &revoked)
	if err != nil {
		return id.Nil, err
	}
	if !found || revoked != nil {
		return id.Nil, ErrToken
	}
	if until, err := decodeTime(d, expires); err != nil || !until.IsZero() && a.o.Clock.Now().After(until) {
		return id.Nil, ErrToken
	}
	who, err := decodeID(d, user)
	if err != nil {
		return id.Nil, err
	}
	if !a.o.Known(who) {
		return id.Nil, ErrToken
	}
	return who, nil
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
