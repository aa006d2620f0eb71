package live

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Take empties the buffer and gives what the principal in the context may know
// of it. With resync something was lost: whoever shows rows reads them again.
func (s *Subscription) Take(ctx context.Context) (hints []Hint, resync bool) {
	s.mu.Lock()
	rows, resync := s.pending.take()
	s.mu.Unlock()
	visible := map[string]map[id.ID]bool{}
	for table, keys := range alive(rows) {
		found, err := s.hub.readable(ctx, table, keys)
		if err != nil {
			s.hub.metrics.dropped.WithLabelValues("failed").Add(float64(len(keys)))
			resync = true
			continue
		}
		visible[table] = found
	}
	for _, c := range rows {
		if op, ok := s.hub.told(ctx, c, visible[c.table][c.record]); ok {
			hints = append(hints, Hint{Table: c.table, ID: c.record, Version: c.version, Op: op.String()})
		} else {
			s.hub.metrics.withheld.Inc()
		}
	}
	s.hub.metrics.hints.Add(float64(len(hints)))
	return hints, resync
}

// told decides whether, and as what, a change is told. A row that was the
// subscriber's to read and no longer is has gone, as far as its screen goes.
func (h *Hub) told(ctx context.Context, c seen, readable bool) (changelog.Op, bool) {
	if readable {
		return c.op, true
	}
	if c.left == nil {
		return 0, false
	}
	unit := c.left.Unit
	if unit == id.Nil && c.op != changelog.Delete {
		unit = h.o.Access.Unit(c.left.Owner) // the change left the unit as it was
	}
	ok, err := h.o.Access.Holds(ctx, c.table, access.Read, c.left.Owner, unit)
	return changelog.Delete, ok && err == nil
}

// alive groups by table the rows that may still be there.
func alive(rows []seen) map[string][]any {
	out := map[string][]any{}
	for _, c := range rows {
		if c.op != changelog.Delete {
			out[c.table] = append(out[c.table], c.record)
		}
	}
	return out
}

// readAtOnce is how many rows one read asks for.
const readAtOnce = 500

// readable tells which of the rows the principal may read.
func (h *Hub) readable(ctx context.Context, table string, keys []any) (map[id.ID]bool, error) {
	t, ok := h.o.Catalog().Table(table)
	if !ok {
		return nil, nil
	}
	found := make(map[id.ID]bool, len(keys))
	for len(keys) > 0 {
		n := min(len(keys), readAtOnce)
		page, err := h.o.Reader.Find(ctx, query.Query{Table: table, Select: []string{t.ID}, Where: query.In{Left: query.Path{t.ID}, Values: keys[:n]}, Limit: n})
		if errs.Has(err, errs.Forbidden) || errs.Has(err, errs.Unauthenticated) {
			return nil, nil // nothing of the table, or nobody any more
		}
		if err != nil {
			return nil, err
		}
		for _, row := range page.Rows {
			found[row.ID(t.ID)] = true
		}
		keys = keys[n:]
	}
	return found, nil
}
