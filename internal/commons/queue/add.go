package queue

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// waiting is the state of an item that nobody has worked off.
const waiting = int64(0)

// Add puts a record into a queue. A record is in a queue at most once: adding
// it again gives the item that is there, waiting anew if it had been worked off.
func Add(ctx context.Context, tx *record.Tx, c clock.Clock, queueID id.ID, table string, target id.ID) (id.ID, error) {
	return put(ctx, tx, c, queueID, table, target, nil)
}

// put is Add with further values of the item.
func put(ctx context.Context, tx *record.Tx, c clock.Clock, queueID id.ID, table string, target id.ID, more record.Row) (id.ID, error) {
	title, ok := titled(tx, table)
	if !ok {
		return id.Nil, errs.New(errs.Invalid, "queue.table", "records of %s can't wait in a queue", table)
	}
	row, err := tx.Get(ctx, table, target, []string{title}, nil)
	if err != nil {
		return id.Nil, err
	}
	q, err := tx.Get(ctx, "queue", queueID, []string{"ownerid"}, nil)
	if err != nil {
		return id.Nil, err
	}
	there, err := find(ctx, tx, queueID, target)
	if err != nil {
		return id.Nil, err
	}
	if there != nil {
		item, change := there.ID("queueitemid"), record.Row{}
		for name, v := range more {
			change[name] = v
		}
		if there.Int("statecode") != waiting {
			change["statecode"], change["enteredon"] = waiting, c.Now()
		}
		if len(change) == 0 {
			return item, nil
		}
		_, err = tx.Update(ctx, "queueitem", item, change, record.Match{})
		return item, err
	}
	name := row.Text(title)
	if name == "" {
		name = table
	}
	fresh := record.Row{"title": cut(name, 300), "enteredon": c.Now(), "queueid": queueID, "objectid": target, "objectidtype": table,
		"ownerid": q.ID("ownerid"), "owneridtype": q.Text("owneridtype")}
	for name, v := range more {
		fresh[name] = v
	}
	item, err := tx.Create(ctx, "queueitem", fresh)
	if err != nil {
		return id.Nil, err
	}
	return item.ID("queueitemid"), nil
}

// find gives the item by which a record waits in a queue; nil if it does not.
// Another transaction may add the same record just now: the later one waits, and
// finds its item.
func find(ctx context.Context, tx *record.Tx, queueID, target id.ID) (record.Row, error) {
	if err := tx.SQL().Lock("queue item " + queueID.String() + " " + target.String()); err != nil {
		return nil, err
	}
	there, err := tx.Find(ctx, query.Query{Table: "queueitem", Limit: 1, Where: query.And{
		query.Compare{Left: query.Path{"queueid"}, Value: queueID}, query.Compare{Left: query.Path{"objectid"}, Value: target}}})
	if err != nil || len(there.Rows) == 0 {
		return nil, err
	}
	return there.Rows[0], nil
}

func cut(s string, n int) string {
	r := []rune(s)
	return string(r[:min(len(r), n)])
}
