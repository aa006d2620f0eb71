package auth

import (
	"context"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
)

const (
	sessionIdle = 12 * time.Hour     // without a request
	sessionLife = 7 * 24 * time.Hour // in all
	seenEvery   = 5 * time.Minute    // how precisely "last seen" is kept
)

// Session is an open session. Secret is in the cookie and nowhere else.
type Session struct {
	Secret  string
	User    id.ID
	CSRF    string // must come back in a header with every write
	Expires time.Time
}

// From is where somebody comes from.
type From struct {
	Address string // IP address
	Agent   string // what the browser says of itself; untrusted, shown to its own user
}

// opening is what a new session rests on.
type opening struct {
	user   id.ID
	hash   string // of the password that was shown; "" if none was
	method string // how the user has shown who it is
	from   From
	also   func(*sqldb.Tx) error // done in the same transaction
}

// open makes a session. If it rests on a password that has been changed
// meanwhile, it opens nothing: the change ends all sessions, and one that came
// in behind it would go on.
func (a *Auth) open(ctx context.Context, o opening) (Session, error) {
	now := a.o.Clock.Now()
	s := Session{Secret: newSecret("rps_"), User: o.user, CSRF: newSecret(""), Expires: now.Add(sessionLife)}
	d := a.o.DB.Dialect()
	e := encoder{d: d}
	who := e.id(o.user)
	args := []any{hashSecret(s.Secret), who, s.CSRF, e.time(now), e.time(now), e.time(s.Expires), e.id(id.New()), o.from.Address, label(o.from.Agent, ""), o.method}
	if e.err != nil {
		return Session{}, e.err
	}
	p := d.Placeholder
	err := a.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		if err := tx.Lock("credential " + o.user.String()); err != nil {
			return err
		}
		if o.hash != "" {
			var now string
			found, err := tx.QueryRow("SELECT passwordhash FROM credential WHERE userid = "+p(1), []any{who}, &now)
			if err != nil {
				return err
			}
			if !found || now != o.hash {
				return ErrWrong
			}
		}
		if o.also != nil {
			if err := o.also(tx); err != nil {
				return err
			}
		}
		_, err := tx.Exec("INSERT INTO session (hash, userid, csrf, createdon, seenon, expireson, sessionid, address, agent, method) VALUES ("+
			p(1)+", "+p(2)+", "+p(3)+", "+p(4)+", "+p(5)+", "+p(6)+", "+p(7)+", "+p(8)+", "+p(9)+", "+p(10)+")", args...)
		return err
	})
	return s, err
}

// Session finds the session of a cookie and counts as activity of its user.
func (a *Auth) Session(ctx context.Context, secret string) (Session, error) {
	s, last, err := a.find(ctx, secret)
	if err != nil {
		return Session{}, err
	}
	if now := a.o.Clock.Now(); now.Sub(last) > seenEvery {
		return s, a.touchIn(ctx, "session", secret, now)
	}
	return s, nil
}

// Check finds the session of a cookie without counting as activity, for what
// goes on by itself while nobody may be there.
func (a *Auth) Check(ctx context.Context, secret string) (Session, error) {
	s, _, err := a.find(ctx, secret)
	return s, err
}

// find gives a session that holds, and when its user was last seen.
func (a *Auth) find(ctx context.Context, secret string) (Session, time.Time, error) {
	d := a.o.DB.Dialect()
	s := Session{Secret: secret}
	var user, seen, expires any
	found, err := a.o.DB.QueryRow(ctx, "SELECT userid, csrf, seenon, expireson FROM session WHERE hash = "+d.Placeholder(1), []any{hashSecret(secret)}, &user, &s.CSRF, &seen, &expires)
	if err != nil {
		return Session{}, time.Time{}, err
	}
	if !found {
		return Session{}, time.Time{}, ErrSession
	}
	if s.User, err = decodeID(d, user); err != nil {
		return Session{}, time.Time{}, err
	}
	last, err := decodeTime(d, seen)
	if err != nil {
		return Session{}, time.Time{}, err
	}
	if s.Expires, err = decodeTime(d, expires); err != nil {
		return Session{}, time.Time{}, err
	}
	now := a.o.Clock.Now()
	if now.After(s.Expires) || now.Sub(last) > sessionIdle || !a.o.Known(s.User) {
		return Session{}, time.Time{}, ErrSession
	}
	return s, last, nil
}

// touchIn notes in a table of sessions when one was last used.
func (a *Auth) touchIn(ctx context.Context, table, secret string, now time.Time) error {
	d := a.o.DB.Dialect()
	e := encoder{d: d}
	at := e.time(now)
	if e.err != nil {
		return e.err
	}
	return a.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec("UPDATE "+table+" SET seenon = "+d.Placeholder(1)+" WHERE hash = "+d.Placeholder(2), at, hashSecret(secret))
		return err
	})
}

// SignOut ends a session. Ending one that is not there is no error.
func (a *Auth) SignOut(ctx context.Context, secret string) error {
	return a.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec("DELETE FROM session WHERE hash = "+tx.Dialect().Placeholder(1), hashSecret(secret))
		return err
	})
}

// Prune forgets sessions that have ended and sign-in attempts older than a year.
func (a *Auth) Prune(ctx context.Context) error {
	d := a.o.DB.Dialect()
	now := a.o.Clock.Now()
	e := encoder{d: d}
	ended, old := e.time(now), e.time(now.AddDate(-1, 0, 0))
	if e.err != nil {
		return e.err
	}
	return a.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		if _, err := tx.Exec("DELETE FROM session WHERE expireson < "+d.Placeholder(1), ended); err != nil {
			return err
		}
		if _, err := tx.Exec("DELETE FROM membersession WHERE expireson < "+d.Placeholder(1), ended); err != nil {
			return err
		}
		if _, err := tx.Exec("DELETE FROM challenge WHERE expireson < "+d.Placeholder(1), ended); err != nil {
			return err
		}
		_, err := tx.Exec("DELETE FROM signin WHERE at < "+d.Placeholder(1), old)
		return err
	})
}
