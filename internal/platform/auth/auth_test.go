package auth_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/secret"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/auth"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

var start = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

const password = "correct horse battery"

var address = auth.From{Address: "192.0.2.1"}

// env is a sign-in with one person, who may be disabled.
type env struct {
	*auth.Auth
	db       *sqldb.DB
	clock    *clock.Fake
	ann      id.ID
	disabled atomic.Bool
	email    string // of Ann
}

func each(t *testing.T, run func(t *testing.T, e *env)) {
	t.Helper()
	dbtest.Each(t, fixture.Schema(t, fixture.Catalog(t)), func(t *testing.T, db *sqldb.DB) {
		e := &env{db: db, clock: clock.NewFake(start), ann: id.New(), email: "ann@example.com"}
		box, err := secret.Open(t.TempDir(), "")
		if err != nil {
			t.Fatal(err)
		}
		e.Auth, err = auth.New(t.Context(), auth.Options{DB: db, Clock: e.clock, Secrets: box, Params: auth.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32},
			Reach: func(context.Context, id.ID) (string, string, error) { return e.email, "de", nil },
			Find: func(_ context.Context, by, value string) (id.ID, bool, error) {
				return e.ann, by == auth.MatchEmail && value == e.email, nil
			},
			Known: func(who id.ID) bool { return who == e.ann && !e.disabled.Load() }})
		if err != nil {
			t.Fatal(err)
		}
		if err := e.SetPassword(t.Context(), e.ann, "Ann", password); err != nil {
			t.Fatal(err)
		}
		run(t, e)
	})
}

// texts reads one column of text.
func (e *env) texts(t *testing.T, query string) (out []string) {
	t.Helper()
	rows, err := e.db.Query(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

func (e *env) mustSignIn(t *testing.T) auth.Session {
	t.Helper()
	s, err := e.SignIn(t.Context(), "ann", password, address)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		for _, name := range []string{"ann", "ANN", "  Ann\t"} {
			if s, err := e.SignIn(t.Context(), name, password, address); err != nil || s.User != e.ann || s.CSRF == "" || s.Expires != start.Add(7*24*time.Hour) {
				t.Errorf("%q: %+v, %v", name, s, err)
			}
		}
		for name, c := range map[string][2]string{
			"a wrong password": {"ann", "Correct horse battery"}, "no password": {"ann", ""}, "an unknown name": {"bob", password}, "no name": {"", password},
			"a long password": {"ann", strings.Repeat("x", 100_000)}, "a long name": {strings.Repeat("x", 100_000), password}, "a name with a NUL": {"ann\x00", password}, "a broken name": {"\xff\xfe", password},
		} {
			if _, err := e.SignIn(t.Context(), c[0], c[1], address); !errors.Is(err, auth.ErrWrong) {
				t.Errorf("%s: %v", name, err)
			}
		}
		e.disabled.Store(true)
		if _, err := e.SignIn(t.Context(), "ann", password, address); !errors.Is(err, auth.ErrWrong) {
			t.Errorf("a disabled user: %v", err)
		}
	})
}

// A change of the password ends what was opened with the old one, also what is
// being opened at that moment.
func TestOldPasswordOpensNothingBesideItsChange(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		for round := range 3 {
			e.clock.Advance(10 * time.Minute) // else the attempts come too fast
			old, fresh := fmt.Sprintf("old password %d", round), fmt.Sprintf("new password %d", round)
			if err := e.SetPassword(t.Context(), e.ann, "Ann", old); err != nil {
				t.Fatal(err)
			}
			sessions := make([]auth.Session, 6)
			var all sync.WaitGroup
			for i := range sessions {
				all.Go(func() {
					s, err := e.SignIn(t.Context(), "ann", old, address)
					if err != nil && !errors.Is(err, auth.ErrWrong) {
						t.Error(err)
					}
					sessions[i] = s
				})
			}
			if err := e.SetPassword(t.Context(), e.ann, "Ann", fresh); err != nil {
				t.Fatal(err)
			}
			all.Wait()
			for _, s := range sessions {
				if s.Secret == "" {
					continue
				}
				if _, err := e.Check(t.Context(), s.Secret); !errors.Is(err, auth.ErrSession) {
					t.Errorf("a session of the old password: %v", err)
				}
			}
		}
	})
}

// What is stored gives nobody a way in: no password, no secret.
func TestOnlyHashesAreStored(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		s := e.mustSignIn(t)
		token, err := e.CreateToken(t.Context(), e.ann, "script", 0)
		if err != nil {
			t.Fatal(err)
		}
		key, err := e.CreateKey(t.Context(), "leads", "site")
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(s.Secret, "rps_") || !strings.HasPrefix(token, "rpt_") || !strings.HasPrefix(key, "rpk_") || len(token) < 40 {
			t.Errorf("secrets %.5s %.5s %.5s", s.Secret, token, key)
		}
		hashes := e.texts(t, "SELECT passwordhash FROM credential")
		if len(hashes) != 1 || !strings.HasPrefix(hashes[0], "$argon2id$v=19$m=64,t=1,p=1$") {
			t.Errorf("password hash %v", hashes)
		}
		all := append(hashes, e.texts(t, "SELECT hash FROM session UNION ALL SELECT hash FROM token UNION ALL SELECT hash FROM topickey")...)
		if len(all) != 4 {
			t.Errorf("%d hashes", len(all))
		}
		for _, stored := range all {
			for _, secret := range []string{password, s.Secret, token, key} {
				if strings.Contains(stored, secret) || strings.Contains(stored, strings.TrimLeft(secret, "rpstk_")) {
					t.Errorf("a secret is stored: %s", stored)
				}
			}
		}
	})
}

func TestEveryAttemptIsLogged(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		e.mustSignIn(t)
		_, _ = e.SignIn(t.Context(), "Bob", "no secret of anybody", auth.From{Address: "2001:db8::1"})
		got := e.texts(t, "SELECT username || ' ' || address || ' ' || outcome FROM signin ORDER BY id")
		if len(got) != 2 || got[0] != "ann 192.0.2.1 signed in" || got[1] != "bob 2001:db8::1 refused" {
			t.Errorf("got %q", got)
		}
	})
}

func TestAttemptsAreSlowedByName(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		for i := range 8 {
			if _, err := e.SignIn(t.Context(), "ann", "wrong", auth.From{Address: fmt.Sprint("192.0.2.", i)}); !errors.Is(err, auth.ErrWrong) {
				t.Fatalf("attempt %d: %v", i, err)
			}
		}
		_, err := e.SignIn(t.Context(), " ANN", password, auth.From{Address: "192.0.2.99"})
		var slow *errs.Error
		if !errors.As(err, &slow) || slow.Kind != errs.TooMany || slow.RetryAfter <= 0 || slow.RetryAfter > 30*time.Second {
			t.Fatalf("the ninth attempt, from elsewhere: %v", err)
		}
		e.clock.Advance(slow.RetryAfter)
		e.mustSignIn(t)
		for i := range 8 { // who signs in starts anew
			if _, err := e.SignIn(t.Context(), "ann", "wrong", address); !errors.Is(err, auth.ErrWrong) {
				t.Fatalf("attempt %d afterwards: %v", i, err)
			}
		}
	})
}

func TestAttemptsAreSlowedByAddress(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		for i := range 40 {
			// Anyone with one IPv6 address has the whole network of it.
			if _, err := e.SignIn(t.Context(), fmt.Sprint("name", i), "wrong", auth.From{Address: fmt.Sprintf("2001:db8::%x", i)}); !errors.Is(err, auth.ErrWrong) {
				t.Fatalf("attempt %d: %v", i, err)
			}
		}
		if _, err := e.SignIn(t.Context(), "another", "wrong", auth.From{Address: "2001:db8::ffff"}); !errs.Has(err, errs.TooMany) {
			t.Errorf("the next one of the network: %v", err)
		}
		for _, other := range []string{"2001:db8:0:1::1", "192.0.2.7", "::ffff:192.0.2.8", ""} {
			if _, err := e.SignIn(t.Context(), "another"+other, "wrong", auth.From{Address: other}); !errors.Is(err, auth.ErrWrong) {
				t.Errorf("from %q: %v", other, err)
			}
		}
		for range 100 { // a flood is not a flood of writes
			_, _ = e.SignIn(t.Context(), "another", "wrong", auth.From{Address: "2001:db8::ffff"})
		}
		if n := len(e.texts(t, "SELECT outcome FROM signin WHERE outcome = 'slowed'")); n < 1 || n > 5 {
			t.Errorf("%d refusals are logged", n)
		}
	})
}

func TestSessions(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		gone := func(what string, s auth.Session) {
			t.Helper()
			if _, err := e.Session(t.Context(), s.Secret); !errors.Is(err, auth.ErrSession) {
				t.Errorf("%s: %v", what, err)
			}
			if _, err := e.Check(t.Context(), s.Secret); !errors.Is(err, auth.ErrSession) {
				t.Errorf("%s, when only checked: %v", what, err)
			}
		}
		there := func(what string, s auth.Session) {
			t.Helper()
			if got, err := e.Session(t.Context(), s.Secret); err != nil || got != s {
				t.Errorf("%s: %+v, %v; want %+v", what, got, err, s)
			}
		}
		a, b := e.mustSignIn(t), e.mustSignIn(t)
		if a.Secret == b.Secret || a.CSRF == b.CSRF {
			t.Error("two sessions share a secret")
		}
		gone("none", auth.Session{})
		gone("another's CSRF token", auth.Session{Secret: a.CSRF})
		gone("a planted one", auth.Session{Secret: "rps_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"})
		there("fresh", a)
		for range 20 { // every seven hours somebody is there, until the life is over
			e.clock.Advance(7 * time.Hour)
			there("in use", a)
		}
		gone("idle since the start", b)
		for range 4 {
			e.clock.Advance(7*time.Hour - time.Second)
			there("in use", a)
		}
		e.clock.Advance(time.Minute)
		gone("after seven days", a)

		c, d := e.mustSignIn(t), e.mustSignIn(t)
		e.disabled.Store(true)
		gone("of a disabled user", c)
		e.disabled.Store(false)
		if err := e.SignOut(t.Context(), c.Secret); err != nil {
			t.Fatal(err)
		}
		gone("signed out", c)
		there("of the other browser", d)
		if err := e.SignOut(t.Context(), c.Secret); err != nil {
			t.Errorf("signing out twice: %v", err)
		}
		if err := e.SetPassword(t.Context(), e.ann, "ann", "another good password"); err != nil {
			t.Fatal(err)
		}
		gone("after a new password", d)
	})
}

// Looking at a session does not keep it awake; using it does.
func TestCheckingIsNoActivity(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		s := e.mustSignIn(t)
		for range 11 {
			e.clock.Advance(time.Hour)
			if _, err := e.Check(t.Context(), s.Secret); err != nil {
				t.Fatal(err)
			}
		}
		e.clock.Advance(time.Hour + time.Second)
		if _, err := e.Session(t.Context(), s.Secret); !errors.Is(err, auth.ErrSession) {
			t.Errorf("after twelve idle hours: %v", err)
		}
	})
}

func TestPrune(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		e.mustSignIn(t)
		e.clock.Advance(6 * 24 * time.Hour)
		kept := e.mustSignIn(t)
		e.clock.Advance(25 * time.Hour)
		if err := e.Prune(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := len(e.texts(t, "SELECT hash FROM session")); n != 1 {
			t.Errorf("%d sessions are kept", n)
		}
		if n := len(e.texts(t, "SELECT outcome FROM signin")); n != 2 {
			t.Errorf("%d attempts are kept", n)
		}
		e.clock.Advance(365 * 24 * time.Hour)
		if err := e.Prune(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := len(e.texts(t, "SELECT outcome FROM signin")); n != 0 {
			t.Errorf("%d attempts are kept for over a year", n)
		}
		if _, err := e.Session(t.Context(), kept.Secret); !errors.Is(err, auth.ErrSession) {
			t.Error(err)
		}
	})
}

func TestTokens(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		create := func(life time.Duration) string {
			t.Helper()
			token, err := e.CreateToken(t.Context(), e.ann, "script", life)
			if err != nil {
				t.Fatal(err)
			}
			return token
		}
		want := func(what, token string, err error) {
			t.Helper()
			if who, got := e.Token(t.Context(), token); !errors.Is(got, err) || (got == nil) != (who.User == e.ann) {
				t.Errorf("%s: %v, %v", what, who, got)
			}
		}
		forever, hour, revoked := create(0), create(time.Hour), create(0)
		want("without an end", forever, nil)
		want("for an hour", hour, nil)
		for _, s := range []string{"", "rpt_", forever + "x", forever[:len(forever)-1], strings.ToUpper(forever), e.mustSignIn(t).Secret} {
			want("none", s, auth.ErrToken)
		}
		err := e.db.Write(t.Context(), func(tx *sqldb.Tx) error {
			// The revoked one is the last that was made.
			_, err := tx.Exec("UPDATE token SET revokedon = createdon WHERE tokenid = (SELECT tokenid FROM token ORDER BY tokenid DESC LIMIT 1)")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		want("revoked", revoked, auth.ErrToken)
		want("another", forever, nil)
		e.clock.Advance(time.Hour + time.Microsecond)
		want("expired", hour, auth.ErrToken)
		e.clock.Advance(10 * 365 * 24 * time.Hour)
		want("without an end", forever, nil)
		e.disabled.Store(true)
		want("of a disabled user", forever, auth.ErrToken)
	})
}

func TestPasswords(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		for _, p := range []string{"", "ninechars", "äöüäöüäöü", strings.Repeat("x", 257)} {
			if err := e.SetPassword(t.Context(), e.ann, "ann", p); !errs.Has(err, errs.Invalid) || strings.Contains(fmt.Sprint(err), p) && p != "" {
				t.Errorf("%d bytes: %v", len(p), err)
			}
		}
		e.mustSignIn(t) // what could not be set changed nothing
		for _, p := range []string{"tencharact", "äöüßéèêçñø", strings.Repeat("wuzx", 64), auth.RandomPassword()} {
			if err := e.SetPassword(t.Context(), e.ann, "ann", p); err != nil {
				t.Errorf("%d bytes: %v", len(p), err)
			}
			if _, err := e.SignIn(t.Context(), "ann", p, address); err != nil {
				t.Errorf("%d bytes: %v", len(p), err)
			}
		}
		if err := e.SetPassword(t.Context(), id.New(), "ANN", password); err == nil {
			t.Error("two people have the same name")
		}
		if has, err := e.HasOwnPassword(t.Context(), e.ann); err != nil || !has {
			t.Errorf("%v, %v", has, err)
		}
		if has, err := e.HasOwnPassword(t.Context(), id.New()); err != nil || has {
			t.Errorf("%v, %v", has, err)
		}
		seen := map[string]bool{}
		for range 100 {
			p := auth.RandomPassword()
			if len(p) != 23 || seen[p] {
				t.Errorf("%q", p)
			}
			seen[p] = true
		}
	})
}

// Many sign in at once; each gets a session of their own.
func TestConcurrentSignIns(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		var mu sync.Mutex
		secrets := map[string]bool{}
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				s, err := e.SignIn(t.Context(), "ann", password, address)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				secrets[s.Secret] = true
				mu.Unlock()
			})
		}
		wg.Wait()
		if len(secrets) != 8 {
			t.Errorf("%d sessions", len(secrets))
		}
	})
}

func TestTopicKeys(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		file, up := filepath.Join(t.TempDir(), "keys.json"), atomic.Pointer[sqldb.DB]{}
		up.Store(e.db)
		keys := auth.NewTopicKeys(up.Load, e.clock, file, slog.New(slog.DiscardHandler))
		leads, err := e.CreateKey(t.Context(), "leads", "site")
		if err != nil {
			t.Fatal(err)
		}
		want := func(what string, k *auth.TopicKeys, topic, secret string, want bool) {
			t.Helper()
			e.clock.Advance(time.Second) // else an unknown key waits for its turn to be looked up
			if got, err := k.Allowed(t.Context(), topic, secret); got != want || err != nil {
				t.Errorf("%s: %v, %v", what, got, err)
			}
		}
		want("a key made a moment ago", keys, "leads", leads, true)
		want("for another topic", keys, "orders", leads, false)
		for _, s := range []string{"", "rpk_guess", leads + "x"} {
			want("a guess", keys, "leads", s, false)
		}
		orders, err := e.CreateKey(t.Context(), "orders", "shop")
		if err != nil {
			t.Fatal(err)
		}
		want("a second key", keys, "orders", orders, true)
		if _, err := e.CreateKey(t.Context(), "", "x"); !errs.Has(err, errs.Invalid) {
			t.Errorf("a key without a topic: %v", err)
		}

		up.Store(nil) // the database is away
		want("while the database is away", keys, "leads", leads, true)
		restarted := auth.NewTopicKeys(up.Load, e.clock, file, slog.New(slog.DiscardHandler))
		if ok, err := restarted.Recall(); err != nil || !ok {
			t.Fatal(ok, err)
		}
		want("after a restart without it", restarted, "leads", leads, true)
		if ok, err := restarted.Allowed(t.Context(), "leads", "rpk_guess"); ok || !errs.Has(err, errs.Unavailable) {
			t.Errorf("an unknown key without it: %v, %v", ok, err)
		}

		up.Store(e.db)
		revoke(t, e)
		stopped, cancel := context.WithCancel(t.Context())
		defer cancel()
		if err := keys.Start(stopped); err != nil {
			t.Fatal(err)
		}
		defer keys.Stop(t.Context())
		deadline := time.After(time.Minute)
		for {
			if ok, err := keys.Allowed(t.Context(), "leads", leads); err != nil {
				t.Fatal(err)
			} else if !ok {
				return
			}
			select {
			case <-time.After(time.Millisecond): // lets the loop come to its turn
				e.clock.Advance(100 * time.Millisecond)
			case <-deadline:
				t.Fatal("a revoked key goes on working")
			}
		}
	})
}

// A database that takes the question and never answers is away: those who ask
// with an unknown key are told so, all of them, and known keys go on working.
func TestTopicKeysWhileTheDatabaseHangs(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		if e.db.Dialect() == sqldb.SQLite {
			t.Skip("readers wait for nobody")
		}
		var db atomic.Pointer[sqldb.DB]
		db.Store(e.db)
		keys := auth.NewTopicKeys(db.Load, e.clock, "", slog.New(slog.DiscardHandler))
		known, err := e.CreateKey(t.Context(), "leads", "site")
		if err != nil {
			t.Fatal(err)
		}
		if ok, err := keys.Allowed(t.Context(), "leads", known); !ok || err != nil {
			t.Fatal(ok, err)
		}
		e.clock.Advance(time.Second)
		err = e.db.Write(t.Context(), func(tx *sqldb.Tx) error {
			if _, err := tx.Exec("LOCK TABLE topickey IN ACCESS EXCLUSIVE MODE"); err != nil {
				return err
			}
			var all sync.WaitGroup
			began := time.Now()
			for range 4 {
				all.Go(func() {
					if ok, err := keys.Allowed(t.Context(), "leads", "rpk_guess"); ok || !errs.Has(err, errs.Unavailable) {
						t.Errorf("an unknown key: %v, %v", ok, err)
					}
				})
			}
			all.Wait()
			if took := time.Since(began); took > 6*time.Second { // one after another would take eight
				t.Errorf("four who ask waited %v", took)
			}
			if ok, err := keys.Allowed(t.Context(), "leads", known); !ok || err != nil {
				t.Errorf("a known key: %v, %v", ok, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func revoke(t *testing.T, e *env) {
	t.Helper()
	err := e.db.Write(t.Context(), func(tx *sqldb.Tx) error {
		_, err := tx.Exec("UPDATE topickey SET revokedon = createdon")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A key whose scopes name topics publishes to them, until it ends or its user
// does, and to nothing else.
func TestScopedKeysPublish(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		insert := func(text string, args ...any) {
			t.Helper()
			if err := e.db.Write(ctx, func(tx *sqldb.Tx) error { _, err := tx.Exec(text, args...); return err }); err != nil {
				t.Fatal(err)
			}
		}
		p := e.db.Dialect().Placeholder
		ann, err := query.Encode(e.db.Dialect(), query.ID, e.ann)
		if err != nil {
			t.Fatal(err)
		}
		at, err := query.Encode(e.db.Dialect(), query.Time, start)
		if err != nil {
			t.Fatal(err)
		}
		insert("INSERT INTO systemuser (systemuserid, fullname, createdon, modifiedon, versionnumber) VALUES ("+p(1)+", 'Ann', "+p(2)+", "+p(3)+", 1)", ann, at, at)
		key, secret, err := e.CreateAPIKey(ctx, auth.NewKey{User: e.ann, Name: "feed", Life: time.Hour, Scope: "events:leads lead:read"})
		if err != nil {
			t.Fatal(err)
		}
		plain, err := e.CreateToken(ctx, e.ann, "plain", 0)
		if err != nil {
			t.Fatal(err)
		}
		keys := auth.NewTopicKeys(func() *sqldb.DB { return e.db }, e.clock, filepath.Join(t.TempDir(), "keys"), slog.New(slog.DiscardHandler))
		allowed := func(topic, secret string, want bool) {
			t.Helper()
			if err := keys.Refresh(ctx); err != nil {
				t.Fatal(err)
			}
			if got, err := keys.Allowed(ctx, topic, secret); err != nil || got != want {
				t.Errorf("%s: %v, %v; want %v", topic, got, err, want)
			}
		}
		allowed("leads", secret, true)
		allowed("web", secret, false)
		if err := e.RevokeAPIKey(ctx, e.ann, key); err != nil {
			t.Fatal(err)
		}
		list, err := e.APIKeys(ctx, e.ann)
		if err != nil || len(list) != 1 || list[0].Name != "plain" {
			t.Errorf("%+v, %v", list, err)
		}
		allowed("leads", secret, false)
		e.clock.Advance(time.Second) // strange keys are looked up only so often
		allowed("web", plain, false)
		_, brief, err := e.CreateAPIKey(ctx, auth.NewKey{User: e.ann, Name: "brief", Life: time.Hour, Scope: "events:*"})
		if err != nil {
			t.Fatal(err)
		}
		allowed("anything", brief, true)
		e.clock.Advance(time.Hour)
		allowed("anything", brief, false)
	})
}
