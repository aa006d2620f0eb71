package auth

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/query"
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

// BeginForgotten has a link to choose a new password sent to whoever has
// forgotten it and gives the user name or the e-mail address. Whether there is
// such a user is not told: post is always called, with a letter to nobody (no
// Email) where there is none, where the user signs in without a password, or has
// no address.
func (a *Auth) BeginForgotten(ctx context.Context, name string, from From, post PostLetter) error {
	name = strings.TrimSpace(name)
	if name == "" || len(name) > nameMax || !utf8.ValidString(name) || strings.ContainsAny(name, "\x00\r\n") {
		return errs.New(errs.Invalid, "auth.forgotten_name", "give your user name or your e-mail address")
	}
	folded := query.Fold(name)
	wait, ok := a.byAddr.Allow(network(from.Address))
	if ok {
		wait, ok = a.letters.Allow("user " + folded)
	}
	if !ok {
		return tooMany(wait)
	}
	l, err := a.forgetful(ctx, name)
	if err != nil {
		return err
	}
	outcome := "link"
	if l.Email == "" {
		outcome = "no letter" // and a challenge that nobody gets, so that the time tells nothing
		l.user = id.Nil
	}
	l.Kind, l.Expires = LetterReset, a.o.Clock.Now().Add(resetLife)
	_, err = a.beginWith(ctx, challengeReset, challenge{user: l.user, detail: l.name}, resetLife, func(tx *sqldb.Tx, secret string) error {
		l.Secret = secret
		return post(tx, l.MemberLetter)
	})
	if err == nil {
		a.log(ctx, folded, l.user, from.Address, outcome)
	}
	return err
}

// resetLetter is a letter with the user whom it is about, who signs in by name.
type resetLetter struct {
	MemberLetter
	user id.ID
	name string
}

// forgetful finds who has a password and signs in by the name, or has it as the
// only one for an address.
func (a *Auth) forgetful(ctx context.Context, name string) (l resetLetter, err error) {
	user, _, found, err := a.credential(ctx, name)
	if err == nil && !found && strings.Contains(name, "@") && a.o.Find != nil {
		user, found, err = a.o.Find(ctx, MatchEmail, name)
	}
	if err != nil || !found || !a.o.Known(user) || a.o.Reach == nil {
		return l, err
	}
	l.user = user
	if l.name, _, err = a.credentialOf(ctx, user); errs.CodeOf(err) == ErrNoPassword.Code {
		return resetLetter{}, nil
	}
	if err == nil {
		l.Email, l.Language, err = a.o.Reach(ctx, user)
	}
	return l, err
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
	if c.user == id.Nil || !a.o.Known(c.user) {
		return ErrChallenge // noted for nobody, or somebody who has left
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
