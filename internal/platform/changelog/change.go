package changelog

import (
	"encoding/json"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/id"
)

// Op is what happened to the record.
type Op int64

// The operations, numbered as Dataverse's audit numbers them.
const (
	Create Op = 1
	Update Op = 2
	Delete Op = 3
)

// String gives the operation's name as it stands in live hints.
func (o Op) String() string {
	switch o {
	case Create:
		return "create"
	case Update:
		return "update"
	case Delete:
		return "delete"
	}
	return "unknown"
}

// Change is one committed change of one record.
type Change struct {
	Seq        int64 // order of commit; 0 until numbered
	At         time.Time
	Table      string
	Record     id.ID
	Version    int64
	Op         Op
	Actor      id.ID
	OnBehalfOf id.ID
	Origin     string // request, event or job that caused it; holds no personal data
	Source            // by which way and from where
	// Before and After hold the changed columns by logical name, as JSON; a
	// create has no Before, and the After of a delete is empty.
	Before, After json.RawMessage
	// Erasure names the erasure that has taken values away; id.Nil where none has.
	Erasure id.ID
}
