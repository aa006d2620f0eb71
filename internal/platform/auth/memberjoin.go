package auth

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
)

// A visitor can become a member alone. Nothing is made of what the visitor says
// before the address has been shown by opening the letter: until then all of it
// stands in a challenge, which ends after memberLinkLife.

const challengeJoin = "memberjoin"

// Joining is what a visitor says who wants to become a member.
type Joining struct {
	Email     string
	FirstName string
	LastName  string
	Consent   bool // to the keeping of these
	Language  int64
}

// Admission says what becomes of those who have shown an address. All happens in
// the transaction that opens the session.
type Admission interface {
	// Join makes the contact of somebody whose address no contact has.
	Join(ctx context.Context, tx *sqldb.Tx, j Joining) (id.ID, error)
	// Several tells the staff that somebody has shown an address that several
	// contacts have.
	Several(ctx context.Context, tx *sqldb.Tx, address string) error
	// Move gives a contact another address, which it has shown.
	Move(ctx context.Context, tx *sqldb.Tx, contact id.ID, email string) error
	// Proven is told that a contact has just shown to have the address.
	Proven(ctx context.Context, tx *sqldb.Tx, contact id.ID, address string) error
}

var (
	// ErrSeveral means that several contacts have the address that was shown.
	ErrSeveral error = errs.New(errs.Conflict, "auth.member_several", "several contacts have this address: the staff has been told")

	errJoining error = errs.New(errs.Invalid, "auth.member_join", "say your name, and agree that it is kept")
	errNoJoin  error = errs.New(errs.Unsupported, "auth.member_closed", "members are made by the staff here")
)

const joinName = 50 // characters of a name, as contacts hold

func (j Joining) encode() (string, error) {
	text, err := json.Marshal(j)
	return string(text), err
}

// BeginRegistration makes a link for somebody who wants to become a member. The
// letter is the same whether or not there is a contact of that address, and so
// is the answer.
func (a *Auth) BeginRegistration(ctx context.Context, j Joining, from From, post PostLetter) error {
	if a.o.Admit == nil {
		return errNoJoin
	}
	folded := memberAddress(j.Email)
	if folded == "" {
		return errMemberEmail
	}
	j.Email, j.FirstName, j.LastName = strings.TrimSpace(j.Email), strings.TrimSpace(j.FirstName), strings.TrimSpace(j.LastName)
	for _, name := range []string{j.FirstName, j.LastName} {
		if name == "" || utf8.RuneCountInString(name) > joinName || !utf8.ValidString(name) || strings.ContainsAny(name, "\x00\r\n") {
			return errJoining
		}
	}
	if !j.Consent {
		return errJoining
	}
	if err := a.slowLetter(ctx, folded, from.Address); err != nil {
		return err
	}
	text, err := j.encode()
	if err != nil {
		return err
	}
	return a.postLink(ctx, challengeJoin, challenge{detail: text}, MemberLetter{Name: j.FirstName + " " + j.LastName, Email: j.Email}, "registration", from, post)
}

// join opens a session by the link of a registration.
func (a *Auth) join(ctx context.Context, secret string, from From) (MemberSession, error) {
	c, err := a.attempt(ctx, challengeJoin, secret)
	if err != nil {
		return MemberSession{}, err
	}
	var j Joining
	if err := json.Unmarshal([]byte(c.detail), &j); err != nil {
		return MemberSession{}, errs.Wrap(err, errs.Internal, "auth.member_join", "what was noted of a registration can't be read")
	}
	folded := memberAddress(j.Email)
	s, err := a.openMember(ctx, MemberByLink, from, func(tx *sqldb.Tx) (id.ID, error) {
		// Two links to one address, opened at once, make one contact.
		if err := tx.Lock("member address " + folded); err != nil {
			return id.Nil, err
		}
		if err := finish(tx, secret); err != nil {
			return id.Nil, err
		}
		m, err := a.matching(tx.Query, folded)
		if err != nil {
			return id.Nil, err
		}
		switch {
		case m.n > 1:
			return id.Nil, ErrSeveral
		case m.n == 0 && (j.LastName == "" || a.o.Admit == nil):
			return id.Nil, ErrChallenge
		case m.n == 0:
			if m.contact, err = a.o.Admit.Join(ctx, tx, j); err != nil {
				return id.Nil, err
			}
		}
		return m.contact, a.proven(ctx, tx, m.contact, folded)
	})
	if errors.Is(err, ErrSeveral) {
		a.log(ctx, memberLog+folded, id.Nil, from.Address, "several contacts")
		return MemberSession{}, a.tellSeveral(ctx, secret, folded)
	}
	if err == nil {
		a.log(ctx, memberLog+folded, id.Nil, from.Address, "signed in")
	}
	return s, err
}

// tellSeveral has the staff told, once for a link.
func (a *Auth) tellSeveral(ctx context.Context, secret, address string) error {
	err := a.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		if err := finish(tx, secret); err != nil || a.o.Admit == nil {
			return err
		}
		return a.o.Admit.Several(ctx, tx, address)
	})
	if err != nil {
		return err
	}
	return ErrSeveral
}

func (a *Auth) proven(ctx context.Context, tx *sqldb.Tx, contact id.ID, address string) error {
	if a.o.Admit == nil {
		return nil
	}
	return a.o.Admit.Proven(ctx, tx, contact, address)
}

// Admits says who takes members in from now on. It is called while the product
// is put together.
func (a *Auth) Admits(by Admission) { a.o.Admit = by }
