package auth

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// MemberSessions lists the open sessions of a member, the last used first; secret
// is that of the session that asks.
func (a *Auth) MemberSessions(ctx context.Context, contact id.ID, secret string) ([]OpenSession, error) {
	return a.sessionsOf(ctx, ofMembers, contact, secret)
}

// RevokeMember ends one session of a member.
func (a *Auth) RevokeMember(ctx context.Context, contact, session id.ID) error {
	return a.revoke(ctx, ofMembers, contact, session)
}

// RevokeOtherMembers ends all sessions of a member but the one that asks.
func (a *Auth) RevokeOtherMembers(ctx context.Context, contact id.ID, secret string) error {
	return a.revokeOthers(ctx, ofMembers, contact, secret)
}

// HasMemberPassword tells whether a member has set a password.
func (a *Auth) HasMemberPassword(ctx context.Context, contact id.ID) (bool, error) {
	_, found, err := a.memberHash(ctx, contact)
	return found, err
}

// RenewMember gives a session a new secret and a new token, and the old ones end:
// who had seen them has nothing. It is done when more is entrusted to the session.
func (a *Auth) RenewMember(ctx context.Context, s MemberSession) (MemberSession, error) {
	old := hashSecret(s.Secret)
	s.Secret, s.CSRF = newSecret("rpm_"), newSecret("")
	p := a.o.DB.Dialect().Placeholder
	err := a.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		n, err := tx.Exec("UPDATE membersession SET hash = "+p(1)+", csrf = "+p(2)+" WHERE hash = "+p(3), hashSecret(s.Secret), s.CSRF, old)
		if err == nil && n == 0 {
			err = ErrSession
		}
		return err
	})
	return s, err
}

// MemberHook ends the sessions of a member with what they rest on: when the
// contact is no longer active, when it gets another address, and when it goes.
// With the contact its password goes too.
func (a *Auth) MemberHook() record.Hook {
	return record.Hook{Table: "contact",
		AfterUpdate: func(_ context.Context, tx *record.Tx, old, row record.Row) error {
			inactive := row.Int("statecode") != 0 && old.Int("statecode") == 0
			moved := query.Fold(old.Text("emailaddress1")) != query.Fold(row.Text("emailaddress1"))
			if !inactive && !moved {
				return nil
			}
			return endMember(tx.SQL(), row.ID("contactid"), moved)
		},
		AfterDelete: func(_ context.Context, tx *record.Tx, row record.Row) error {
			return endMember(tx.SQL(), row.ID("contactid"), true)
		},
	}
}

// endMember ends the sessions of a member and the links that it has been sent,
// and forgets its password if that is said.
func endMember(tx *sqldb.Tx, contact id.ID, password bool) error {
	e := encoder{d: tx.Dialect()}
	who := e.id(contact)
	if e.err != nil {
		return e.err
	}
	p := tx.Dialect().Placeholder
	tables := []string{"membersession"}
	if password {
		tables = append(tables, "membercredential")
	}
	for _, table := range tables {
		if _, err := tx.Exec("DELETE FROM "+table+" WHERE contactid = "+p(1), who); err != nil {
			return err
		}
	}
	_, err := tx.Exec("DELETE FROM challenge WHERE kind IN ("+p(1)+", "+p(2)+") AND userid = "+p(3), challengeMember, challengeMove, who)
	return err
}
