package record

import (
	"context"
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Rights gives all rights of the context's principal on one row, shares
// included, as the sum of their bits. A row that is not there gives ErrNotFound;
// one that the principal may not read gives no rights.
func (r reader) Rights(ctx context.Context, table string, key id.ID) (access.Right, error) {
	t, err := tableOf(r.o, table)
	if err != nil {
		return 0, err
	}
	columns := []string{t.ID}
	if t.Owned() {
		columns = append(columns, "ownerid", "owningbusinessunit")
	}
	page, err := r.find(ctx, query.Query{Table: table, Select: columns, Where: query.Compare{Left: query.Path{t.ID}, Value: key}, Limit: 1}, nil)
	if err != nil {
		return 0, err
	}
	if len(page.Rows) == 0 {
		return 0, ErrNotFound
	}
	row := page.Rows[0]
	shared, err := r.sharedRights(ctx, t, key)
	if err != nil {
		return 0, err
	}
	var out access.Right
	member := access.From(ctx).Kind == access.Member
	for _, right := range access.Rights() {
		ok, err := r.o.Access.Holds(ctx, table, right, row.ID("ownerid"), row.ID("owningbusinessunit"))
		if member && !ok && err == nil {
			ok, err = r.reached(ctx, t, row, right)
		}
		switch {
		case ok, err == nil && shared&right != 0: // a share adds to a privilege that is held at all
			out |= right
		case err != nil && !errs.Has(err, errs.Forbidden):
			return 0, err
		}
	}
	if out&access.Read == 0 {
		return 0, nil
	}
	return out, nil
}

// sharedRights gives what is shared with the principal and its teams.
func (r reader) sharedRights(ctx context.Context, t *metadata.Table, key id.ID) (out access.Right, err error) {
	err = r.shares(ctx, t.Name, key, func(with id.ID, mask access.Right) {
		for _, right := range access.Rights() {
			if mask&right != 0 && slices.Contains(r.o.Access.SharedWith(ctx, right), with) {
				out |= right
			}
		}
	})
	return out, err
}

// shares goes through the shares of one row, of which there are few.
func (r reader) shares(ctx context.Context, table string, key id.ID, each func(with id.ID, mask access.Right)) error {
	if !r.o.Access.HasShares(table) {
		return nil
	}
	d := r.o.DB.Dialect()
	enc, err := query.Encode(d, query.ID, key)
	if err != nil {
		return err
	}
	rows, err := r.query(ctx, "SELECT principalid, accessrightsmask FROM principalobjectaccess WHERE objectid = "+d.Placeholder(1), []any{enc})
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var raw any
		var mask int64
		if err := rows.Scan(&raw, &mask); err != nil {
			return err
		}
		v, err := query.Decode(d, query.ID, 0, raw)
		if err != nil {
			return err
		}
		if with, ok := v.(id.ID); ok {
			each(with, access.Right(mask))
		}
	}
	return rows.Err()
}

// Demand locks a row and makes sure that the context's principal has the right on it.
func (tx *Tx) Demand(ctx context.Context, table string, key id.ID, right access.Right) (Row, error) {
	t, err := tx.table(table)
	if err != nil {
		return nil, err
	}
	row, err := tx.lock(ctx, t, key, nil, forChange)
	if err != nil {
		return nil, err
	}
	return row, tx.permit(ctx, t, row, right)
}

// Catalog gives the tables in force.
func (tx *Tx) Catalog() *metadata.Catalog { return tx.o.Catalog() }

// Companions lists the record ids that a package's own table beside the records
// holds under an id and a text: the rows of one key, the hits of one term. What
// is done with them goes through Find, and so through access control.
func (r reader) Companions(ctx context.Context, table, idColumn, textColumn string, key id.ID, text string) ([]id.ID, error) {
	d := r.o.DB.Dialect()
	enc, err := query.Encode(d, query.ID, key)
	if err != nil {
		return nil, err
	}
	rows, err := r.query(ctx, "SELECT recordid FROM "+d.Quote(table)+" WHERE "+d.Quote(idColumn)+" = "+d.Placeholder(1)+" AND "+d.Quote(textColumn)+" = "+d.Placeholder(2), []any{enc, text})
	if err != nil {
		return nil, err
	}
	return query.IDs(rows)
}

// SharedFor lists the users and teams with whom a row is shared for a right. The
// caller has made sure that whoever asks may know.
func (r reader) SharedFor(ctx context.Context, table string, key id.ID, right access.Right) (out []id.ID, err error) {
	err = r.shares(ctx, table, key, func(with id.ID, mask access.Right) {
		if mask&right != 0 {
			out = append(out, with)
		}
	})
	return out, err
}
