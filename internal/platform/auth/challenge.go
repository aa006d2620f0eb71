package auth

import (
	"context"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
)

// The kinds of challenge: something that was begun and is finished once, within
// a short time, by whoever holds its secret.
const (
	challengeFactor   = "factor"   // the password was right; a second factor is asked for
	challengePasskey  = "passkey"  // signing in by passkey
	challengeRegister = "register" // adding a passkey
	challengeSSO      = "sso"      // signing in at an identity provider
	challengeReset    = "reset"    // choosing a new password by a link
)

const (
	challengeLife     = 5 * time.Minute
	challengeAttempts = 5
)

// ErrChallenge means that what was begun has been finished, given up or took too long.
var ErrChallenge = errs.New(errs.Unauthenticated, "auth.challenge", "this took too long or was used already: begin again")

// challenge is what was noted when something was begun.
type challenge struct {
	user   id.ID // Nil if not known yet
	detail string
}

// begin notes a challenge and gives its secret.
func (a *Auth) begin(ctx context.Context, kind string, c challenge, life time.Duration) (string, error) {
	return a.beginWith(ctx, kind, c, life, func(*sqldb.Tx, string) error { return nil })
}

// beginWith is begin with more in the same transaction.
func (a *Auth) beginWith(ctx context.Context, kind string, c challenge, life time.Duration, also func(tx *sqldb.Tx, secret string) error) (string, error) {
	secret := newSecret("rpc_")
	e := encoder{d: a.o.DB.Dialect()}
	var who any
	if c.user != id.Nil {
		who = e.id(c.user)
	}
	args := []any{hashSecret(secret), kind, who, c.detail, int64(0), e.time(a.o.Clock.Now().Add(life))}
	if e.err != nil {
		return "", e.err
	}
	p := e.d.Placeholder
	err := a.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec("INSERT INTO challenge (hash, kind, userid, detail, attempts, expireson) VALUES ("+p(1)+", "+p(2)+", "+p(3)+", "+p(4)+", "+p(5)+", "+p(6)+")", args...)
		if err == nil {
			err = also(tx, secret)
		}
		return err
	})
	return secret, err
}

// attempt counts a try of a challenge and gives what was noted. Tries are
// counted before they are judged, so that many at once gain nothing.
func (a *Auth) attempt(ctx context.Context, kind, secret string) (c challenge, err error) {
	d := a.o.DB.Dialect()
	p := d.Placeholder
	now := a.o.Clock.Now()
	err = a.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		var user, expires any
		var tries int64
		if err := tx.Lock("challenge " + hashSecret(secret)); err != nil {
			return err
		}
		found, err := tx.QueryRow("SELECT userid, detail, attempts, expireson FROM challenge WHERE hash = "+p(1)+" AND kind = "+p(2), []any{hashSecret(secret), kind}, &user, &c.detail, &tries, &expires)
		if err != nil {
			return err
		}
		until, err := decodeTime(d, expires)
		if err != nil {
			return err
		}
		if !found || tries >= challengeAttempts || now.After(until) {
			return ErrChallenge
		}
		c.user = id.Nil
		if user != nil {
			if c.user, err = decodeID(d, user); err != nil {
				return err
			}
		}
		_, err = tx.Exec("UPDATE challenge SET attempts = attempts + 1 WHERE hash = "+p(1), hashSecret(secret))
		return err
	})
	return c, err
}

// finish takes a challenge away within tx; it fails if somebody else was first.
func finish(tx *sqldb.Tx, secret string) error {
	n, err := tx.Exec("DELETE FROM challenge WHERE hash = "+tx.Dialect().Placeholder(1), hashSecret(secret))
	if err == nil && n == 0 {
		return ErrChallenge
	}
	return err
}
