package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// The kinds of factor.
const (
	FactorTOTP     = "totp"     // six digits of an authenticator app (RFC 6238)
	FactorPasskey  = "passkey"  // a key in a device, unlocked there (WebAuthn)
	FactorRecovery = "recovery" // a code on paper that works once
)

const (
	totpPeriod    = 30 // seconds
	recoveryCodes = 10
)

// Factor is a way of showing who one is, besides the password.
type Factor struct {
	ID      id.ID
	Kind    string
	Name    string
	Created time.Time
	Used    time.Time // zero if never
}

// FactorRequired says that the password was right and that a second factor must
// follow, by the secret of the challenge, within five minutes.
type FactorRequired struct {
	Challenge string
	Kinds     []string
}

// Error implements error.
func (*FactorRequired) Error() string { return "auth.factor: a second factor is asked for" }

var errFactor = errs.New(errs.Unauthenticated, "auth.factor", "the code is wrong or was used already")

// Factors lists the confirmed factors of a user; recovery codes are left out.
func (a *Auth) Factors(ctx context.Context, user id.ID) ([]Factor, error) {
	all, err := a.factors(ctx, user)
	if err != nil {
		return nil, err
	}
	out := []Factor{}
	for _, f := range all {
		if f.confirmed && f.Kind != FactorRecovery {
			out = append(out, f.Factor)
		}
	}
	return out, nil
}

// factor is a factor as kept.
type factor struct {
	Factor
	secret    string
	confirmed bool
	last      int64
}

func (a *Auth) factors(ctx context.Context, user id.ID) (out []factor, err error) {
	d := a.o.DB.Dialect()
	e := encoder{d: d}
	who := e.id(user)
	if e.err != nil {
		return nil, e.err
	}
	rows, err := a.o.DB.Query(ctx, "SELECT factorid, kind, name, secret, confirmed, laststep, createdon, usedon FROM factor WHERE userid = "+d.Placeholder(1)+" ORDER BY createdon, factorid", who)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var f factor
		var key, made, used any
		var confirmed int64
		if err := rows.Scan(&key, &f.Kind, &f.Name, &f.secret, &confirmed, &f.last, &made, &used); err != nil {
			return nil, err
		}
		f.confirmed = confirmed != 0
		if f.ID, err = decodeID(d, key); err != nil {
			return nil, err
		}
		if f.Created, err = decodeTime(d, made); err != nil {
			return nil, err
		}
		if f.Used, err = decodeTime(d, used); err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, rows.Err()
}

// addFactor keeps a factor. handle is what it is found by, unique among all.
func (a *Auth) addFactor(tx *sqldb.Tx, user id.ID, f factor, handle string) error {
	e := encoder{d: tx.Dialect()}
	confirmed := int64(0)
	if f.confirmed {
		confirmed = 1
	}
	args := []any{e.id(f.ID), e.id(user), f.Kind, f.Name, handle, f.secret, confirmed, f.last, e.time(a.o.Clock.Now())}
	if e.err != nil {
		return e.err
	}
	p := e.d.Placeholder
	_, err := tx.Exec("INSERT INTO factor (factorid, userid, kind, name, handle, secret, confirmed, laststep, createdon) VALUES ("+
		p(1)+", "+p(2)+", "+p(3)+", "+p(4)+", "+p(5)+", "+p(6)+", "+p(7)+", "+p(8)+", "+p(9)+")", args...)
	return err
}

// Enrolment is a new authenticator app that has yet to show its first code.
type Enrolment struct {
	Factor id.ID
	Secret string // base32, for typing
	URL    string // otpauth://, for a QR code
}

// EnrolTOTP begins to add an authenticator app. account names the user in the app.
func (a *Auth) EnrolTOTP(ctx context.Context, user id.ID, account, name string) (Enrolment, error) {
	key, err := totp.Generate(totp.GenerateOpts{Issuer: "Rapport", AccountName: account, Period: totpPeriod, SecretSize: 20})
	if err != nil {
		return Enrolment{}, errs.Wrap(err, errs.Invalid, "auth.totp", "an authenticator can't be added for this account")
	}
	f := factor{Factor: Factor{ID: id.New(), Kind: FactorTOTP, Name: label(name, "Authenticator")}}
	f.secret = a.o.Secrets.Seal(place(f.ID), []byte(key.Secret()))
	err = a.o.DB.Write(ctx, func(tx *sqldb.Tx) error { return a.addFactor(tx, user, f, f.ID.String()) })
	return Enrolment{f.ID, key.Secret(), key.URL()}, err
}

func place(factor id.ID) string { return "factor " + factor.String() }

// label bounds the name that a person gives a factor.
func label(name, otherwise string) string {
	name = strings.ToValidUTF8(strings.ReplaceAll(strings.TrimSpace(name), "\x00", ""), "")
	if r := []rune(name); len(r) > 60 {
		name = string(r[:60])
	}
	if name == "" {
		return otherwise
	}
	return name
}

// ConfirmTOTP finishes adding an authenticator by its first code. The recovery
// codes given back are shown once; they replace those the user had.
func (a *Auth) ConfirmTOTP(ctx context.Context, user, which id.ID, code string) (recovery []string, err error) {
	all, err := a.factors(ctx, user)
	if err != nil {
		return nil, err
	}
	for _, f := range all {
		if f.ID != which || f.Kind != FactorTOTP || f.confirmed {
			continue
		}
		if wait, ok := a.byName.Allow("totp " + user.String()); !ok {
			return nil, tooMany(wait)
		}
		step, err := a.totpStep(f, code)
		if err != nil {
			return nil, err
		}
		recovery = make([]string, recoveryCodes)
		err = a.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
			if err := a.useStep(tx, f.ID, step); err != nil {
				return err
			}
			return a.newRecovery(tx, user, recovery)
		})
		return recovery, err
	}
	return nil, errs.New(errs.NotFound, "auth.factor_unknown", "there is no such authenticator waiting for its first code")
}

// totpStep gives the time step whose code this is: one of now, the one before
// and the one after, for clocks that differ a little.
func (a *Auth) totpStep(f factor, code string) (int64, error) {
	seed, err := a.o.Secrets.Unseal(place(f.ID), f.secret)
	if err != nil {
		return 0, err
	}
	code = strings.ReplaceAll(strings.TrimSpace(code), " ", "")
	now := a.o.Clock.Now().Unix() / totpPeriod
	for _, step := range []int64{now, now - 1, now + 1} {
		want, err := hotp.GenerateCodeCustom(string(seed), uint64(step), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err != nil {
			return 0, err
		}
		if subtle.ConstantTimeCompare([]byte(code), []byte(want)) == 1 {
			return step, nil
		}
	}
	return 0, errFactor
}

// useStep notes that a code was used, so that nobody who has seen it can use it
// again, and confirms the factor.
func (a *Auth) useStep(tx *sqldb.Tx, which id.ID, step int64) error {
	e := encoder{d: tx.Dialect()}
	args := []any{step, e.time(a.o.Clock.Now()), e.id(which), step}
	if e.err != nil {
		return e.err
	}
	p := e.d.Placeholder
	n, err := tx.Exec("UPDATE factor SET laststep = "+p(1)+", confirmed = 1, usedon = "+p(2)+" WHERE factorid = "+p(3)+" AND laststep < "+p(4), args...)
	if err == nil && n == 0 {
		return errFactor
	}
	return err
}

// newRecovery replaces a user's recovery codes. They are kept as hashes.
func (a *Auth) newRecovery(tx *sqldb.Tx, user id.ID, into []string) error {
	e := encoder{d: tx.Dialect()}
	who := e.id(user)
	if e.err != nil {
		return e.err
	}
	p := e.d.Placeholder
	if _, err := tx.Exec("DELETE FROM factor WHERE userid = "+p(1)+" AND kind = "+p(2), who, FactorRecovery); err != nil {
		return err
	}
	for i := range into {
		var raw [10]byte
		rand.Read(raw[:])
		text := strings.ToLower(base32.StdEncoding.EncodeToString(raw[:]))
		into[i] = text[:4] + "-" + text[4:8] + "-" + text[8:12] + "-" + text[12:]
		if err := a.addFactor(tx, user, factor{Factor: Factor{ID: id.New(), Kind: FactorRecovery, Name: "Recovery code"}, confirmed: true}, recoveryHandle(user, into[i])); err != nil {
			return err
		}
	}
	return nil
}

func recoveryHandle(user id.ID, code string) string {
	return hashSecret("recovery " + user.String() + " " + query.Fold(strings.ReplaceAll(strings.TrimSpace(code), "-", "")))
}

// RemoveFactor takes a factor away. With the last one the recovery codes go.
func (a *Auth) RemoveFactor(ctx context.Context, user, which id.ID) error {
	e := encoder{d: a.o.DB.Dialect()}
	who, key := e.id(user), e.id(which)
	if e.err != nil {
		return e.err
	}
	p := e.d.Placeholder
	return a.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		n, err := tx.Exec("DELETE FROM factor WHERE userid = "+p(1)+" AND factorid = "+p(2)+" AND kind <> "+p(3), who, key, FactorRecovery)
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.New(errs.NotFound, "auth.factor_unknown", "there is no such factor")
		}
		_, err = tx.Exec("DELETE FROM factor WHERE userid = "+p(1)+" AND kind = "+p(2)+" AND NOT EXISTS (SELECT 1 FROM factor o WHERE o.userid = "+p(3)+" AND o.kind <> "+p(4)+" AND o.confirmed = 1)", who, FactorRecovery, who, FactorRecovery)
		return err
	})
}

// second lists the kinds that can stand as second factor of a user.
func (a *Auth) second(ctx context.Context, user id.ID) ([]factor, []string, error) {
	all, err := a.factors(ctx, user)
	if err != nil {
		return nil, nil, err
	}
	var kinds []string
	app := false
	for _, f := range all {
		app = app || f.confirmed && f.Kind == FactorTOTP
	}
	if app {
		kinds = []string{FactorTOTP, FactorRecovery}
	}
	return all, kinds, nil
}

// Second finishes signing in by the code of an authenticator, or by a recovery code.
func (a *Auth) Second(ctx context.Context, challenge, code string, from From) (Session, error) {
	c, err := a.attempt(ctx, challengeFactor, challenge)
	if err != nil {
		return Session{}, err
	}
	if wait, ok := a.byName.Allow("totp " + c.user.String()); !ok {
		return Session{}, tooMany(wait)
	}
	all, _, err := a.second(ctx, c.user)
	if err != nil {
		return Session{}, err
	}
	use, err := a.judge(all, c.user, code)
	if err != nil {
		a.log(ctx, "", c.user, from.Address, "refused at the second factor")
		return Session{}, err
	}
	s, err := a.open(ctx, opening{user: c.user, hash: c.detail, method: "password and code", from: from, also: func(tx *sqldb.Tx) error {
		if err := finish(tx, challenge); err != nil {
			return err
		}
		return use(tx)
	}})
	switch {
	case err == nil:
		a.byName.Forget("totp " + c.user.String())
		a.log(ctx, "", c.user, from.Address, "signed in with a second factor")
	case errs.CodeOf(err) == errFactor.Code: // a code that was used already
		a.log(ctx, "", c.user, from.Address, "refused at the second factor")
	}
	return s, err
}

// judge finds what a code belongs to and gives how it is used up.
func (a *Auth) judge(all []factor, user id.ID, code string) (func(*sqldb.Tx) error, error) {
	for _, f := range all {
		if f.Kind != FactorTOTP || !f.confirmed {
			continue
		}
		step, err := a.totpStep(f, code)
		if err == nil {
			return func(tx *sqldb.Tx) error { return a.useStep(tx, f.ID, step) }, nil
		}
		if !errs.Has(err, errs.Unauthenticated) {
			return nil, err
		}
	}
	if len(code) < 16 || len(code) > 40 {
		return nil, errFactor
	}
	return func(tx *sqldb.Tx) error {
		p := tx.Dialect().Placeholder
		n, err := tx.Exec("DELETE FROM factor WHERE handle = "+p(1)+" AND kind = "+p(2), recoveryHandle(user, code), FactorRecovery)
		if err == nil && n == 0 {
			return errFactor
		}
		return err
	}, nil
}
