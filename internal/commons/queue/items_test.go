package queue_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// An item is picked by one, given back, moved and taken out.
func TestWhatHappensToAnItem(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		first, second := e.create("queue", record.Row{"name": "First"}).ID("queueid"), e.create("queue", record.Row{"name": "Second"}).ID("queueid")
		lead := e.create("lead", record.Row{"lastname": "Berg"}).ID("leadid")
		ann := e.create("systemuser", record.Row{"fullname": "Ann", "domainname": "ann", "businessunitid": e.unit}).ID("systemuserid")
		bob := e.create("systemuser", record.Row{"fullname": "Bob", "domainname": "bob", "businessunitid": e.unit}).ID("systemuserid")
		out, err := e.actions.Call(e.ctx, "AddToQueue", first, map[string]any{"Target": named("lead", lead), "QueueItemProperties": map[string]any{"priority": 5}})
		if err != nil {
			t.Fatal(err)
		}
		item, _ := id.Parse(out["QueueItemId"].(string))
		do := func(name string, target id.ID, body map[string]any) error {
			_, err := e.actions.Call(e.ctx, name, target, body)
			return err
		}
		now := func() record.Row {
			rows := e.items()
			if len(rows) != 1 {
				t.Fatalf("%d items", len(rows))
			}
			return rows[0]
		}
		if now().Int("priority") != 5 {
			t.Errorf("%v", now())
		}
		if err := do("PickFromQueue", item, map[string]any{"SystemUser": named("systemuser", ann)}); err != nil || now().ID("workerid") != ann || now()["workeridmodifiedon"] == nil {
			t.Errorf("picked: %v %v", err, now())
		}
		if err := do("PickFromQueue", item, map[string]any{"SystemUser": named("systemuser", bob)}); errs.CodeOf(err) != "queue.taken" || now().ID("workerid") != ann {
			t.Errorf("picked by another: %v", err)
		}
		if err := do("ReleaseToQueue", item, nil); err != nil || now().ID("workerid") != id.Nil {
			t.Errorf("released: %v %v", err, now())
		}
		if err := do("RouteTo", id.Nil, map[string]any{"Target": named("systemuser", bob), "QueueItem": named("queueitem", item)}); err != nil || now().ID("workerid") != bob {
			t.Errorf("routed to a user: %v %v", err, now())
		}
		if err := do("RouteTo", id.Nil, map[string]any{"Target": named("queue", second), "QueueItem": named("queueitem", item)}); err != nil || now().ID("queueid") != second || now().ID("workerid") != id.Nil {
			t.Errorf("routed to a queue: %v %v", err, now())
		}
		if err := do("AddToQueue", first, map[string]any{"Target": named("lead", lead), "SourceQueue": named("queue", second)}); err != nil || now().ID("queueid") != first {
			t.Errorf("moved: %v %v", err, now())
		}
		if err := do("AddToQueue", first, map[string]any{"Target": named("lead", lead), "SourceQueue": named("queue", second)}); errs.CodeOf(err) != "queue.not_there" {
			t.Errorf("moved from where it is not: %v", err)
		}
		if err := do("AddToQueue", second, map[string]any{"Target": named("lead", lead)}); err != nil || len(e.items()) != 2 {
			t.Errorf("in two queues: %v", err)
		}
		if err := do("RouteTo", id.Nil, map[string]any{"Target": named("queue", second), "QueueItem": named("queueitem", item)}); err != nil || now().ID("queueid") != second {
			t.Errorf("two become one: %v", err)
		}
		if err := do("RemoveFromQueue", now().ID("queueitemid"), nil); err != nil || len(e.items()) != 0 {
			t.Errorf("removed: %v", err)
		}
		for name, body := range map[string]map[string]any{"a table that can't wait": {"Target": named("team", id.New())}, "a queue": {"Target": named("queue", first)}} {
			if err := do("AddToQueue", first, body); errs.CodeOf(err) != "queue.table" {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// Of many who pick the same item at the same time one gets it.
func TestOnePicks(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		q := e.create("queue", record.Row{"name": "First"}).ID("queueid")
		lead := e.create("lead", record.Row{"lastname": "Berg"}).ID("leadid")
		out, err := e.add(q, "lead", lead)
		if err != nil {
			t.Fatal(err)
		}
		item, _ := id.Parse(out["QueueItemId"].(string))
		var got atomic.Int32
		var all sync.WaitGroup
		for i := range 8 {
			user := e.create("systemuser", record.Row{"fullname": "U", "domainname": "u" + string(rune('0'+i)), "businessunitid": e.unit}).ID("systemuserid")
			all.Go(func() {
				_, err := e.actions.Call(e.ctx, "PickFromQueue", item, map[string]any{"SystemUser": named("systemuser", user)})
				switch errs.CodeOf(err) {
				case "queue.taken":
				default:
					if err != nil {
						t.Error(err)
					}
					got.Add(1)
				}
			})
		}
		all.Wait()
		if got.Load() != 1 {
			t.Errorf("%d got it", got.Load())
		}
	})
}
