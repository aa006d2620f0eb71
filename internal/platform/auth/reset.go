package auth

import (
	"context"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
)

// resetLife is how long a link to choose a new password works.
const resetLife = time.Hour

// ErrNoPassword means that the user signs in by other means than a password.
var ErrNoPassword = errs.New(errs.Conflict, "auth.no_password", "this user has no password: sign in as you usually do")

// ChangePassword changes a user's own password, who shows the old one. All
// sessions end but the one that asks.
func (a *Auth) ChangePassword(ctx context.Context, user id.ID, old, fresh, secret string) error {
	name, hash, err := a.credentialOf(ctx, user)
	if err != nil {
		return err
	}
	if wait, ok := a.byName.Allow(name); !ok {
		return tooMany(wait)
	}
	ok, err := a.verify(ctx, old, hash)
	if err != nil {
		return err
	}
	if !ok {
		return errs.New(errs.Invalid, "auth.old_password", "the old password is wrong")
	}
	a.byName.Forget(name)
	return a.setPassword(ctx, user, name, fresh, func(tx *sqldb.Tx, who any) error {
		p := tx.Dialect().Placeholder
		_, err := tx.Exec("DELETE FROM session WHERE userid = "+p(1)+" AND hash <> "+p(2), who, hashSecret(secret))
		return err
	})
}

// credentialOf gives the name and the hash of a user's password.
func (a *Auth) credentialOf(ctx context.Context, user id.ID) (name, hash string, err error) {
	e := encoder{d: a.o.DB.Dialect()}
	who := e.id(user)
	if e.err != nil {
		return "", "", e.err
	}
	found, err := a.o.DB.QueryRow(ctx, "SELECT username, passwordhash FROM credential WHERE userid = "+e.d.Placeholder(1), []any{who}, &name, &hash)
	if err == nil && !found {
		err = ErrNoPassword
	}
	return name, hash, err
}

// BeginReset gives the secret of a link by which a user can choose a new
// password within an hour, once. name is what the user will sign in by.
func (a *Auth) BeginReset(ctx context.Context, user id.ID, name string) (string, error) {
	return a.begin(ctx, challengeReset, challenge{user: user, detail: name}, resetLife)
}

// Reset sets a new password by the secret of a link. All sessions of the user
// end, and all other links.
func (a *Auth) Reset(ctx context.Context, secret, password string) error {
	if err := checkPassword(password, ""); err != nil {
		return err // and the link may be used again
	}
	c, err := a.attempt(ctx, challengeReset, secret)
	if err != nil {
		return err
	}
	return a.setPassword(ctx, c.user, c.detail, password, func(tx *sqldb.Tx, who any) error {
		if err := finish(tx, secret); err != nil {
			return err
		}
		p := tx.Dialect().Placeholder
		if _, err := tx.Exec("DELETE FROM challenge WHERE kind = "+p(1)+" AND userid = "+p(2), challengeReset, who); err != nil {
			return err
		}
		_, err := tx.Exec("DELETE FROM session WHERE userid = "+p(1), who)
		return err
	})
}

// HasOwnPassword tells whether a user has a password.
func (a *Auth) HasOwnPassword(ctx context.Context, user id.ID) (bool, error) {
	_, _, err := a.credentialOf(ctx, user)
	if errs.CodeOf(err) == ErrNoPassword.Code {
		return false, nil
	}
	return err == nil, err
}
