package auth

import (
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Params is the cost of one password hash. The default is the second of
// OWASP's recommended settings; tests take a cheaper one.
type Params = argon2id.Params

// DefaultParams costs about 30 ms and 19 MiB.
func DefaultParams() Params {
	return Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}
}

// A password is at least 10 characters, as NIST's guidance of length over
// composition has it, short enough not to be a way of wasting our time, and
// none that a guesser tries first.
const (
	passwordMin = 10
	passwordMax = 256
)

// checkPassword refuses passwords that are too easy. name is what the user
// signs in by; "" if it does not matter.
func checkPassword(password, name string) error {
	if n := utf8.RuneCountInString(password); n < passwordMin || len(password) > passwordMax {
		return errs.New(errs.Invalid, "auth.password", "a password has between %d and %d characters", passwordMin, passwordMax)
	}
	if easy(query.Fold(password), query.Fold(strings.TrimSpace(name))) {
		return errs.New(errs.Invalid, "auth.password_easy", "this password would be guessed early: take several words, or something a password manager makes up")
	}
	return nil
}

// commonWords are what guessers begin with, beside the user's name; digits and
// signs around them change little.
var commonWords = []string{"password", "passwort", "qwertyuiop", "qwertz", "qwerty", "letmein", "welcome", "willkommen", "administrator", "admin", "iloveyou", "changeme", "rapport", "secret", "geheim", "sunshine", "princess", "football", "dragon", "monkey", "master"}

// easy tells whether a folded password is a common word or the name with some
// digits or signs, or a run of neighbours or of one character.
func easy(password, name string) bool {
	different := map[rune]bool{}
	rising, falling, last := 0, 0, rune(-10)
	for _, c := range password {
		different[c] = true
		if c == last+1 {
			rising++
		}
		if c == last-1 {
			falling++
		}
		last = c
	}
	n := utf8.RuneCountInString(password)
	if len(different) < 4 || rising >= n-2 || falling >= n-2 {
		return true
	}
	core := strings.TrimFunc(password, func(r rune) bool { return !unicode.IsLetter(r) })
	core = strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "@", "a", "$", "s").Replace(core)
	local, _, _ := strings.Cut(name, "@")
	return slices.Contains(commonWords, core) || len(local) >= 4 && (core == local || password == name)
}

// hash makes the stored form of a password; few at a time, as each takes much memory.
func (a *Auth) hash(ctx context.Context, password string) (string, error) {
	if err := a.hashing.Acquire(ctx, 1); err != nil {
		return "", err
	}
	defer a.hashing.Release(1)
	return argon2id.CreateHash(password, &a.o.Params)
}

// verify compares a password with a stored form.
func (a *Auth) verify(ctx context.Context, password, stored string) (bool, error) {
	if len(password) > passwordMax {
		return false, nil
	}
	if err := a.hashing.Acquire(ctx, 1); err != nil {
		return false, err
	}
	defer a.hashing.Release(1)
	return argon2id.ComparePasswordAndHash(password, stored)
}
