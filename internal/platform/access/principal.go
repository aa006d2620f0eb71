package access

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
)

// Kind is the sort of principal.
type Kind uint8

// The kinds. Agents come with the autonomous agents. The numbers stand in jobs.
const (
	Anonymous Kind = iota // nobody: sees and does nothing
	User
	System
	Member // a contact who has signed in at the portal
)

// Principal is who asks. It is a name only: what it may do is looked up in the
// current snapshot at each decision, so that a change of roles holds at once.
type Principal struct {
	Kind   Kind
	ID     id.ID  // systemuserid; of a Member contactid
	Reason string // of System: why the platform acts by itself; kept in the log
	// Delegate is who really asks, where that is another: it acts on behalf of
	// ID, and may do only what both may.
	Delegate id.ID
	// Scope narrows what a program may do by the key it has shown; empty with
	// those who sign in themselves.
	Scope Scope
	// Member is what is known of a Member.
	Member *Membership
}

type principalKey struct{}

// With puts the principal into the context.
func With(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// From gives the context's principal; Anonymous if there is none.
func From(ctx context.Context) Principal {
	p, _ := ctx.Value(principalKey{}).(Principal)
	return p
}

// SystemUser is the id of the user in whose name the platform itself writes.
var SystemUser = id.Derive("systemuser", "SYSTEM")

// AsSystem lets the platform act by itself, past all privileges. Every place
// that calls it is listed in the architecture test, and the reason goes into
// the change log's origin where the caller sets none.
func AsSystem(ctx context.Context, reason string) context.Context {
	return With(ctx, Principal{Kind: System, ID: SystemUser, Reason: reason})
}

// Elevate lets the platform do for the context's principal what it may not do
// by itself, such as writing down a share of its own record. The log still names
// the principal. The caller has checked what there is to check; it is listed in
// the architecture test as those of AsSystem are.
func Elevate(ctx context.Context, reason string) context.Context {
	p := From(ctx)
	p.Kind, p.Reason = System, reason
	return With(ctx, p)
}

// ErrSignIn is what an anonymous caller gets.
var ErrSignIn = errs.New(errs.Unauthenticated, "access.sign_in", "sign in first")
