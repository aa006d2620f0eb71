package httpapi

import (
	"context"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Records is what the Web API needs of the record store. The principal travels
// in the context.
type Records interface {
	record.Reader
	// Shown is Get for a row just written, with what record.Tx.Written gave.
	Shown(ctx context.Context, table string, key id.ID, written record.Row) (record.Row, error)
	// Names gives the primary names of rows, for formatted values.
	Names(ctx context.Context, table string, ids []id.ID) (map[id.ID]string, error)
	// Write runs fn in a transaction; it may run fn again.
	Write(ctx context.Context, fn func(*record.Tx) error) error
}

// Actions is what the Web API needs of the registry of actions and functions.
type Actions interface {
	// Call runs one; boundTable is "" for an unbound one, boundID is Nil for one
	// bound to a set. A nil result means no content. An unknown name is NotFound.
	Call(ctx context.Context, name, boundTable string, boundID id.ID, body map[string]any, isFunction bool) (map[string]any, error)
	// CallIn runs an action, not a function, as a part of a transaction that is running already.
	CallIn(ctx context.Context, tx *record.Tx, name, boundTable string, boundID id.ID, body map[string]any) (map[string]any, error)
	List() []odata.OperationInfo
}

// Principals tells who stands behind the request.
type Principals interface {
	Principals(ctx context.Context) []id.ID // the user's own id, then those of the user's teams
	Unit(user id.ID) id.ID                  // business unit
	Below(user id.ID) []id.ID               // who reports to the user, directly or further down
	TeamsOf(users []id.ID) []id.ID
	Zone(user id.ID) *time.Location // whose midnights count; nil means UTC
	Language(user id.ID) int64      // LCID; 0 where it is not known
	Fiscal() query.Fiscal           // the organisation's fiscal calendar
	// Holds tells whether the context's principal may use a right on a row of
	// this owner and unit, shares aside.
	Holds(ctx context.Context, table string, right access.Right, owner, unit id.ID) (bool, error)
}
