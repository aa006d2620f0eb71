package auth

import (
	"context"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// Params is the cost of one password hash. The default is the second of
// OWASP's recommended settings; tests take a cheaper one.
type Params = argon2id.Params

// DefaultParams costs about 30 ms and 19 MiB.
func DefaultParams() Params {
	return Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}
}

// A password is at least 10 characters, as NIST's guidance of length over
// composition has it, and short enough not to be a way of wasting our time.
const (
	passwordMin = 10
	passwordMax = 256
)

func checkPassword(password string) error {
	if n := utf8.RuneCountInString(password); n < passwordMin || len(password) > passwordMax {
		return errs.New(errs.Invalid, "auth.password", "a password has between %d and %d characters", passwordMin, passwordMax)
	}
	return nil
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
