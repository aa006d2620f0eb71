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

// APIKey is a bearer token, or a secret of a program, as people see it: without
// what it consists of.
type APIKey struct {
	ID      id.ID
	User    id.ID
	Name    string
	Scope   access.Scope
	Created time.Time
	Expires time.Time // zero: never
	Used    time.Time // zero: not yet, or not kept
}

// keysShown bounds a list of keys.
const keysShown = 500

// APIKeys lists the keys in force of one user, or with id.Nil of all, the
// newest first. Tokens that programs got for a client secret are not among them.
func (a *Auth) APIKeys(ctx context.Context, user id.ID) ([]APIKey, error) {
	return a.keys(ctx, "SELECT tokenid, userid, name, scopes, createdon, expireson, usedon FROM token WHERE name NOT LIKE '"+clientTokenName+"%' AND", user)
}

// ClientSecrets lists the secrets in force of programs, of one user or of all.
func (a *Auth) ClientSecrets(ctx context.Context, user id.ID) ([]APIKey, error) {
	return a.keys(ctx, "SELECT secretid, userid, name, scopes, createdon, expireson, NULL FROM clientsecret WHERE", user)
}

func (a *Auth) keys(ctx context.Context, from string, user id.ID) ([]APIKey, error) {
	d := a.o.DB.Dialect()
	e := encoder{d: d}
	p := d.Placeholder
	args := []any{e.time(a.o.Clock.Now())}
	where := " revokedon IS NULL AND (expireson IS NULL OR expireson > " + p(1) + ")"
	if user != id.Nil {
		where, args = where+" AND userid = "+p(2), append(args, e.id(user))
	}
	if e.err != nil {
		return nil, e.err
	}
	rows, err := a.o.DB.Query(ctx, from+where+" ORDER BY createdon DESC LIMIT "+p(len(args)+1), append(args, keysShown)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := []APIKey{}
	for rows.Next() {
		var k APIKey
		var key, who, made, expires, used any
		var scopes *string
		if err := rows.Scan(&key, &who, &k.Name, &scopes, &made, &expires, &used); err != nil {
			return nil, err
		}
		k.Scope = access.Scope(text(scopes))
		for into, raw := range map[*id.ID]any{&k.ID: key, &k.User: who} {
			if *into, err = decodeID(d, raw); err != nil {
				return nil, err
			}
		}
		for into, raw := range map[*time.Time]any{&k.Created: made, &k.Expires: expires, &k.Used: used} {
			if *into, err = decodeTime(d, raw); err != nil {
				return nil, err
			}
		}
		out = append(out, k)
	}
	return out, rows.Err()
}

// RevokeAPIKey ends a key at once; of the user only, unless that is id.Nil.
func (a *Auth) RevokeAPIKey(ctx context.Context, user, key id.ID) error {
	e := encoder{d: a.o.DB.Dialect()}
	p := e.d.Placeholder
	args := []any{e.time(a.o.Clock.Now()), e.id(key)}
	where := "tokenid = " + p(2) + " AND revokedon IS NULL"
	if user != id.Nil {
		where, args = where+" AND userid = "+p(3), append(args, e.id(user))
	}
	if e.err != nil {
		return e.err
	}
	return a.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		n, err := tx.Exec("UPDATE token SET revokedon = "+p(1)+" WHERE "+where, args...)
		if err == nil && n == 0 {
			return errs.New(errs.NotFound, "auth.key_unknown", "there is no such key, or it has been revoked already")
		}
		return err
	})
}

// topicsOf gives the topics to which a scope lets events be published.
func topicsOf(s access.Scope) (out []string) {
	for word := range strings.FieldsSeq(string(s)) {
		if topic, ok := strings.CutPrefix(word, "events:"); ok {
			out = append(out, topic)
		}
	}
	return out
}
