package record

import (
	"context"
	"maps"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// now gives the moment of a write as it will be read.
func (tx *Tx) now() time.Time { return tx.o.Clock.Now().UTC().Truncate(time.Microsecond) }

// wrote keeps a whole row as it stands now in the transaction, for Written.
func (tx *Tx) wrote(t *metadata.Table, row Row) {
	if tx.whole == nil {
		tx.whole = map[parentKey]Row{}
	}
	tx.whole[parentKey{t.Name, row.ID(t.ID)}] = row
}

// Written gives a row that this transaction has created or updated as it stands
// now, whatever hooks have done to it since; nil where that is not known. Nobody
// may alter it.
func (tx *Tx) Written(table string, key id.ID) Row { return tx.whole[parentKey{table, key}] }

// Shown gives a row that was just written, and committed, as Get would give it
// to the context's principal. written is what Written gave, and spares reading
// the row again wherever what the principal sees can be told from it alone.
func (r reader) Shown(ctx context.Context, table string, key id.ID, written Row) (Row, error) {
	r = r.pin()
	t, ok := r.o.Catalog().Table(table)
	kind := access.From(ctx).Kind
	if written == nil || !ok || kind != access.User && kind != access.System || t.Shape().Audited && traced(ctx, r.o) {
		return r.Get(ctx, table, key, nil, nil)
	}
	if sees, err := r.o.Access.Holds(ctx, table, access.Read, written.ID("ownerid"), written.ID("owningbusinessunit")); err != nil || !sees {
		return r.Get(ctx, table, key, nil, nil) // it may be shared, or have another owner by now
	}
	row := maps.Clone(written)
	conceal(r.o.Catalog(), &query.Query{Table: table}, []Row{row}, r.o.Access.Hidden(ctx), r.o.Access.Listed(ctx))
	return row, nil
}
