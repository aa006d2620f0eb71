package auth

import (
	"context"
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/limit"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// nameMax is how many bytes the name of an attempt may have.
const nameMax = 1024

// SetPassword gives a user a name to sign in with and a password. All open
// sessions of the user end.
func (a *Auth) SetPassword(ctx context.Context, user id.ID, name, password string) error {
	return a.setPassword(ctx, user, name, password, func(tx *sqldb.Tx, who any) error {
		_, err := tx.Exec("DELETE FROM session WHERE userid = "+tx.Dialect().Placeholder(1), who)
		return err
	})
}

// setPassword keeps a password; end ends the sessions that end with it.
func (a *Auth) setPassword(ctx context.Context, user id.ID, name, password string, end func(tx *sqldb.Tx, who any) error) error {
	if err := checkPassword(password, name); err != nil {
		return err
	}
	hash, err := a.hash(ctx, password)
	if err != nil {
		return err
	}
	d := a.o.DB.Dialect()
	e := encoder{d: d}
	who, now := e.id(user), e.time(a.o.Clock.Now())
	if e.err != nil {
		return e.err
	}
	p := d.Placeholder
	return a.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		if err := tx.Lock("credential " + user.String()); err != nil {
			return err
		}
		if err := end(tx, who); err != nil {
			return err
		}
		_, err := tx.Exec("INSERT INTO credential (userid, username, passwordhash, changedon) VALUES ("+p(1)+", "+p(2)+", "+p(3)+", "+p(4)+
			") ON CONFLICT (userid) DO UPDATE SET username = excluded.username, passwordhash = excluded.passwordhash, changedon = excluded.changedon",
			who, query.Fold(strings.TrimSpace(name)), hash, now)
		return err
	})
}

func (a *Auth) credential(ctx context.Context, name string) (user id.ID, hash string, found bool, err error) {
	var raw any
	found, err = a.o.DB.QueryRow(ctx, "SELECT userid, passwordhash FROM credential WHERE username = "+a.o.DB.Dialect().Placeholder(1),
		[]any{query.Fold(strings.TrimSpace(name))}, &raw, &hash)
	if err != nil || !found {
		return id.Nil, "", false, err
	}
	user, err = decodeID(a.o.DB.Dialect(), raw)
	return user, hash, true, err
}

// SignIn opens a session, or gives *FactorRequired if the user has a second
// factor to show as well.
func (a *Auth) SignIn(ctx context.Context, name, password string, from From) (Session, error) {
	address := from.Address
	if len(name) > nameMax || !utf8.ValidString(name) || strings.ContainsRune(name, 0) {
		return Session{}, ErrWrong // nobody is called that; limits are kept by name, and PostgreSQL takes no NUL
	}
	folded := query.Fold(strings.TrimSpace(name))
	if err := a.slow(ctx, folded, address); err != nil {
		return Session{}, err
	}
	user, hash, found, err := a.credential(ctx, name)
	if err != nil {
		return Session{}, err
	}
	if !found {
		hash = a.decoy
	}
	ok, err := a.verify(ctx, password, hash)
	if err != nil {
		return Session{}, err
	}
	if !ok || !found || !a.o.Known(user) {
		a.log(ctx, folded, user, address, "refused")
		return Session{}, ErrWrong
	}
	a.byName.Forget(folded)
	_, kinds, err := a.second(ctx, user)
	if err != nil {
		return Session{}, err
	}
	if len(kinds) > 0 {
		challenge, err := a.begin(ctx, challengeFactor, challenge{user: user, detail: hash}, challengeLife)
		if err != nil {
			return Session{}, err
		}
		return Session{}, &FactorRequired{Challenge: challenge, Kinds: kinds}
	}
	a.log(ctx, folded, user, address, "signed in")
	return a.open(ctx, opening{user: user, hash: hash, method: "password", from: from})
}

// slow refuses attempts that come too fast, by address and by name. A flood of
// them must cost the database little, so only the first few are logged.
func (a *Auth) slow(ctx context.Context, name, address string) error {
	from := network(address)
	wait, ok := a.byAddr.Allow(from)
	if ok {
		wait, ok = a.byName.Allow(name)
	}
	if ok {
		return nil
	}
	if _, note := a.noted.Allow(from); note {
		a.log(ctx, name, id.Nil, address, "slowed")
	}
	return tooMany(wait)
}

func tooMany(wait time.Duration) error {
	e := errs.New(errs.TooMany, "auth.too_many", "too many attempts to sign in: wait a little and try again")
	e.RetryAfter = wait
	return e
}

// network gives what counts as one origin of attempts.
func network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	return limit.Network(ip)
}

// log writes the sign-in log. An attempt is not refused because the log can't be
// written just then; opening a session would fail for the same reason anyway.
func (a *Auth) log(ctx context.Context, name string, user id.ID, address, outcome string) {
	d := a.o.DB.Dialect()
	e := encoder{d: d}
	var who any
	if user != id.Nil {
		who = e.id(user)
	}
	now := e.time(a.o.Clock.Now())
	if e.err != nil {
		return
	}
	if len(name) > 256 {
		name = name[:256]
	}
	p := d.Placeholder
	_ = a.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec("INSERT INTO signin (at, username, userid, address, outcome) VALUES ("+p(1)+", "+p(2)+", "+p(3)+", "+p(4)+", "+p(5)+")",
			now, strings.ToValidUTF8(name, ""), who, address, outcome) // cut, it may end in half a character
		return err
	})
}
