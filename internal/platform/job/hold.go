package job

import (
	"context"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Hold is a named lease: of all that ask for it, on all nodes, one has it at a
// time. It saves doing work twice; what must not happen twice needs a guard of
// its own, as a holder may be slower than its lease is long.
type Hold struct {
	DB    *sqldb.DB
	Clock clock.Clock
	Name  string
	For   time.Duration // how long it lasts unless it is taken again

	holder id.ID
}

// NewHold makes a lease that nobody has yet.
func NewHold(db *sqldb.DB, c clock.Clock, name string, length time.Duration) *Hold {
	return &Hold{DB: db, Clock: c, Name: name, For: length, holder: id.New()}
}

// Take takes the lease, or makes it longer; false while another has it.
func (h *Hold) Take(ctx context.Context) (mine bool, err error) {
	now := h.Clock.Now()
	args := []any{h.Name}
	for _, v := range []struct {
		k query.Kind
		v any
	}{{query.ID, h.holder}, {query.Time, now.Add(h.For)}, {query.Time, now}, {query.ID, h.holder}} {
		enc, err := query.Encode(h.DB.Dialect(), v.k, v.v)
		if err != nil {
			return false, err
		}
		args = append(args, enc)
	}
	p := h.DB.Dialect().Placeholder
	err = h.DB.Write(ctx, func(tx *sqldb.Tx) error {
		n, err := tx.Exec("INSERT INTO lease (name, holder, until) VALUES ("+p(1)+", "+p(2)+", "+p(3)+
			") ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until WHERE lease.until < "+p(4)+" OR lease.holder = "+p(5), args...)
		mine = n == 1
		return err
	})
	return mine && err == nil, err
}

// Release gives the lease back, if it is this one's.
func (h *Hold) Release(ctx context.Context) error {
	holder, err := query.Encode(h.DB.Dialect(), query.ID, h.holder)
	if err != nil {
		return err
	}
	p := h.DB.Dialect().Placeholder
	return h.DB.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec("DELETE FROM lease WHERE name = "+p(1)+" AND holder = "+p(2), h.Name, holder)
		return err
	})
}
