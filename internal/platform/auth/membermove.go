package auth

import (
	"context"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// A member can change its address alone. Nothing changes before the new address
// has been shown by opening a letter to it; the old one is then told.

const (
	challengeMove = "membermove"
	addressMost   = 100 // characters of an address, as contacts hold
)

var (
	errSame  error = errs.New(errs.Invalid, "auth.member_same", "this is the address already")
	errTaken error = errs.New(errs.Conflict, "auth.member_taken", "another contact has this address")
	errProof error = errs.New(errs.Invalid, "auth.member_wrong", "the password is wrong")
)

// moving is what a challenge keeps of a change of address.
type moving struct{ Old, New string }

// BeginMemberMove has a letter sent to the address that the member is to have.
// Who came in by a password shows it once more.
func (a *Auth) BeginMemberMove(ctx context.Context, s MemberSession, password, email string, from From, post PostLetter) error {
	folded, email := memberAddress(email), strings.TrimSpace(email)
	if folded == "" || utf8.RuneCountInString(email) > addressMost || a.o.Admit == nil {
		return errMemberEmail
	}
	if err := a.proveMember(ctx, s, password, errProof); err != nil {
		return err
	}
	old, active, err := a.addressOf(a.outside(ctx), s.User)
	if err != nil {
		return err
	}
	if !active {
		return ErrSession
	}
	if query.Fold(old) == folded {
		return errSame
	}
	if err := a.slowLetter(ctx, folded, from.Address); err != nil {
		return err
	}
	text, err := json.Marshal(moving{Old: old, New: email})
	if err != nil {
		return err
	}
	letter := MemberLetter{Contact: s.User, Email: email, Kind: LetterMove, Expires: a.o.Clock.Now().Add(memberLinkLife)}
	_, err = a.beginWith(ctx, challengeMove, challenge{user: s.User, detail: string(text)}, memberLinkLife, func(tx *sqldb.Tx, secret string) error {
		letter.Secret = secret
		return post(tx, letter)
	})
	if err == nil {
		a.log(ctx, memberLog+folded, id.Nil, from.Address, "another address asked for")
	}
	return err
}

// OpenMemberMove gives a member the address to which the link was sent, and opens
// a session: all others end with the old address, which is told by post.
func (a *Auth) OpenMemberMove(ctx context.Context, secret string, from From, post PostLetter) (MemberSession, error) {
	c, err := a.attempt(ctx, challengeMove, secret)
	if err != nil {
		return MemberSession{}, err
	}
	var m moving
	if err := json.Unmarshal([]byte(c.detail), &m); err != nil {
		return MemberSession{}, errs.Wrap(err, errs.Internal, "auth.member_move", "what was noted of a new address can't be read")
	}
	folded := memberAddress(m.New)
	s, err := a.openMember(ctx, MemberByLink, from, func(tx *sqldb.Tx) (id.ID, error) {
		// Two contacts that want the same address at once do not both get it.
		if err := tx.Lock("member address " + folded); err != nil {
			return id.Nil, err
		}
		if err := finish(tx, secret); err != nil {
			return id.Nil, err
		}
		now, active, err := a.addressOf(tx.Query, c.user)
		if err != nil {
			return id.Nil, err
		}
		if !active || now != m.Old || a.o.Admit == nil {
			return id.Nil, ErrChallenge
		}
		has, err := a.matching(tx.Query, folded)
		if err != nil {
			return id.Nil, err
		}
		if has.n > 0 && has.contact != c.user {
			return id.Nil, errTaken
		}
		if err := a.o.Admit.Move(ctx, tx, c.user, m.New); err != nil {
			return id.Nil, err
		}
		if m.Old != "" {
			if err := post(tx, MemberLetter{Contact: c.user, Email: m.Old, Kind: LetterMoved}); err != nil {
				return id.Nil, err
			}
		}
		return c.user, a.proven(ctx, tx, c.user, folded)
	})
	if err == nil {
		a.log(ctx, memberLog+folded, id.Nil, from.Address, "another address")
	}
	return s, err
}

// addressOf gives the address of a contact, and whether the contact is active.
func (a *Auth) addressOf(ask querier, contact id.ID) (email string, active bool, err error) {
	e := encoder{d: a.o.DB.Dialect()}
	who := e.id(contact)
	if e.err != nil {
		return "", false, e.err
	}
	rows, err := ask("SELECT emailaddress1 FROM contact WHERE contactid = "+e.d.Placeholder(1)+" AND (statecode IS NULL OR statecode = 0)", who)
	if err != nil {
		return "", false, err
	}
	defer rows.Close()
	for rows.Next() {
		var mail *string
		if err := rows.Scan(&mail); err != nil {
			return "", false, err
		}
		email, active = text(mail), true
	}
	return email, active, rows.Err()
}
