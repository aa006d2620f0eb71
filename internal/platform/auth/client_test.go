package auth_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/auth"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

const from = "192.0.2.7"

// program makes Ann a program, and gives its client id.
func (e *env) program(t *testing.T) string {
	t.Helper()
	client := id.New()
	var args []any
	for _, key := range []id.ID{e.ann, client, access.SystemUser} {
		v, err := query.Encode(e.db.Dialect(), query.ID, key)
		if err != nil {
			t.Fatal(err)
		}
		args = append(args, v)
	}
	at, err := query.Encode(e.db.Dialect(), query.Time, start)
	if err != nil {
		t.Fatal(err)
	}
	p := e.db.Dialect().Placeholder
	if err := e.db.Write(t.Context(), func(tx *sqldb.Tx) error {
		_, err := tx.Exec("INSERT INTO systemuser (systemuserid, applicationid, businessunitid, createdby, modifiedby, createdon, modifiedon, versionnumber, isdisabled) VALUES ("+
			p(1)+", "+p(2)+", "+p(3)+", "+p(4)+", "+p(5)+", "+p(6)+", "+p(7)+", 1, "+map[sqldb.Dialect]string{sqldb.SQLite: "0", sqldb.Postgres: "false"}[e.db.Dialect()]+")", args[0], args[1], args[2], args[2], args[2], at, at)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return client.String()
}

func (e *env) secret(t *testing.T, life time.Duration, scope access.Scope) (key id.ID, text string, err error) {
	t.Helper()
	err = e.db.Write(t.Context(), func(tx *sqldb.Tx) error {
		var inner error
		key, text, _, inner = e.CreateClientSecret(t.Context(), tx, e.ann, "test", life, scope)
		return inner
	})
	return key, text, err
}

// A program has several secrets, so that they can be changed without a gap: each
// lives as long as it was made for, and ends with its tokens when it is revoked.
// None is stored.
func TestClientSecrets(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		client := e.program(t)
		grant := func(secret string) (string, error) {
			token, life, err := e.ClientToken(t.Context(), client, secret, from)
			if err == nil && life != time.Hour {
				t.Errorf("a token lives %s", life)
			}
			return token, err
		}
		alive := func(token string) bool {
			who, err := e.Token(t.Context(), token)
			if err != nil && !errors.Is(err, auth.ErrToken) {
				t.Error(err)
			}
			return err == nil && who.User == e.ann
		}
		oldKey, old, err := e.secret(t, 10*24*time.Hour, "")
		if err != nil {
			t.Fatal(err)
		}
		_, fresh, err := e.secret(t, 30*24*time.Hour, "")
		if err != nil {
			t.Fatal(err)
		}
		first, err := grant(old)
		if err != nil || !alive(first) {
			t.Fatal("the old secret:", err)
		}
		second, err := grant(fresh)
		if err != nil || !alive(second) {
			t.Fatal("the new secret:", err)
		}
		for _, stored := range e.texts(t, "SELECT hash FROM clientsecret UNION ALL SELECT hash FROM token UNION ALL SELECT name FROM token") {
			for _, s := range []string{old, fresh, first, second} {
				if strings.Contains(stored, s) || strings.Contains(stored, s[4:]) {
					t.Errorf("a secret is stored: %s", stored)
				}
			}
		}
		for _, bad := range []string{"", old + "x", old[:len(old)-1], strings.ToUpper(old)} {
			if _, err := grant(bad); !errors.Is(err, auth.ErrClient) {
				t.Errorf("another secret: %v", err)
			}
		}
		if _, _, err := e.ClientToken(t.Context(), id.New().String(), old, from); !errors.Is(err, auth.ErrClient) {
			t.Errorf("another program: %v", err)
		}
		e.clock.Advance(30 * time.Minute) // attempts are slowed down
		revoke := func(user id.ID) error {
			return e.db.Write(t.Context(), func(tx *sqldb.Tx) error { return e.RevokeClientSecret(t.Context(), tx, user, oldKey) })
		}
		if err := revoke(id.New()); !errs.Has(err, errs.NotFound) {
			t.Errorf("a secret of another user: %v", err)
		}
		if err := revoke(e.ann); err != nil {
			t.Fatal(err)
		}
		if _, err := grant(old); !errors.Is(err, auth.ErrClient) || alive(first) || !alive(second) {
			t.Errorf("after the old one is revoked: %v, %v, %v", err, alive(first), alive(second))
		}
		e.clock.Advance(31 * time.Minute)
		if alive(second) {
			t.Error("a token outlives its hour")
		}
		e.clock.Advance(29*24*time.Hour - 2*time.Hour)
		if _, err := grant(fresh); err != nil {
			t.Errorf("before its end: %v", err)
		}
		e.clock.Advance(27 * time.Hour)
		if _, err := grant(fresh); !errors.Is(err, auth.ErrClient) {
			t.Errorf("behind its end: %v", err)
		}
		for _, life := range []time.Duration{0, -time.Hour, 3 * 365 * 24 * time.Hour} {
			if _, _, err := e.secret(t, life, ""); errs.CodeOf(err) != "auth.client_life" {
				t.Errorf("a life of %s: %v", life, err)
			}
		}
		if got := e.texts(t, fmt.Sprintf("SELECT outcome FROM signin WHERE username = 'client %s' ORDER BY id", client)); len(got) < 8 || got[0] != "signed in" || got[2] != "refused" {
			t.Errorf("the log of sign-ins: %q", got)
		}
	})
}

// Scopes of a secret narrow its tokens; a disabled program gets none.
func TestClientSecretsOfLess(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		client := e.program(t)
		scope, err := access.ParseScope("lead:read")
		if err != nil {
			t.Fatal(err)
		}
		_, secret, err := e.secret(t, time.Hour, scope)
		if err != nil {
			t.Fatal(err)
		}
		token, _, err := e.ClientToken(t.Context(), client, secret, from)
		if err != nil {
			t.Fatal(err)
		}
		if who, err := e.Token(t.Context(), token); err != nil || who.Scope != scope {
			t.Errorf("%+v, %v", who, err)
		}
		for range 19 {
			if _, _, err := e.secret(t, time.Hour, ""); err != nil {
				t.Fatal(err)
			}
		}
		if _, _, err := e.secret(t, time.Hour, ""); errs.CodeOf(err) != "auth.client_secrets" {
			t.Errorf("too many secrets: %v", err)
		}
		e.disabled.Store(true)
		if _, _, err := e.ClientToken(t.Context(), client, secret, from); !errors.Is(err, auth.ErrClient) {
			t.Errorf("a disabled program: %v", err)
		}
		if _, err := e.Token(t.Context(), token); !errors.Is(err, auth.ErrToken) {
			t.Errorf("a token of a disabled program: %v", err)
		}
	})
}
