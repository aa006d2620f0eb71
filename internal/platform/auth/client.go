package auth

import (
	"context"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
)

// Programs sign in by client credentials: the application id of a user and a
// secret. What they get is a bearer token like any other, for an hour.
const (
	clientTokenLife = time.Hour
	clientTokenName = "client " // followed by the id of the secret, so that its tokens end with it
	secretLifeMost  = 2 * 365 * 24 * time.Hour
	secretsMost     = 20 // of one user
)

// ErrClient is the one answer to an unknown client and to a wrong secret.
var ErrClient = errs.New(errs.Unauthenticated, "auth.client", "the client id or the client secret is wrong")

// CreateClientSecret makes a secret of a program. It is given once, and kept as
// a hash only.
func (a *Auth) CreateClientSecret(ctx context.Context, tx *sqldb.Tx, user id.ID, name string, life time.Duration, scope access.Scope) (key id.ID, secret string, expires time.Time, err error) {
	if life <= 0 || life > secretLifeMost {
		return id.Nil, "", time.Time{}, errs.New(errs.Invalid, "auth.client_life", "a secret lives between a moment and two years")
	}
	now := a.o.Clock.Now()
	key, secret, expires = id.New(), newSecret("rpc_"), now.Add(life)
	e := encoder{d: tx.Dialect()}
	args := []any{e.id(key), e.id(user), hashSecret(secret), name, e.time(now), e.time(expires), nil}
	if scope != "" {
		args[6] = string(scope)
	}
	if e.err != nil {
		return id.Nil, "", time.Time{}, e.err
	}
	p := tx.Dialect().Placeholder
	if err := tx.Lock("client secrets " + user.String()); err != nil {
		return id.Nil, "", time.Time{}, err
	}
	var n int
	if _, err := tx.QueryRow("SELECT COUNT(*) FROM clientsecret WHERE userid = "+p(1)+" AND revokedon IS NULL AND expireson > "+p(2), []any{args[1], args[4]}, &n); err != nil {
		return id.Nil, "", time.Time{}, err
	}
	if n >= secretsMost {
		return id.Nil, "", time.Time{}, errs.New(errs.Conflict, "auth.client_secrets", "the program has %d secrets already: revoke one first", secretsMost)
	}
	_, err = tx.Exec("INSERT INTO clientsecret (secretid, userid, hash, name, createdon, expireson, scopes) VALUES ("+p(1)+", "+p(2)+", "+p(3)+", "+p(4)+", "+p(5)+", "+p(6)+", "+p(7)+")", args...)
	return key, secret, expires, err
}

// RevokeClientSecret ends a secret of a user and the tokens that were given for it.
func (a *Auth) RevokeClientSecret(_ context.Context, tx *sqldb.Tx, user, key id.ID) error {
	e := encoder{d: tx.Dialect()}
	now, which, who := e.time(a.o.Clock.Now()), e.id(key), e.id(user)
	if e.err != nil {
		return e.err
	}
	p := tx.Dialect().Placeholder
	n, err := tx.Exec("UPDATE clientsecret SET revokedon = "+p(1)+" WHERE secretid = "+p(2)+" AND userid = "+p(3)+" AND revokedon IS NULL", now, which, who)
	if err != nil {
		return err
	}
	if n == 0 {
		return errs.New(errs.NotFound, "auth.client_secret", "there is no such secret, or it has been revoked already")
	}
	_, err = tx.Exec("UPDATE token SET revokedon = "+p(1)+" WHERE name = "+p(2)+" AND revokedon IS NULL", now, clientTokenName+key.String())
	return err
}

// ClientToken gives a token to a program. address is where the attempt comes from.
func (a *Auth) ClientToken(ctx context.Context, client, secret, address string) (token string, life time.Duration, err error) {
	application, err := id.Parse(client)
	if err != nil {
		application = id.Nil // counted and refused like an unknown one
	}
	name := "client " + application.String()
	if err := a.slow(ctx, name, address); err != nil {
		return "", 0, err
	}
	user, key, scope, err := a.client(ctx, application, secret)
	if err != nil {
		return "", 0, err
	}
	if key == id.Nil || !a.o.Known(user) {
		a.log(ctx, name, user, address, "refused")
		return "", 0, ErrClient
	}
	a.byName.Forget(name)
	a.log(ctx, name, user, address, "signed in")
	_, token, err = a.newKey(ctx, NewKey{User: user, Name: clientTokenName + key.String(), Life: clientTokenLife, Scope: scope})
	return token, clientTokenLife, err
}

// client finds the user of an application id and the secret in force; id.Nil if
// there is no such pair. Secrets are random and compared by their hashes, so
// that the time it takes tells nothing.
func (a *Auth) client(ctx context.Context, application id.ID, secret string) (user, key id.ID, scope access.Scope, err error) {
	if application == id.Nil || secret == "" {
		return id.Nil, id.Nil, "", nil
	}
	d := a.o.DB.Dialect()
	e := encoder{d: d}
	args := []any{e.id(application), hashSecret(secret), e.time(a.o.Clock.Now())}
	if e.err != nil {
		return id.Nil, id.Nil, "", e.err
	}
	p := d.Placeholder
	var who, which any
	var scopes *string
	found, err := a.o.DB.QueryRow(ctx, "SELECT u.systemuserid, c.secretid, c.scopes FROM systemuser u JOIN clientsecret c ON c.userid = u.systemuserid WHERE u.applicationid = "+p(1)+
		" AND c.hash = "+p(2)+" AND c.revokedon IS NULL AND c.expireson > "+p(3), args, &who, &which, &scopes)
	if err != nil || !found {
		return id.Nil, id.Nil, "", err
	}
	if user, err = decodeID(d, who); err != nil {
		return id.Nil, id.Nil, "", err
	}
	key, err = decodeID(d, which)
	return user, key, access.Scope(text(scopes)), err
}

// PruneTokens forgets the tokens of programs that ended more than a day ago.
func (a *Auth) PruneTokens(ctx context.Context) error {
	d := a.o.DB.Dialect()
	e := encoder{d: d}
	old := e.time(a.o.Clock.Now().Add(-24 * time.Hour))
	if e.err != nil {
		return e.err
	}
	return a.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec("DELETE FROM token WHERE expireson < "+d.Placeholder(1)+" AND name LIKE 'client %'", old)
		return err
	})
}
