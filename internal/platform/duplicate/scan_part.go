package duplicate

import (
	"context"
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// keyed is a row with its key under a rule.
type keyed struct {
	hash string
	row  id.ID
}

// alongKeys goes on through the keys of a rule. Of rows with one key the first
// that counts is the record, and each of the others a duplicate of it.
func (p *Publisher) alongKeys(ctx context.Context, tx *record.Tx, r *Rule, at *scanning) (more bool, err error) {
	list, err := nextKeys(tx.SQL(), r.ID, at.Hash, at.After, p.partSize())
	if err != nil || len(list) == 0 {
		return false, err
	}
	at.Done += int64(len(list))
	t, _ := p.Catalog().Table(r.Base)
	// Most keys have one row, which need not be read: it is held until a second comes.
	var run []keyed
	held := keyed{at.Hash, at.Held}
	for _, k := range list {
		if k.hash != held.hash {
			held = k
			continue
		}
		if held.row != id.Nil {
			run = append(run, held)
			held.row = id.Nil
		}
		run = append(run, k)
	}
	var wanted []id.ID
	for _, k := range run {
		wanted = append(wanted, k.row)
	}
	if at.First != id.Nil {
		wanted = append(wanted, at.First)
	}
	rows, err := p.rows(ctx, tx, t, r, wanted)
	if err != nil {
		return false, err
	}
	hash, first := at.Hash, at.First
	for _, k := range run {
		if k.hash != hash {
			hash, first = k.hash, id.Nil
		}
		row, counts := rows[k.row]
		switch {
		case !counts:
		case first == id.Nil || rows[first] == nil:
			first = k.row
		case r.close(rows[first], row):
			if err := p.result(ctx, tx, r, at, rows[first], row); err != nil {
				return false, err
			}
		}
	}
	if hash != held.hash {
		first = id.Nil
	}
	at.Hash, at.After, at.First, at.Held = held.hash, list[len(list)-1].row, first, held.row
	return len(list) == p.partSize(), nil
}

// nextKeys reads keys in their order from behind a place.
func nextKeys(tx *sqldb.Tx, rule id.ID, hash string, after id.ID, limit int) ([]keyed, error) {
	d := tx.Dialect()
	args := make([]any, 2)
	for i, v := range []id.ID{rule, after} {
		var err error
		if args[i], err = query.Encode(d, query.ID, v); err != nil {
			return nil, err
		}
	}
	p := d.Placeholder
	rows, err := tx.Query("SELECT hash, recordid FROM duplicatekey WHERE ruleid = "+p(1)+" AND (hash, recordid) > ("+p(2)+", "+p(3)+") ORDER BY hash, recordid LIMIT "+p(4), args[0], hash, args[1], limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []keyed
	for rows.Next() {
		var k keyed
		var raw any
		if err := rows.Scan(&k.hash, &raw); err != nil {
			return nil, err
		}
		if k.row, err = query.DecodeID(raw); err != nil {
			return nil, err
		}
		out = append(out, k)
	}
	return out, rows.Err()
}

// alongRows goes on through the rows of the base table and looks for the keys
// that they would have among those of the matching one.
func (p *Publisher) alongRows(ctx context.Context, tx *record.Tx, r *Rule, at *scanning) (more bool, err error) {
	b, _ := p.Catalog().Table(r.Base)
	m, _ := p.Catalog().Table(r.Matching)
	q := query.Query{Table: b.Name, Select: baseColumns(b, r), Order: []query.Order{{Column: b.ID}}, Limit: min(p.partSize(), 500)}
	where := query.And{}
	if at.After != id.Nil {
		where = append(where, query.Compare{Left: query.Path{b.ID}, Op: query.Gt, Value: at.After})
	}
	if r.ExcludeInactive && b.Stateful() {
		where = append(where, query.Compare{Left: query.Path{"statecode"}, Value: int64(0)})
	}
	q.Where = where
	page, err := tx.Find(ctx, q)
	if err != nil {
		return false, err
	}
	type pair struct {
		base record.Row
		row  id.ID
	}
	var pairs []pair
	var wanted []id.ID
	for _, row := range page.Rows {
		at.After = row.ID(b.ID)
		at.Done++
		key, ok := r.keyOf(b, row, true)
		if !ok {
			continue
		}
		hits, err := withKey(tx.SQL(), r.ID, key)
		if err != nil {
			return false, err
		}
		for _, hit := range hits {
			if hit == at.After {
				continue
			}
			pairs = append(pairs, pair{row, hit})
			wanted = append(wanted, hit)
		}
	}
	rows, err := p.rows(ctx, tx, m, r, slices.Compact(slices.SortedFunc(slices.Values(wanted), func(x, y id.ID) int { return slices.Compare(x[:], y[:]) })))
	if err != nil {
		return false, err
	}
	for _, one := range pairs {
		if row, counts := rows[one.row]; counts && r.close(one.base, row) {
			if err := p.result(ctx, tx, r, at, one.base, row); err != nil {
				return false, err
			}
		}
	}
	return page.Next != nil, nil
}

// withKey gives some rows of a key.
func withKey(tx *sqldb.Tx, rule id.ID, key string) ([]id.ID, error) {
	d := tx.Dialect()
	enc, err := query.Encode(d, query.ID, rule)
	if err != nil {
		return nil, err
	}
	rows, err := tx.Query("SELECT recordid FROM duplicatekey WHERE ruleid = "+d.Placeholder(1)+" AND hash = "+d.Placeholder(2)+" ORDER BY recordid LIMIT "+d.Placeholder(3), enc, key, rowsEach+1)
	if err != nil {
		return nil, err
	}
	return query.IDs(rows)
}

func baseColumns(t *metadata.Table, r *Rule) []string {
	out := []string{t.ID}
	for _, c := range r.Conditions {
		out = append(out, c.Base)
	}
	return out
}
