package auth_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/auth"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

// TestForgottenPassword: whoever gives a name or an address gets the same answer,
// and only who has a password and an address gets a letter.
func TestForgottenPassword(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ask := func(name string) auth.MemberLetter {
			t.Helper()
			var out []auth.MemberLetter
			err := e.BeginForgotten(t.Context(), name, address, func(_ *sqldb.Tx, l auth.MemberLetter) error {
				out = append(out, l)
				return nil
			})
			if err != nil || len(out) != 1 || out[0].Kind != auth.LetterReset || out[0].Secret == "" || !out[0].Expires.After(start) {
				t.Fatalf("%q: %v, %v", name, out, err)
			}
			return out[0]
		}
		for i, name := range []string{" ANN ", "ann@example.com"} {
			l := ask(name)
			if l.Email != "ann@example.com" || l.Language != "de" {
				t.Errorf("%q: the letter goes to %q in %q", name, l.Email, l.Language)
			}
			fresh := password + strings.Repeat("!", i+1)
			if err := e.Reset(t.Context(), l.Secret, fresh); err != nil {
				t.Fatal(err)
			}
			if _, err := e.SignIn(t.Context(), "ann", fresh, address); err != nil {
				t.Errorf("%q: %v", name, err)
			}
			if err := e.Reset(t.Context(), l.Secret, fresh); !errors.Is(err, auth.ErrChallenge) {
				t.Errorf("%q: the link again: %v", name, err)
			}
		}
		nobody := map[string]func(){"bob": func() {}, "bob@example.com": func() {}, "ann": func() { e.email = "" }, "Ann": func() { e.email = "ann@example.com"; e.disabled.Store(true) }}
		for _, name := range []string{"bob", "bob@example.com", "ann", "Ann"} {
			nobody[name]()
			l := ask(name)
			if l.Email != "" {
				t.Errorf("%q: a letter to %q", name, l.Email)
			}
			if err := e.Reset(t.Context(), l.Secret, password); !errors.Is(err, auth.ErrChallenge) {
				t.Errorf("%q: what was noted for nobody sets a password: %v", name, err)
			}
		}
		for _, name := range []string{"", " ", "ann\r\nBcc: x@example.com", "a\x00", strings.Repeat("x", 2000)} {
			if err := e.BeginForgotten(t.Context(), name, address, nil); !errs.Has(err, errs.Invalid) {
				t.Errorf("%.20q: %v", name, err)
			}
		}
		var err error
		for range 10 {
			if err = e.BeginForgotten(t.Context(), "carl", address, func(*sqldb.Tx, auth.MemberLetter) error { return nil }); err != nil {
				break
			}
		}
		if !errs.Has(err, errs.TooMany) {
			t.Errorf("letters without end: %v", err)
		}
		list, _, err := e.Attempts(t.Context(), e.ann, 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		links := 0
		for _, a := range list {
			if a.Outcome == "link" && (a.Username == "ann" || a.Username == "ann@example.com") {
				links++
			}
		}
		if links != 2 {
			t.Errorf("the log tells of %d letters: %v", links, list)
		}
	})
}

// TestSignInFollowsTheUser: a new user name is the one to sign in by, and who
// comes back after having been disabled signs in anew.
func TestSignInFollowsTheUser(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		catalog := fixture.Catalog(t)
		control := &access.Control{Current: func() *access.Snapshot { return &access.Snapshot{} }, Catalog: func() *metadata.Catalog { return catalog }}
		store := record.New(record.Options{DB: e.db, Catalog: control.Catalog, Access: control, Log: changelog.New(e.db), Clock: e.clock})
		store.AddHook(e.UserHook())
		ctx := access.AsSystem(t.Context(), "test")
		write := func(fn func(*record.Tx) error) error { return store.Write(ctx, fn) }
		change := func(who id.ID, row record.Row) error {
			return write(func(tx *record.Tx) error {
				_, err := tx.Update(ctx, "systemuser", who, row, record.Match{})
				return err
			})
		}
		bob := id.New()
		err := write(func(tx *record.Tx) error {
			unit, err := tx.Create(ctx, "businessunit", record.Row{"name": "Head Office"})
			if err != nil {
				return err
			}
			for who, name := range map[id.ID]string{e.ann: "Ann", bob: "bob", access.SystemUser: "system"} {
				if _, err := tx.Create(ctx, "systemuser", record.Row{"systemuserid": who, "domainname": name, "businessunitid": unit.ID("businessunitid")}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		s := e.mustSignIn(t)
		if err := change(e.ann, record.Row{"domainname": "Ann.Other"}); err != nil {
			t.Fatal(err)
		}
		if _, err := e.SignIn(t.Context(), "ann", password, address); !errors.Is(err, auth.ErrWrong) {
			t.Errorf("the old name: %v", err)
		}
		if _, err := e.SignIn(t.Context(), "ann.other", password, address); err != nil {
			t.Errorf("the new name: %v", err)
		}
		// The name that is free now may be somebody else's.
		if err := change(bob, record.Row{"domainname": "ann"}); err != nil {
			t.Fatal(err)
		}
		if err := e.SetPassword(t.Context(), bob, "ann", "another long password"); err != nil {
			t.Errorf("a name that is free again: %v", err)
		}
		if _, err := e.Check(t.Context(), s.Secret); err != nil {
			t.Errorf("the session under the old name: %v", err)
		}
		for _, off := range []bool{true, false} {
			if err := change(e.ann, record.Row{"isdisabled": off}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := e.Check(t.Context(), s.Secret); !errors.Is(err, auth.ErrSession) {
			t.Errorf("the session has come back with its user: %v", err)
		}
	})
}
