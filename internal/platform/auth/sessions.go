package auth

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// OpenSession is a session as its user sees it in the list.
type OpenSession struct {
	ID      id.ID
	Address string
	Agent   string // what the browser said of itself
	Method  string // how the user showed who it is
	Created time.Time
	Seen    time.Time // to the minute or so
	Current bool
}

// Sessions lists the open sessions of a user, the last used first; secret is
// that of the session that asks.
func (a *Auth) Sessions(ctx context.Context, user id.ID, secret string) ([]OpenSession, error) {
	return a.sessionsOf(ctx, ofUsers, user, secret)
}

// sessionTable is where sessions of a kind of people stand.
type sessionTable struct {
	name, owner string
	idle        time.Duration
}

var (
	ofUsers   = sessionTable{"session", "userid", sessionIdle}
	ofMembers = sessionTable{"membersession", "contactid", memberIdle}
)

func (a *Auth) sessionsOf(ctx context.Context, table sessionTable, user id.ID, secret string) ([]OpenSession, error) {
	d := a.o.DB.Dialect()
	e := encoder{d: d}
	now := a.o.Clock.Now()
	args := []any{e.id(user), e.time(now), e.time(now.Add(-table.idle))}
	if e.err != nil {
		return nil, e.err
	}
	p := d.Placeholder
	rows, err := a.o.DB.Query(ctx, "SELECT hash, sessionid, address, agent, method, createdon, seenon FROM "+table.name+" WHERE "+table.owner+" = "+p(1)+" AND expireson >= "+p(2)+" AND seenon >= "+p(3)+" ORDER BY seenon DESC LIMIT 200", args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	mine := hashSecret(secret)
	out := []OpenSession{}
	for rows.Next() {
		var s OpenSession
		var hash string
		var address, agent, method *string
		var key, made, seen any
		if err := rows.Scan(&hash, &key, &address, &agent, &method, &made, &seen); err != nil {
			return nil, err
		}
		s.Current = hash == mine
		s.Address, s.Agent, s.Method = text(address), text(agent), text(method)
		if key != nil { // those of an earlier version have no id and end with the others
			if s.ID, err = decodeID(d, key); err != nil {
				return nil, err
			}
		}
		if s.Created, err = decodeTime(d, made); err != nil {
			return nil, err
		}
		if s.Seen, err = decodeTime(d, seen); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// Revoke ends one session of a user.
func (a *Auth) Revoke(ctx context.Context, user, session id.ID) error {
	return a.revoke(ctx, ofUsers, user, session)
}

func (a *Auth) revoke(ctx context.Context, table sessionTable, user, session id.ID) error {
	e := encoder{d: a.o.DB.Dialect()}
	args := []any{e.id(user), e.id(session)}
	if e.err != nil {
		return e.err
	}
	p := e.d.Placeholder
	return a.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		n, err := tx.Exec("DELETE FROM "+table.name+" WHERE "+table.owner+" = "+p(1)+" AND sessionid = "+p(2), args...)
		if err == nil && n == 0 {
			return errs.New(errs.NotFound, "auth.session_unknown", "there is no such session")
		}
		return err
	})
}

// RevokeOthers ends all sessions of a user but the one that asks; an empty
// secret ends all.
func (a *Auth) RevokeOthers(ctx context.Context, user id.ID, secret string) error {
	return a.revokeOthers(ctx, ofUsers, user, secret)
}

func (a *Auth) revokeOthers(ctx context.Context, table sessionTable, user id.ID, secret string) error {
	e := encoder{d: a.o.DB.Dialect()}
	args := []any{e.id(user), hashSecret(secret)}
	if e.err != nil {
		return e.err
	}
	p := e.d.Placeholder
	return a.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec("DELETE FROM "+table.name+" WHERE "+table.owner+" = "+p(1)+" AND hash <> "+p(2), args...)
		return err
	})
}

// Attempt is one line of the sign-in log.
type Attempt struct {
	At       time.Time
	Username string // as it was typed, or the user's name if it was known by other means
	User     id.ID  // Nil if nobody is called that
	Address  string
	Outcome  string
}

// Attempts gives the newest lines of the sign-in log, of one user or, with
// id.Nil, of all; before is a position of an earlier answer, 0 for the newest.
func (a *Auth) Attempts(ctx context.Context, user id.ID, before int64, limit int) (out []Attempt, next int64, err error) {
	d := a.o.DB.Dialect()
	e := encoder{d: d}
	p := d.Placeholder
	if before <= 0 {
		before = 1<<63 - 1
	}
	where, args := "s.id < "+p(1), []any{before}
	if user != id.Nil {
		where, args = where+" AND s.userid = "+p(2), append(args, e.id(user))
	}
	if e.err != nil {
		return nil, 0, e.err
	}
	args = append(args, min(max(limit, 1), 500))
	rows, err := a.o.DB.Query(ctx, "SELECT s.id, s.at, COALESCE(NULLIF(s.username, ''), u.domainname, ''), s.userid, s.address, s.outcome FROM signin s LEFT JOIN systemuser u ON u.systemuserid = s.userid WHERE "+where+" ORDER BY s.id DESC LIMIT "+p(len(args)), args...)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	out = []Attempt{}
	for rows.Next() {
		var t Attempt
		var at, who any
		if err := rows.Scan(&next, &at, &t.Username, &who, &t.Address, &t.Outcome); err != nil {
			return nil, 0, err
		}
		if t.At, err = decodeTime(d, at); err != nil {
			return nil, 0, err
		}
		if who != nil {
			if t.User, err = decodeID(d, who); err != nil {
				return nil, 0, err
			}
		}
		out = append(out, t)
	}
	return out, next, rows.Err()
}

// UserHook keeps sign-in with the user: a new user name is the one to sign in by,
// and the sessions of who is disabled end for good, so that they do not come back
// with the user.
func (a *Auth) UserHook() record.Hook {
	return record.Hook{Table: "systemuser", AfterUpdate: func(_ context.Context, tx *record.Tx, old, row record.Row) error {
		e := encoder{d: tx.SQL().Dialect()}
		who := e.id(row.ID("systemuserid"))
		if e.err != nil {
			return e.err
		}
		p := e.d.Placeholder
		if off, _ := row["isdisabled"].(bool); off {
			if _, err := tx.SQL().Exec("DELETE FROM session WHERE userid = "+p(1), who); err != nil {
				return err
			}
		}
		name := query.Fold(strings.TrimSpace(row.Text("domainname")))
		if name == "" || name == query.Fold(strings.TrimSpace(old.Text("domainname"))) {
			return nil
		}
		_, err := tx.SQL().Exec("UPDATE credential SET username = "+p(1)+" WHERE userid = "+p(2), name, who)
		if errors.Is(err, sqldb.ErrUnique) {
			return errs.New(errs.Conflict, "auth.name_taken", "somebody else signs in by this user name")
		}
		return err
	}}
}
