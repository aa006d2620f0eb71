package auth_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/auth"
)

// code gives what the authenticator app shows now.
func (e *env) code(t *testing.T, seed string) string {
	t.Helper()
	c, err := totp.GenerateCode(seed, e.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// enrol adds an authenticator app and gives its seed and the recovery codes.
func (e *env) enrol(t *testing.T) (seed string, recovery []string) {
	t.Helper()
	added, err := e.EnrolTOTP(t.Context(), e.ann, "ann@example.com", "Phone")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(added.URL, "otpauth://totp/") {
		t.Errorf("%.20s", added.URL)
	}
	recovery, err = e.ConfirmTOTP(t.Context(), e.ann, added.Factor, e.code(t, added.Secret))
	if err != nil {
		t.Fatal(err)
	}
	e.clock.Advance(30 * time.Second) // that code is used up
	return added.Secret, recovery
}

// asked signs in with the password and gives the challenge of the second factor.
func (e *env) asked(t *testing.T) string {
	t.Helper()
	_, err := e.SignIn(t.Context(), "ann", password, address)
	var more *auth.FactorRequired
	if !errors.As(err, &more) || !slices.Contains(more.Kinds, auth.FactorTOTP) {
		t.Fatalf("no second factor is asked for: %v", err)
	}
	return more.Challenge
}

func TestSecondFactor(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		pending, err := e.EnrolTOTP(t.Context(), e.ann, "ann", "")
		if err != nil {
			t.Fatal(err)
		}
		e.mustSignIn(t) // one that was never confirmed asks for nothing
		if _, err := e.ConfirmTOTP(t.Context(), id.New(), pending.Factor, e.code(t, pending.Secret)); !errs.Has(err, errs.NotFound) {
			t.Errorf("another user confirms it: %v", err)
		}
		seed, _ := e.enrol(t)
		for _, wrong := range []string{"", "000000x", "12345", strings.Repeat("1", 100), "\x00"} {
			if _, err := e.Second(t.Context(), e.asked(t), wrong, address); !errs.Has(err, errs.Unauthenticated) {
				t.Errorf("%q: %v", wrong, err)
			}
			e.clock.Advance(time.Minute)
		}
		challenge, code := e.asked(t), e.code(t, seed)
		s, err := e.Second(t.Context(), challenge, code, address)
		if err != nil || s.User != e.ann {
			t.Fatal(s, err)
		}
		if _, err := e.Second(t.Context(), challenge, code, address); !errors.Is(err, auth.ErrChallenge) {
			t.Errorf("the challenge again: %v", err)
		}
		if _, err := e.Second(t.Context(), e.asked(t), code, address); !errs.Has(err, errs.Unauthenticated) {
			t.Errorf("the code again: %v", err)
		}
		late := e.asked(t)
		e.clock.Advance(5*time.Minute + time.Second)
		if _, err := e.Second(t.Context(), late, e.code(t, seed), address); !errors.Is(err, auth.ErrChallenge) {
			t.Errorf("after five minutes: %v", err)
		}
		kept := strings.Join(e.texts(t, "SELECT secret FROM factor"), " ")
		if strings.Contains(kept, seed) {
			t.Error("a seed is stored as it is")
		}
		all, err := e.Factors(t.Context(), e.ann)
		if err != nil || len(all) != 1 || all[0].Name != "Phone" || all[0].Used.IsZero() {
			t.Errorf("%+v, %v", all, err)
		}
		if err := e.RemoveFactor(t.Context(), e.ann, all[0].ID); err != nil {
			t.Fatal(err)
		}
		e.mustSignIn(t)
		if left := e.texts(t, "SELECT kind FROM factor WHERE confirmed = 1"); len(left) != 0 {
			t.Errorf("recovery codes of no factor are left: %v", left)
		}
	})
}

func TestGuessingCodes(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		seed, _ := e.enrol(t)
		challenge := e.asked(t)
		for i := range 5 {
			if _, err := e.Second(t.Context(), challenge, fmt.Sprintf("%06d", i), address); !errs.Has(err, errs.Unauthenticated) {
				t.Fatalf("guess %d: %v", i, err)
			}
		}
		if _, err := e.Second(t.Context(), challenge, e.code(t, seed), address); !errors.Is(err, auth.ErrChallenge) {
			t.Errorf("the sixth guess of one challenge: %v", err)
		}
		// Beginning anew with the password does not help: guesses of a user are slowed.
		var slowed error
		for i := range 8 {
			e.clock.Advance(3 * time.Second)
			_, err := e.SignIn(t.Context(), "ann", password, auth.From{Address: fmt.Sprint("192.0.2.", i)})
			var more *auth.FactorRequired
			if !errors.As(err, &more) {
				t.Fatal(err)
			}
			if _, err := e.Second(t.Context(), more.Challenge, "000000", address); errs.Has(err, errs.TooMany) {
				slowed = err
			}
		}
		if slowed == nil {
			t.Error("guesses are never slowed")
		}
	})
}

func TestRecoveryCodes(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		_, codes := e.enrol(t)
		if len(codes) != 10 || len(slices.Compact(slices.Sorted(slices.Values(codes)))) != 10 {
			t.Fatal(codes)
		}
		if _, err := e.Second(t.Context(), e.asked(t), " "+strings.ToUpper(codes[3])+" ", address); err != nil {
			t.Error(err)
		}
		if _, err := e.Second(t.Context(), e.asked(t), codes[3], address); !errs.Has(err, errs.Unauthenticated) {
			t.Errorf("a recovery code again: %v", err)
		}
		kept := strings.Join(e.texts(t, "SELECT handle FROM factor"), " ")
		for _, c := range codes {
			if strings.Contains(kept, strings.ReplaceAll(c, "-", "")) || strings.Contains(kept, c) {
				t.Error("a recovery code is stored as it is")
			}
		}
		// The same code twice at the same moment: one gets in.
		var in atomic.Int32
		var all sync.WaitGroup
		challenges := []string{e.asked(t), e.asked(t), e.asked(t)}
		for _, c := range challenges {
			all.Go(func() {
				_, err := e.Second(t.Context(), c, codes[4], address)
				if err == nil {
					in.Add(1)
				} else if !errs.Has(err, errs.Unauthenticated) {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if in.Load() != 1 {
			t.Errorf("%d got in by one code", in.Load())
		}
	})
}

// The password is changed between the two steps: the second opens nothing.
func TestPasswordChangedBetweenTheSteps(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		seed, _ := e.enrol(t)
		challenge := e.asked(t)
		if err := e.SetPassword(t.Context(), e.ann, "ann", "another good password"); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Second(t.Context(), challenge, e.code(t, seed), address); !errors.Is(err, auth.ErrWrong) {
			t.Error(err)
		}
	})
}

func TestResetLinks(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		s := e.mustSignIn(t)
		link, err := e.BeginReset(t.Context(), e.ann, "ann")
		if err != nil {
			t.Fatal(err)
		}
		other, err := e.BeginReset(t.Context(), e.ann, "ann")
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Reset(t.Context(), link, "short"); !errs.Has(err, errs.Invalid) {
			t.Error(err)
		}
		if err := e.Reset(t.Context(), link, "a fresh long password"); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Check(t.Context(), s.Secret); !errors.Is(err, auth.ErrSession) {
			t.Errorf("an old session: %v", err)
		}
		for what, l := range map[string]string{"the same": link, "the other": other, "a made up": "rpc_x"} {
			if err := e.Reset(t.Context(), l, "one more long password"); !errors.Is(err, auth.ErrChallenge) {
				t.Errorf("%s link: %v", what, err)
			}
		}
		if _, err := e.SignIn(t.Context(), "ann", "a fresh long password", address); err != nil {
			t.Error(err)
		}
		late, err := e.BeginReset(t.Context(), e.ann, "ann")
		if err != nil {
			t.Fatal(err)
		}
		e.clock.Advance(time.Hour + time.Second)
		if err := e.Reset(t.Context(), late, "one more long password"); !errors.Is(err, auth.ErrChallenge) {
			t.Errorf("after an hour: %v", err)
		}
	})
}

func TestChangingOnesPassword(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		mine, other := e.mustSignIn(t), e.mustSignIn(t)
		if err := e.ChangePassword(t.Context(), e.ann, "not my password", "a fresh long password", mine.Secret); !errs.Has(err, errs.Invalid) {
			t.Error(err)
		}
		if err := e.ChangePassword(t.Context(), e.ann, password, "a fresh long password", mine.Secret); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Check(t.Context(), mine.Secret); err != nil {
			t.Errorf("the session that asked: %v", err)
		}
		if _, err := e.Check(t.Context(), other.Secret); !errors.Is(err, auth.ErrSession) {
			t.Errorf("the other session: %v", err)
		}
		for _, easy := range []string{"P@ssw0rd!!", "Password123456", "aaaaaaaaaaaa", "12345678901", "abcdefghijkl", "Willkommen2026", "rapport!!!!2026"} {
			if err := e.SetPassword(t.Context(), e.ann, "ann", easy); errs.CodeOf(err) != "auth.password_easy" {
				t.Errorf("%s: %v", easy, err)
			}
		}
		if err := e.SetPassword(t.Context(), e.ann, "annabel.lee@example.com", "annabel.lee"); errs.CodeOf(err) != "auth.password_easy" {
			t.Errorf("the own name: %v", err)
		}
	})
}

func TestSessionList(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		open := func(agent string) auth.Session {
			s, err := e.SignIn(t.Context(), "ann", password, auth.From{Address: "192.0.2.9", Agent: agent})
			if err != nil {
				t.Fatal(err)
			}
			e.clock.Advance(time.Minute)
			return s
		}
		a, b, c := open("Firefox"), open(strings.Repeat("x", 5000)+"\x00\xff"), open("")
		list, err := e.Sessions(t.Context(), e.ann, a.Secret)
		if err != nil || len(list) != 3 || !list[2].Current || list[2].Agent != "Firefox" || list[2].Address != "192.0.2.9" || list[2].Method != "password" || list[1].Current {
			t.Fatalf("%+v, %v", list, err)
		}
		if err := e.Revoke(t.Context(), id.New(), list[1].ID); !errs.Has(err, errs.NotFound) {
			t.Errorf("another user ends it: %v", err)
		}
		if err := e.Revoke(t.Context(), e.ann, list[1].ID); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Check(t.Context(), b.Secret); !errors.Is(err, auth.ErrSession) {
			t.Error(err)
		}
		if err := e.RevokeOthers(t.Context(), e.ann, a.Secret); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Check(t.Context(), c.Secret); !errors.Is(err, auth.ErrSession) {
			t.Error(err)
		}
		if _, err := e.Check(t.Context(), a.Secret); err != nil {
			t.Error(err)
		}
		log, next, err := e.Attempts(t.Context(), e.ann, 0, 2)
		if err != nil || len(log) != 2 || log[0].Outcome != "signed in" || log[0].User != e.ann {
			t.Fatalf("%+v, %v", log, err)
		}
		if older, _, err := e.Attempts(t.Context(), id.Nil, next, 100); err != nil || len(older) != 1 {
			t.Errorf("%+v, %v", older, err)
		}
	})
}
