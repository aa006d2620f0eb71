package record

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Binned is a row in the recycle bin, as it is listed.
type Binned struct {
	Table     string
	Record    id.ID
	Title     string
	DeletedOn time.Time
	DeletedBy id.ID
	Related   int64 // rows that went with it
	Mine      bool  // the context's principal may bring it back
}

// binScan bounds how many rows of the bin one call looks through.
const binScan = 2000

// Bin lists what was deleted, the newest first: the rows that deletions were
// about, as far as the context's principal could read them. Where the answer
// ends before the bin does, next is where to go on.
func (r reader) Bin(ctx context.Context, table, text string, before time.Time, limit int) (out []Binned, next time.Time, err error) {
	d := r.o.DB.Dialect()
	where, args := "b.root AND b.deletedon < "+d.Placeholder(1), []any{before}
	if table != "" {
		if _, err := tableOf(r.o, table); err != nil {
			return nil, next, err
		}
		where, args = where+" AND b.tablename = "+d.Placeholder(2), append(args, table)
	}
	list, err := r.binned(ctx, where+" ORDER BY b.deletedon DESC, b.recordid LIMIT 2000", args...)
	if err != nil {
		return nil, next, err
	}
	for i, b := range list {
		if len(out) >= limit && b.deletedOn.Before(list[i-1].deletedOn) {
			return out, list[i-1].deletedOn, nil
		}
		if b.t == nil || b.t.Intersect || b.t.Managed {
			continue
		}
		owner, unit := b.row.ID("ownerid"), b.row.ID("owningbusinessunit")
		if ok, err := r.o.Access.Holds(ctx, b.table, access.Read, owner, unit); err != nil && !errs.Has(err, errs.Forbidden) {
			return nil, next, err
		} else if !ok {
			continue
		}
		one := Binned{Table: b.table, Record: b.record, Title: b.row.Text(b.t.Title), DeletedOn: b.deletedOn, DeletedBy: b.deletedBy}
		if c, ok := b.t.Column(b.t.Title); ok && c.Secured {
			one.Title = ""
		}
		if text != "" && !strings.Contains(query.Fold(one.Title), query.Fold(text)) {
			continue
		}
		mine, err := r.o.Access.Holds(ctx, b.table, access.Create, owner, unit)
		if err != nil && !errs.Has(err, errs.Forbidden) {
			return nil, next, err
		}
		one.Mine = mine
		if one.Related, err = r.wentAlong(ctx, b.deletion); err != nil {
			return nil, next, err
		}
		out = append(out, one)
	}
	if len(list) == binScan {
		next = list[len(list)-1].deletedOn
	}
	return out, next, nil
}

// wentAlong counts what went with a row, without the notes of who may use it (accompanies).
func (r reader) wentAlong(ctx context.Context, deletion id.ID) (n int64, err error) {
	args, err := encoded(r.o.DB.Dialect(), deletion)
	if err != nil || deletion == id.Nil {
		return 0, err
	}
	rows, err := r.query(ctx, "SELECT COUNT(*) FROM recyclebin WHERE deletion = "+r.o.DB.Dialect().Placeholder(1)+" AND (root OR tablename NOT IN ('principalobjectaccess', 'team', 'teammembership'))", args)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	if rows.Next() {
		err = rows.Scan(&n)
	}
	return max(n-1, 0), errors.Join(err, rows.Err())
}
