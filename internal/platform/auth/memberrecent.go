package auth

import (
	"context"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// MemberSignedIn tells when the session of a member was opened whose forms bear
// the token; the zero time where there is none. What takes a fresh proof of who
// somebody is goes by it.
func (a *Auth) MemberSignedIn(ctx context.Context, contact id.ID, csrf string) (time.Time, error) {
	e := encoder{d: a.o.DB.Dialect()}
	p := e.d.Placeholder
	args := []any{e.id(contact), csrf}
	if e.err != nil || csrf == "" {
		return time.Time{}, e.err
	}
	var raw any
	found, err := a.o.DB.QueryRow(ctx, "SELECT createdon FROM membersession WHERE contactid = "+p(1)+" AND csrf = "+p(2), args, &raw)
	if err != nil || !found {
		return time.Time{}, err
	}
	v, err := query.Decode(a.o.DB.Dialect(), query.Time, 0, raw)
	at, _ := v.(time.Time)
	return at, err
}
