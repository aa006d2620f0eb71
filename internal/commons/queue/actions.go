package queue

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// AddInput names what goes into the queue.
type AddInput struct {
	TargetID   id.ID  `json:"TargetId" doc:"Record that goes into the queue"`
	TargetType string `json:"TargetType" doc:"Logical name of its table"`
}

// AddOutput names the item that stands for it.
type AddOutput struct {
	QueueItemID id.ID `json:"QueueItemId"`
}

// Define declares the package's actions.
func Define(r *action.Registry, c clock.Clock) {
	action.Define(r, action.Spec{Name: "AddToQueue", Table: "queue", Effect: action.DB, Description: "Puts a record into a queue, once."},
		func(ctx context.Context, call action.Call, in AddInput) (AddOutput, error) {
			item, err := Add(ctx, call.Tx, c, call.Target, in.TargetType, in.TargetID)
			return AddOutput{item}, err
		})
}

// waiting is the state of an item that nobody has worked off.
const waiting = int64(0)

// titles are the primary name columns of what can wait in a queue.
var titles = map[string]string{"lead": "fullname", "task": "subject", "opportunity": "name"}

// Add puts a record into a queue. A record is in a queue at most once: adding
// it again gives the item that is there, waiting anew if it had been worked off.
func Add(ctx context.Context, tx *record.Tx, c clock.Clock, queueID id.ID, table string, target id.ID) (id.ID, error) {
	title, ok := titles[table]
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
	// Another transaction may add the same record just now: the later one waits, and finds its item.
	if err := tx.SQL().Lock("queue item " + queueID.String() + " " + target.String()); err != nil {
		return id.Nil, err
	}
	there, err := tx.Find(ctx, query.Query{Table: "queueitem", Select: []string{"queueitemid", "statecode"}, Limit: 1, Where: query.And{
		query.Compare{Left: query.Path{"queueid"}, Value: queueID}, query.Compare{Left: query.Path{"objectid"}, Value: target}}})
	if err != nil {
		return id.Nil, err
	}
	if len(there.Rows) > 0 {
		item := there.Rows[0].ID("queueitemid")
		if there.Rows[0].Int("statecode") == waiting {
			return item, nil
		}
		_, err = tx.Update(ctx, "queueitem", item, record.Row{"statecode": waiting, "enteredon": c.Now()}, record.Match{})
		return item, err
	}
	name := row.Text(title)
	if name == "" {
		name = table
	}
	item, err := tx.Create(ctx, "queueitem", record.Row{"title": cut(name, 300), "enteredon": c.Now(), "queueid": queueID, "objectid": target, "objectidtype": table,
		"ownerid": q.ID("ownerid"), "owneridtype": q.Text("owneridtype")})
	if err != nil {
		return id.Nil, err
	}
	return item.ID("queueitemid"), nil
}

func cut(s string, n int) string {
	r := []rune(s)
	return string(r[:min(len(r), n)])
}
