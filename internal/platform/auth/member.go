package auth

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Members are contacts who sign in at the portal: by a link that is sent to
// their e-mail address and works once, or by a password that they have set after
// that. Their sessions are apart from those of users, in a table of their own.

const (
	challengeMember = "member"
	memberLinkLife  = 20 * time.Minute
	memberIdle      = 24 * time.Hour
	memberLife      = 30 * 24 * time.Hour
	memberLog       = "member " // before the address in the sign-in log
)

// The ways in which a member has shown who it is.
const (
	MemberByLink     = "link"
	MemberByPassword = "password"
)

// MemberLetter is a link that is to be sent to a member.
type MemberLetter struct {
	Contact id.ID
	Name    string
	Email   string
	Secret  string // goes into the link and nowhere else
	Expires time.Time
	// Language and Next are for whoever writes the letter: its language ("en" or
	// "de") and the page to which the link leads afterwards; auth sets neither.
	Language string
	Next     string
	Kind     LetterKind
}

// LetterKind tells what a letter is for.
type LetterKind string

// The kinds of letters.
const (
	LetterSignIn LetterKind = ""      // a link to sign in
	LetterMove   LetterKind = "move"  // a link that confirms a new address, to which it goes
	LetterMoved  LetterKind = "moved" // tells the old address that there is a new one; without a link
	LetterReset  LetterKind = "reset" // a link by which a user, no member, chooses a new password
)

// PostLetter has a letter sent, once the transaction has committed. A letter
// without an Email is to nobody: it is taken like the others, so that the time
// that it takes tells nothing, and not sent.
type PostLetter func(tx *sqldb.Tx, l MemberLetter) error

// MemberSession is an open session of a member, with what access needs to know.
type MemberSession struct {
	Session // User is the contact
	Method  string
	access.Membership
}

// ErrMember is the one answer to a wrong address, a wrong password and a contact
// that has neither.
var ErrMember error = errs.New(errs.Unauthenticated, "auth.member_wrong", "the e-mail address or the password is wrong")

var errMemberEmail error = errs.New(errs.Invalid, "auth.member_email", "this is no e-mail address")

var errTwice error = errs.New(errs.Conflict, "auth.member_twice", "another contact has the same e-mail address: merge them first")

// querier reads, within a transaction or outside one.
type querier func(text string, args ...any) (*sqldb.Rows, error)

func (a *Auth) outside(ctx context.Context) querier {
	return func(text string, args ...any) (*sqldb.Rows, error) { return a.o.DB.Query(ctx, text, args...) }
}

// match is who has an address.
type match struct {
	n             int   // how many active contacts have it; 2 stands for several
	contact       id.ID // the one; Nil where there is none or several: either could be meant
	name, address string
}

// matching finds the active contacts of an address.
func (a *Auth) matching(ask querier, email string) (m match, err error) {
	d := a.o.DB.Dialect()
	rows, err := ask("SELECT contactid, fullname, emailaddress1 FROM contact WHERE "+query.FoldedName("emailaddress1")+" = "+d.Placeholder(1)+" AND (statecode IS NULL OR statecode = 0) LIMIT 2", query.Fold(strings.TrimSpace(email)))
	if err != nil {
		return match{}, err
	}
	defer rows.Close()
	for ; rows.Next(); m.n++ {
		var raw any
		var full, mail *string
		if err := rows.Scan(&raw, &full, &mail); err != nil {
			return match{}, err
		}
		if m.contact, err = decodeID(d, raw); err != nil {
			return match{}, err
		}
		m.name, m.address = text(full), text(mail)
	}
	if m.n != 1 {
		m.contact, m.name = id.Nil, ""
	}
	return m, rows.Err()
}

// member finds the one active contact of an address.
func (a *Auth) member(ctx context.Context, email string) (contact id.ID, name, address string, err error) {
	m, err := a.matching(a.outside(ctx), email)
	return m.contact, m.name, m.address, err
}

// memberAddress gives an address as it is counted and looked up; "" for what can be none.
func memberAddress(email string) string {
	email = strings.TrimSpace(email)
	if len(email) > 320 || !utf8.ValidString(email) || strings.ContainsAny(email, "\x00\r\n") || !strings.Contains(email, "@") {
		return ""
	}
	return query.Fold(email)
}

// BeginMemberLink makes a link for whoever has the address. Whether anybody has
// is not told: post is always called, with a letter to nobody (no Email) where
// there is nobody, in the transaction in which the link is noted.
func (a *Auth) BeginMemberLink(ctx context.Context, email string, from From, post PostLetter) error {
	folded := memberAddress(email)
	if folded == "" {
		return errMemberEmail
	}
	if err := a.slowLetter(ctx, folded, from.Address); err != nil {
		return err
	}
	m, err := a.matching(a.outside(ctx), folded)
	if err != nil {
		return err
	}
	kind, c, outcome := challengeMember, challenge{user: m.contact, detail: folded}, "link"
	letter := MemberLetter{Contact: m.contact, Name: m.name, Email: m.address}
	switch m.n {
	case 0:
		outcome = "no such member" // for nobody a challenge is noted too, which nobody gets: the time tells nothing
	case 1:
	default:
		// Who opens the letter has shown the address and is told that several have it.
		kind, outcome = challengeJoin, "link to several"
		if c.detail, err = (Joining{Email: folded}).encode(); err != nil {
			return err
		}
	}
	return a.postLink(ctx, kind, c, letter, outcome, from, post)
}

// postLink notes a challenge and has its letter posted in one transaction.
func (a *Auth) postLink(ctx context.Context, kind string, c challenge, l MemberLetter, outcome string, from From, post PostLetter) error {
	l.Expires = a.o.Clock.Now().Add(memberLinkLife)
	_, err := a.beginWith(ctx, kind, c, memberLinkLife, func(tx *sqldb.Tx, secret string) error {
		l.Secret = secret
		return post(tx, l)
	})
	if err != nil {
		return err
	}
	folded := c.detail
	if kind == challengeJoin {
		folded = memberAddress(l.Email)
	}
	a.log(ctx, memberLog+folded, id.Nil, from.Address, outcome)
	return nil
}

// slowLetter is slow for what sends a letter: who types somebody else's address
// must not fill that one's mailbox.
func (a *Auth) slowLetter(ctx context.Context, folded, address string) error {
	if err := a.slow(ctx, memberLog+folded, address); err != nil {
		return err
	}
	if wait, ok := a.letters.Allow(folded); !ok {
		return tooMany(wait)
	}
	return nil
}

func (a *Auth) memberLink(ctx context.Context, contact id.ID, email string) (MemberLetter, error) {
	secret, err := a.begin(ctx, challengeMember, challenge{user: contact, detail: email}, memberLinkLife)
	return MemberLetter{Secret: secret, Expires: a.o.Clock.Now().Add(memberLinkLife)}, err
}

// InviteMember makes a link for a contact, for somebody who gives it on.
func (a *Auth) InviteMember(ctx context.Context, contact id.ID) (MemberLetter, error) {
	var raw any
	d := a.o.DB.Dialect()
	e := encoder{d: d}
	args := []any{e.id(contact)}
	if e.err != nil {
		return MemberLetter{}, e.err
	}
	var mail *string
	found, err := a.o.DB.QueryRow(ctx, "SELECT contactid, emailaddress1 FROM contact WHERE contactid = "+d.Placeholder(1)+" AND (statecode IS NULL OR statecode = 0)", args, &raw, &mail)
	if err != nil {
		return MemberLetter{}, err
	}
	folded := memberAddress(text(mail))
	if !found || folded == "" {
		return MemberLetter{}, errs.New(errs.Conflict, "auth.member_none", "an active contact with an e-mail address can sign in, and this is none")
	}
	if who, _, _, err := a.member(ctx, folded); err != nil || who != contact {
		return MemberLetter{}, cmp.Or(err, errTwice)
	}
	return a.memberLink(ctx, contact, folded)
}

// OpenMemberLink opens a session by the secret of a link. A link works once, and
// only as long as the contact has the address to which it went. The link of
// somebody who registers makes the contact, if there is none.
func (a *Auth) OpenMemberLink(ctx context.Context, secret string, from From) (MemberSession, error) {
	c, err := a.attempt(ctx, challengeMember, secret)
	if errors.Is(err, ErrChallenge) {
		return a.join(ctx, secret, from)
	}
	if err != nil {
		return MemberSession{}, err
	}
	contact, _, _, err := a.member(ctx, c.detail)
	if err != nil {
		return MemberSession{}, err
	}
	if c.user == id.Nil || contact != c.user {
		return MemberSession{}, ErrChallenge
	}
	a.log(ctx, memberLog+c.detail, id.Nil, from.Address, "signed in")
	return a.openMember(ctx, MemberByLink, from, func(tx *sqldb.Tx) (id.ID, error) {
		if err := finish(tx, secret); err != nil {
			return id.Nil, err
		}
		return contact, a.proven(ctx, tx, contact, c.detail)
	})
}

// SignInMember opens a session by a password.
func (a *Auth) SignInMember(ctx context.Context, email, password string, from From) (MemberSession, error) {
	folded := memberAddress(email)
	if folded == "" {
		return MemberSession{}, ErrMember
	}
	if err := a.slow(ctx, memberLog+folded, from.Address); err != nil {
		return MemberSession{}, err
	}
	contact, _, _, err := a.member(ctx, folded)
	if err != nil {
		return MemberSession{}, err
	}
	hash, found, err := a.memberHash(ctx, contact)
	if err != nil {
		return MemberSession{}, err
	}
	if !found {
		hash = a.decoy
	}
	ok, err := a.verify(ctx, password, hash)
	if err != nil {
		return MemberSession{}, err
	}
	if !ok || !found || contact == id.Nil {
		a.log(ctx, memberLog+folded, id.Nil, from.Address, "refused")
		return MemberSession{}, ErrMember
	}
	a.byName.Forget(memberLog + folded)
	a.log(ctx, memberLog+folded, id.Nil, from.Address, "signed in")
	return a.openMember(ctx, MemberByPassword, from, func(tx *sqldb.Tx) (id.ID, error) {
		if err := tx.Lock("membercredential " + contact.String()); err != nil {
			return id.Nil, err
		}
		e := encoder{d: tx.Dialect()}
		var now string
		found, err := tx.QueryRow("SELECT passwordhash FROM membercredential WHERE contactid = "+e.d.Placeholder(1), []any{e.id(contact)}, &now)
		if err == nil && (!found || now != hash) {
			err = ErrMember
		}
		return contact, cmp.Or(e.err, err)
	})
}

func (a *Auth) memberHash(ctx context.Context, contact id.ID) (hash string, found bool, err error) {
	e := encoder{d: a.o.DB.Dialect()}
	who := e.id(contact)
	if e.err != nil {
		return "", false, e.err
	}
	found, err = a.o.DB.QueryRow(ctx, "SELECT passwordhash FROM membercredential WHERE contactid = "+e.d.Placeholder(1), []any{who}, &hash)
	return hash, found, err
}

// openMember makes a session in one transaction with what it rests on, which
// says whose it is.
func (a *Auth) openMember(ctx context.Context, method string, from From, whose func(*sqldb.Tx) (id.ID, error)) (MemberSession, error) {
	now := a.o.Clock.Now()
	s := MemberSession{Session: Session{Secret: newSecret("rpm_"), CSRF: newSecret(""), Expires: now.Add(memberLife)}, Method: method}
	p := a.o.DB.Dialect().Placeholder
	err := a.o.DB.Write(ctx, func(tx *sqldb.Tx) (err error) {
		if s.User, err = whose(tx); err != nil {
			return err
		}
		if err := tx.Lock("membercredential " + s.User.String()); err != nil {
			return err
		}
		e := encoder{d: tx.Dialect()}
		args := []any{hashSecret(s.Secret), e.id(s.User), s.CSRF, e.time(now), e.time(now), e.time(s.Expires), from.Address, label(from.Agent, ""), method, e.id(id.New())}
		if e.err != nil {
			return e.err
		}
		_, err = tx.Exec("INSERT INTO membersession (hash, contactid, csrf, createdon, seenon, expireson, address, agent, method, sessionid) VALUES ("+
			p(1)+", "+p(2)+", "+p(3)+", "+p(4)+", "+p(5)+", "+p(6)+", "+p(7)+", "+p(8)+", "+p(9)+", "+p(10)+")", args...)
		return err
	})
	if err != nil {
		return MemberSession{}, err
	}
	return s, nil
}

// MemberSession finds the session of a member's cookie, and what the member is
// just now: its company, its web roles, and whether the contact is active at all.
func (a *Auth) MemberSession(ctx context.Context, secret string) (MemberSession, error) {
	d := a.o.DB.Dialect()
	s := MemberSession{Session: Session{Secret: secret}}
	var contact, seen, expires, company any
	var companyType *string
	found, err := a.o.DB.QueryRow(ctx, "SELECT s.contactid, s.csrf, s.seenon, s.expireson, s.method, c.parentcustomerid, c.parentcustomeridtype FROM membersession s JOIN contact c ON c.contactid = s.contactid WHERE s.hash = "+
		d.Placeholder(1)+" AND (c.statecode IS NULL OR c.statecode = 0)", []any{hashSecret(secret)}, &contact, &s.CSRF, &seen, &expires, &s.Method, &company, &companyType)
	if err != nil {
		return MemberSession{}, err
	}
	if !found {
		return MemberSession{}, ErrSession
	}
	if s.User, err = decodeID(d, contact); err != nil {
		return MemberSession{}, err
	}
	last, err := decodeTime(d, seen)
	if err != nil {
		return MemberSession{}, err
	}
	if s.Expires, err = decodeTime(d, expires); err != nil {
		return MemberSession{}, err
	}
	now := a.o.Clock.Now()
	if now.After(s.Expires) || now.Sub(last) > memberIdle {
		return MemberSession{}, ErrSession
	}
	if company != nil && text(companyType) == "account" {
		if s.Account, err = decodeID(d, company); err != nil {
			return MemberSession{}, err
		}
	}
	if s.Roles, err = a.webRoles(ctx, contact); err != nil {
		return MemberSession{}, err
	}
	if now.Sub(last) > seenEvery {
		err = a.touchIn(ctx, "membersession", secret, now)
	}
	return s, err
}

func (a *Auth) webRoles(ctx context.Context, contact any) (out []id.ID, err error) {
	d := a.o.DB.Dialect()
	rows, err := a.o.DB.Query(ctx, "SELECT mspp_webroleid FROM mspp_webrole_contact WHERE contactid = "+d.Placeholder(1), contact)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var raw any
		if err := rows.Scan(&raw); err != nil {
			return nil, err
		}
		role, err := decodeID(d, raw)
		if err != nil {
			return nil, err
		}
		out = append(out, role)
	}
	return out, rows.Err()
}

// SignOutMember ends a session. Ending one that is not there is no error.
func (a *Auth) SignOutMember(ctx context.Context, secret string) error {
	return a.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec("DELETE FROM membersession WHERE hash = "+tx.Dialect().Placeholder(1), hashSecret(secret))
		return err
	})
}

// SetMemberPassword sets a member's own password. Who came in by a link has just
// shown the address; who came in by a password shows the old one. All other
// sessions end.
func (a *Auth) SetMemberPassword(ctx context.Context, s MemberSession, old, fresh string) error {
	if err := checkPassword(fresh, ""); err != nil {
		return err
	}
	if err := a.proveMember(ctx, s, old, errs.New(errs.Invalid, "auth.old_password", "the old password is wrong")); err != nil {
		return err
	}
	hash, err := a.hash(ctx, fresh)
	if err != nil {
		return err
	}
	e := encoder{d: a.o.DB.Dialect()}
	who, now := e.id(s.User), e.time(a.o.Clock.Now())
	if e.err != nil {
		return e.err
	}
	p := e.d.Placeholder
	return a.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		if err := tx.Lock("membercredential " + s.User.String()); err != nil {
			return err
		}
		if _, err := tx.Exec("DELETE FROM membersession WHERE contactid = "+p(1)+" AND hash <> "+p(2), who, hashSecret(s.Secret)); err != nil {
			return err
		}
		_, err := tx.Exec("INSERT INTO membercredential (contactid, passwordhash, changedon) VALUES ("+p(1)+", "+p(2)+", "+p(3)+
			") ON CONFLICT (contactid) DO UPDATE SET passwordhash = excluded.passwordhash, changedon = excluded.changedon", who, hash, now)
		return err
	})
}

// proveMember asks who came in by a password for it once more; who came in by a
// link has just shown the address.
func (a *Auth) proveMember(ctx context.Context, s MemberSession, password string, wrong error) error {
	was, has, err := a.memberHash(ctx, s.User)
	if err != nil || !has || s.Method == MemberByLink {
		return err
	}
	if wait, ok := a.byName.Allow(memberLog + s.User.String()); !ok {
		return tooMany(wait)
	}
	ok, err := a.verify(ctx, password, was)
	if err == nil && !ok {
		err = wrong
	}
	return err
}

// EndMember ends all sessions of a member and forgets its password, as when the
// address is in wrong hands.
func (a *Auth) EndMember(ctx context.Context, contact id.ID) error {
	return a.o.DB.Write(ctx, func(tx *sqldb.Tx) error { return endMember(tx, contact, true) })
}
