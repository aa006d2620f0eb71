package queue

import (
	"context"
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// AddInput names what goes into the queue.
type AddInput struct {
	Target              action.Ref     `json:"Target" doc:"Record that goes into the queue"`
	SourceQueue         *action.Ref    `json:"SourceQueue,omitempty" type:"queue" doc:"Queue that it leaves"`
	QueueItemProperties *action.Entity `json:"QueueItemProperties,omitempty" type:"queueitem" doc:"Values of the item, such as priority"`
}

// AddOutput names the item that stands for it.
type AddOutput struct {
	QueueItemID id.ID `json:"QueueItemId"`
}

// PickInput says who works on an item.
type PickInput struct {
	SystemUser      *action.Ref `json:"SystemUser,omitempty" type:"systemuser" doc:"Who works on it; the caller if missing"`
	RemoveQueueItem bool        `json:"RemoveQueueItem,omitempty" doc:"Take it out of the queue as well"`
}

// RouteInput says where an item goes.
type RouteInput struct {
	Target    action.Ref `json:"Target" type:"queue|systemuser|team" doc:"Queue that it goes to, or who works on it"`
	QueueItem action.Ref `json:"QueueItem" type:"queueitem" doc:"The item"`
}

// Define declares the package's actions.
func Define(r *action.Registry, c clock.Clock) {
	q := items{c}
	action.Define(r, action.Spec{Name: "AddToQueue", Table: "queue", Effect: action.DB, Description: "Puts a record into a queue, once, and out of the one that it comes from."}, q.add)
	action.Define(r, action.Spec{Name: "PickFromQueue", Table: "queueitem", Effect: action.DB, Right: access.Write, Description: "Notes who works on an item; one that somebody else works on can't be picked."}, q.pick)
	action.Define(r, action.Spec{Name: "ReleaseToQueue", Table: "queueitem", Effect: action.DB, Right: access.Write, Description: "Gives an item back, for others to pick."}, q.release)
	action.Define(r, action.Spec{Name: "RemoveFromQueue", Table: "queueitem", Effect: action.DB, Right: access.Delete, Description: "Takes an item out of its queue."}, q.remove)
	action.Define(r, action.Spec{Name: "RouteTo", Effect: action.DB, Description: "Moves an item to another queue, or gives it to a user or team."}, q.route)
}

// items does what happens to queue items.
type items struct{ clock clock.Clock }

func (q items) add(ctx context.Context, call action.Call, in AddInput) (AddOutput, error) {
	var more record.Row
	if in.QueueItemProperties != nil {
		more = in.QueueItemProperties.Row
		for _, fixed := range []string{"queueid", "objectid", "queueitemid"} {
			delete(more, fixed)
		}
	}
	if in.SourceQueue == nil || in.SourceQueue.ID == call.Target {
		item, err := put(ctx, call.Tx, q.clock, call.Target, in.Target.Table, in.Target.ID, more)
		return AddOutput{item}, err
	}
	there, err := find(ctx, call.Tx, in.SourceQueue.ID, in.Target.ID)
	if err != nil {
		return AddOutput{}, err
	}
	if there == nil {
		return AddOutput{}, errs.New(errs.Conflict, "queue.not_there", "the record does not wait in the source queue")
	}
	item, err := q.move(ctx, call.Tx, there, call.Target)
	if err != nil || len(more) == 0 {
		return AddOutput{item}, err
	}
	_, err = call.Tx.Update(ctx, "queueitem", item, more, record.Match{})
	return AddOutput{item}, err
}

// item locks an item that the caller may change.
func (q items) item(ctx context.Context, call action.Call, key id.ID) (record.Row, error) {
	return call.Tx.Demand(ctx, "queueitem", key, access.Write)
}

func (q items) pick(ctx context.Context, call action.Call, in PickInput) (action.Empty, error) {
	item, err := q.item(ctx, call, call.Target)
	if err != nil {
		return action.Empty{}, err
	}
	who := access.From(ctx).ID
	if in.SystemUser != nil {
		who = in.SystemUser.ID
	}
	if by := item.ID("workerid"); by != id.Nil && by != who {
		return action.Empty{}, errs.New(errs.Conflict, "queue.taken", "somebody else works on this item already")
	}
	if item.Int("statecode") != waiting {
		return action.Empty{}, errs.New(errs.Conflict, "queue.inactive", "the item has been worked off already")
	}
	if in.RemoveQueueItem {
		return action.Empty{}, call.Tx.Delete(ctx, "queueitem", call.Target, record.Match{})
	}
	_, err = call.Tx.Update(ctx, "queueitem", call.Target, q.worker("systemuser", who), record.Match{})
	return action.Empty{}, err
}

// worker gives the change that says who works on an item; nobody for id.Nil.
func (q items) worker(table string, who id.ID) record.Row {
	if who == id.Nil {
		return record.Row{"workerid": nil, "workeridtype": nil, "workeridmodifiedon": q.clock.Now()}
	}
	return record.Row{"workerid": who, "workeridtype": table, "workeridmodifiedon": q.clock.Now()}
}

func (q items) release(ctx context.Context, call action.Call, _ action.Empty) (action.Empty, error) {
	if _, err := q.item(ctx, call, call.Target); err != nil {
		return action.Empty{}, err
	}
	change := q.worker("", id.Nil)
	change["statecode"] = waiting
	_, err := call.Tx.Update(ctx, "queueitem", call.Target, change, record.Match{})
	return action.Empty{}, err
}

func (q items) remove(ctx context.Context, call action.Call, _ action.Empty) (action.Empty, error) {
	return action.Empty{}, call.Tx.Delete(ctx, "queueitem", call.Target, record.Match{})
}

func (q items) route(ctx context.Context, call action.Call, in RouteInput) (action.Empty, error) {
	item, err := q.item(ctx, call, in.QueueItem.ID)
	if err != nil {
		return action.Empty{}, err
	}
	if in.Target.Table != "queue" {
		_, err := call.Tx.Update(ctx, "queueitem", in.QueueItem.ID, q.worker(in.Target.Table, in.Target.ID), record.Match{})
		return action.Empty{}, err
	}
	_, err = q.move(ctx, call.Tx, item, in.Target.ID)
	return action.Empty{}, err
}

// move puts an item into another queue, where nobody works on it yet. Where the
// record waits there already, its two items become one.
func (q items) move(ctx context.Context, tx *record.Tx, item record.Row, to id.ID) (id.ID, error) {
	key := item.ID("queueitemid")
	if item.ID("queueid") == to {
		return key, nil
	}
	there, err := find(ctx, tx, to, item.ID("objectid"))
	if err != nil {
		return id.Nil, err
	}
	change := q.worker("", id.Nil)
	change["statecode"], change["enteredon"] = waiting, q.clock.Now()
	if there != nil {
		if err := tx.Delete(ctx, "queueitem", key, record.Match{}); err != nil {
			return id.Nil, err
		}
		key = there.ID("queueitemid")
	} else {
		change["queueid"] = to
	}
	_, err = tx.Update(ctx, "queueitem", key, change, record.Match{})
	return key, err
}

// Takes tells whether records of a table can wait in a queue.
func Takes(c *metadata.Catalog, table string) bool {
	item, known := c.Table("queueitem")
	if !known {
		return false
	}
	object, _ := item.Column("objectid")
	return object != nil && slices.Contains(object.Targets, table)
}

// titled is Takes, with the column that names a record.
func titled(tx *record.Tx, table string) (title string, ok bool) {
	t, there := tx.Catalog().Table(table)
	if !there || !Takes(tx.Catalog(), table) {
		return "", false
	}
	return t.Title, true
}
