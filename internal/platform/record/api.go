package record

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Row is one record: canonical values (see package query) by logical name of
// column. A lookup is an id.ID under its column's name; a polymorphic one also
// has its target's logical name under metadata.TypeColumn. Expanded relations
// stand under the navigation property as Row or []Row. On writing, a nil value
// clears the column and a missing one leaves it alone; on reading, a missing
// one is empty.
type Row map[string]any

// ID gives an id or lookup column; id.Nil when it is empty.
func (r Row) ID(column string) id.ID { v, _ := r[column].(id.ID); return v }

// Text gives a text column; "" when it is empty.
func (r Row) Text(column string) string { v, _ := r[column].(string); return v }

// Int gives a whole number or choice; 0 when it is empty.
func (r Row) Int(column string) int64 { v, _ := r[column].(int64); return v }

// Version gives the row's version, which is its ETag.
func (r Row) Version() int64 { return r.Int("versionnumber") }

// Page is a part of a result.
type Page struct {
	Rows  []Row
	Next  query.Cursor // where the next page starts; nil when there is none
	Total int64        // rows that match in all, when the query asked for the count
	About bool         // Total is an estimate, which the query asked for
}

// Match is what must hold for a write to happen.
type Match struct {
	Version      int64 // the row must be at this version; 0 asks for none
	MustExist    bool  // update only
	MustNotExist bool  // create only
}

// Reader reads records as the principal in the context may see them.
// The store reads what is committed; a Tx also reads its own writes.
type Reader interface {
	Get(ctx context.Context, table string, key id.ID, columns []string, expand []query.Expand) (Row, error)
	GetByKey(ctx context.Context, table string, key map[string]any, columns []string, expand []query.Expand) (Row, error)
	Find(ctx context.Context, q query.Query) (Page, error)
}
