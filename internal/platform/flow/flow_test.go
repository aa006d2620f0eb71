package flow_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/flow"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

const upsertFlow = `
name: upsert
input: {lead: {type: object, required: true}, event: {}}
run_name: "Lead ${trigger.lead.emailaddress1}"
regarding: "${coalesce(steps.refresh.leadid, steps.make.leadid)}"
steps:
  - {id: match, type: query, table: lead, select: [leadid], limit: 1, where: {and: [{column: rpt_matchkey, value: "${trigger.lead.rpt_matchkey}"}, {column: statecode, value: 0}]}}
  - id: known
    type: condition
    if: steps.match.count > 0
    then:
      - {id: refresh, type: update, table: lead, target: "${steps.match.first.leadid}", fill: true, row: ["${trigger.lead}", {jobtitle: again}]}
    else:
      - {id: make, type: create, table: lead, fill: true, row: "${trigger.lead}"}
      - {id: tell, type: action, action: tell, target: "${steps.make.leadid}", input: {Text: "new ${trigger.lead.emailaddress1}", N: "${1 + 1}"}}
`

func TestFirstCheckpointIsTheCallersTransaction(t *testing.T) {
	each(t, func(w *world) {
		p := w.use(7, upsertFlow)
		key := w.mustStart("upsert", lead("a@example.com"), "k1")
		row := w.run(key)
		if flow.Status(row.Int("rpt_status")) != flow.Succeeded || row.Text("rpt_name") != "Lead a@example.com" || row.Text("rpt_flowname") != "upsert" || row.Int("rpt_version") != 7 ||
			row.Text("rpt_key") != "k1" || row.Version() != 1 || row["rpt_completedon"] == nil || row["createdon"] == nil || row["rpt_durationms"] == nil {
			t.Errorf("%v", row)
		}
		leads := w.find("lead", "rpt_matchkey", "a@example.com")
		if len(leads) != 1 || row.ID("rpt_regarding") != leads[0].ID("leadid") || leads[0].Text("jobtitle") != "" {
			t.Fatalf("%v", leads)
		}
		if got := w.outline(key); got != "match:succeeded known:succeeded make:succeeded tell:succeeded" {
			t.Error(got)
		}
		tell := w.steps(key)[0][3]
		if fmt.Sprint(tell.Input) != fmt.Sprintf("map[action:tell input:map[N:2 Text:new a@example.com] target:%s]", leads[0].ID("leadid")) {
			t.Error(tell.Input)
		}
		if w.jobs() != 0 {
			t.Error("a finished run left a job")
		}
		// The same key again does nothing; another event refreshes.
		if again := w.mustStart("upsert", lead("a@example.com"), "k1"); again != key {
			t.Error("another run")
		}
		other := w.mustStart("upsert", lead("a@example.com"), "k2")
		leads = w.find("lead", "", nil)
		if len(leads) != 1 || leads[0].Text("jobtitle") != "again" || w.outline(other) != "match:succeeded known:succeeded refresh:succeeded" || len(w.find("task", "", nil)) != 1 {
			t.Error(w.outline(other), leads)
		}
		if w.engine.Counts.Repeated.Load() != 1 || w.engine.Counts.Succeeded.Load() != 2 || len(p.Text()) == 0 {
			t.Error("counts")
		}
	})
}

// Sixteen runs at a time with eight addresses: each address becomes one lead.
func TestConcurrentRunsWithOneAddress(t *testing.T) {
	each(t, func(w *world) {
		w.use(1, upsertFlow)
		var wg sync.WaitGroup
		for i := range 16 {
			wg.Go(func() {
				for n := range 8 {
					if _, err := w.start("upsert", lead(fmt.Sprintf("p%d@example.com", n)), fmt.Sprintf("%d-%d", i, n)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if n := len(w.find("lead", "", nil)); n != 8 {
			t.Errorf("%d leads", n)
		}
		if n := len(w.find("task", "", nil)); n != 8 {
			t.Errorf("%d times told", n)
		}
		if n := len(w.find("rpt_flowrun", "rpt_status", int64(flow.Succeeded))); n != 128 {
			t.Errorf("%d runs succeeded", n)
		}
	})
}

// A unique key that clashes runs the checkpoint again, and the row is found then.
func TestClashRunsAgain(t *testing.T) {
	each(t, func(w *world) {
		w.use(1, upsertFlow)
		var calls atomic.Int64
		w.act = func(string, id.ID, map[string]any) (map[string]any, error) {
			if calls.Add(1) < 3 {
				return nil, fmt.Errorf("create: %w", record.ErrDuplicateKey)
			}
			return nil, nil
		}
		key := w.mustStart("upsert", lead("a@example.com"), "k")
		if w.outline(key) != "match:succeeded known:succeeded make:succeeded tell:succeeded" || len(w.find("lead", "", nil)) != 1 || w.engine.Counts.Clashes.Load() != 2 {
			t.Error(w.outline(key), w.engine.Counts.Clashes.Load())
		}
		w.act = func(string, id.ID, map[string]any) (map[string]any, error) { return nil, record.ErrDuplicateKey }
		key = w.mustStart("upsert", lead("b@example.com"), "k2")
		if !w.status(key, flow.Failed)() || len(w.find("lead", "", nil)) != 1 {
			t.Error("a clash that stays must fail the run and undo its steps")
		}
	})
}

func TestFailureUndoesResumeRepeats(t *testing.T) {
	each(t, func(w *world) {
		w.use(1, upsertFlow)
		broken := true
		w.act = func(string, id.ID, map[string]any) (map[string]any, error) {
			if broken {
				return nil, errs.New(errs.Conflict, "test.no_queue", "no queue takes this lead")
			}
			return nil, nil
		}
		key := w.mustStart("upsert", lead("a@example.com"), "k")
		row := w.run(key)
		if !w.status(key, flow.Failed)() || row.Text("rpt_error") != "tell: no queue takes this lead" || len(w.find("lead", "", nil)) != 0 {
			t.Fatalf("%v", row)
		}
		if got := w.outline(key); got != "match:undone known:undone make:undone tell:failed" {
			t.Error(got)
		}
		if e := w.steps(key)[0][3].Error; e == nil || e.Code != "test.no_queue" {
			t.Error(e)
		}
		// The definition changes meanwhile: the run goes on with its own.
		w.use(2, strings.Replace(upsertFlow, "jobtitle: again", "jobtitle: changed", 1))
		broken = false
		w.runner()
		w.write(func(tx *sqldb.Tx) error { return w.engine.Resume(tx, key) })
		w.until("resumed", 50*time.Millisecond, w.status(key, flow.Succeeded))
		if got := w.outline(key); got != "match:undone known:undone make:undone tell:failed | match:succeeded known:succeeded make:succeeded tell:succeeded" {
			t.Error(got)
		}
		if len(w.find("lead", "", nil)) != 1 || w.run(key).Text("rpt_error") != "" || w.run(key).Int("rpt_version") != 1 {
			t.Errorf("%v", w.run(key))
		}
		if err := w.db.Write(t.Context(), func(tx *sqldb.Tx) error { return w.engine.Resume(tx, key) }); !errors.Is(err, flow.ErrNotFailed) {
			t.Error(err)
		}
	})
}

const waitingFlow = `
name: waiting
input: {lead: {type: object, required: true}, event: {}}
steps:
  - {id: one, type: action, action: first}
  - {id: rest, type: wait, for: 1h}
  - {id: make, type: create, table: lead, row: "${trigger.lead}"}
  - {id: sleep, type: wait, until: "timestamp(run.startedon) + duration('3h')"}
  - {id: two, type: action, action: second, target: "${steps.make.leadid}", input: {Count: "${steps.one.called}"}}
`

func TestWaitsAndVersions(t *testing.T) {
	each(t, func(w *world) {
		w.use(1, waitingFlow)
		w.runner()
		key := w.mustStart("waiting", lead("a@example.com"), "")
		if !w.status(key, flow.Waiting)() || len(w.find("task", "", nil)) != 1 || w.jobs() != 1 {
			t.Fatal(w.run(key))
		}
		w.use(2, strings.Replace(waitingFlow, "action: second", "action: other", 1))
		// Not before its time, and soon after it.
		w.clock.Advance(59 * time.Minute)
		w.until("some polls", 50*time.Millisecond, func() bool { return w.clock.Now().After(time.Date(2026, 11, 22, 8, 59, 20, 0, time.UTC)) })
		if len(w.find("lead", "", nil)) != 0 {
			t.Error("an hour was not over")
		}
		w.clock.Advance(time.Minute)
		w.until("made", 50*time.Millisecond, func() bool { return len(w.find("lead", "", nil)) == 1 })
		if !w.status(key, flow.Waiting)() {
			t.Error(w.run(key))
		}
		w.clock.Advance(2 * time.Hour)
		w.until("done", 50*time.Millisecond, w.status(key, flow.Succeeded))
		if got := w.outline(key); got != "one:succeeded rest:waiting | make:succeeded sleep:waiting | two:succeeded" {
			t.Error(got)
		}
		if len(w.find("task", "subject", "second")) != 1 || len(w.find("task", "subject", "other")) != 0 {
			t.Error("the run went over to another version")
		}
	})
}

func TestCancel(t *testing.T) {
	each(t, func(w *world) {
		w.use(1, waitingFlow)
		key := w.mustStart("waiting", lead("a@example.com"), "")
		w.write(func(tx *sqldb.Tx) error { return w.engine.Cancel(tx, key) })
		if !w.status(key, flow.Cancelled)() || w.jobs() != 0 {
			t.Error(w.run(key))
		}
		if err := w.db.Write(t.Context(), func(tx *sqldb.Tx) error { return w.engine.Cancel(tx, key) }); !errors.Is(err, flow.ErrEnded) {
			t.Error(err)
		}
		if err := w.db.Write(t.Context(), func(tx *sqldb.Tx) error { return w.engine.Cancel(tx, id.New()) }); !errors.Is(err, flow.ErrNoRun) {
			t.Error(err)
		}
	})
}

// Unavailable is waited for: Start refuses, so that its caller tries again; a
// run that is under way stays under way.
func TestUnavailableNeverFails(t *testing.T) {
	each(t, func(w *world) {
		w.use(1, waitingFlow)
		down := errs.New(errs.Unavailable, "sqldb.unavailable", "down")
		var tries atomic.Int64
		w.act = func(string, id.ID, map[string]any) (map[string]any, error) { return nil, down }
		if _, err := w.start("waiting", lead("a@example.com"), "k"); !errors.Is(err, down) {
			t.Fatal(err)
		}
		if len(w.find("rpt_flowrun", "", nil)) != 0 {
			t.Error("a run was begun")
		}
		w.act = nil
		key := w.mustStart("waiting", lead("a@example.com"), "k")
		w.act = func(name string, _ id.ID, _ map[string]any) (map[string]any, error) {
			if tries.Add(1) < 12 {
				return nil, down
			}
			return nil, nil
		}
		w.runner()
		w.until("done", 10*time.Second, w.status(key, flow.Succeeded))
		if len(w.find("task", "subject", "second")) != 1 {
			t.Error("done twice or not at all")
		}
		if _, err := w.start("nothing", nil, ""); !errors.Is(err, flow.ErrInactive) || errs.KindOf(err) != errs.Unavailable {
			t.Error(err)
		}
	})
}

func TestStepRetry(t *testing.T) {
	each(t, func(w *world) {
		w.use(1, `
name: retrying
steps:
  - {id: make, type: create, table: task, row: {subject: before}}
  - {id: try, type: action, action: shaky, retry: {attempts: 2, delay: 1m}}
  - {id: after, type: create, table: task, row: {subject: after}}
`)
		fails := int64(2)
		var calls atomic.Int64
		w.act = func(string, id.ID, map[string]any) (map[string]any, error) {
			if calls.Add(1) <= fails {
				return nil, errors.New("shaky")
			}
			return map[string]any{"ok": true}, nil
		}
		w.runner()
		key := w.mustStart("retrying", nil, "a")
		if !w.status(key, flow.Waiting)() || len(w.find("task", "", nil)) != 0 {
			t.Error(w.run(key))
		}
		w.until("succeeded", 5*time.Second, w.status(key, flow.Succeeded))
		if got := w.outline(key); got != "make:undone try:retrying | make:undone try:retrying | make:succeeded try:succeeded after:succeeded" {
			t.Error(got)
		}
		if len(w.find("task", "", nil)) != 2 {
			t.Error(w.find("task", "", nil))
		}
		calls.Store(0)
		fails = 100
		key = w.mustStart("retrying", nil, "b")
		w.until("failed", 5*time.Second, w.status(key, flow.Failed))
		if calls.Load() != 3 {
			t.Errorf("%d calls", calls.Load())
		}
	})
}

func TestBranchesLoopsAndEnds(t *testing.T) {
	each(t, func(w *world) {
		w.use(1, `
name: shapes
input: {kind: {type: text}, items: {type: list}, password: {}}
secrets: [pin]
steps:
  - {id: init, type: set, set: {sum: 0, pin: "1234"}}
  - id: each
    type: foreach
    items: trigger.items
    as: item
    most: 500
    steps:
      - id: odd
        type: condition
        if: item.n % 2 == 1
        then:
          - {id: add, type: set, set: {sum: "${vars.sum + item.n}"}}
  - id: which
    type: switch
    on: trigger.kind
    cases:
      - {value: a, steps: [{id: a1, type: create, table: task, row: {subject: "a ${vars.sum}"}}]}
      - {value: b, steps: [{id: b1, type: terminate, status: failed, message: "b is not allowed, ${vars.sum}"}]}
    default:
      - {id: d1, type: upsert, table: queue, key: {queueid: "${trigger.items[0].id}"}, row: {name: "default"}}
  - {id: last, type: terminate, message: done}
  - {id: never, type: create, table: task, row: {subject: never}}
`)
		var items []any
		for n := range 300 {
			items = append(items, map[string]any{"n": n, "id": id.Derive("q").String()})
		}
		w.runner()
		a := w.mustStart("shapes", map[string]any{"kind": "a", "items": items, "password": "hunter2"}, "")
		w.until("a", 10*time.Millisecond, w.status(a, flow.Succeeded))
		if got := w.find("task", "", nil); len(got) != 1 || got[0].Text("subject") != "a 22500" {
			t.Errorf("%v", got)
		}
		if checkpoints := len(w.steps(a)); checkpoints < 3 {
			t.Errorf("600 steps in %d checkpoints", checkpoints)
		}
		input, _ := w.run(a)["rpt_input"].(json.RawMessage)
		history, err := json.Marshal(w.steps(a))
		if err != nil || strings.Contains(string(input), "hunter2") || strings.Contains(string(history), "1234\"") || !strings.Contains(string(input), "•••") {
			t.Errorf("a secret shows in %.200s or %.200s", input, history)
		}
		b := w.mustStart("shapes", map[string]any{"kind": "b", "items": nil}, "")
		if !w.status(b, flow.Failed)() || w.run(b).Text("rpt_error") != "b is not allowed, 0" {
			t.Error(w.run(b))
		}
		if err := w.db.Write(t.Context(), func(tx *sqldb.Tx) error { return w.engine.Resume(tx, b) }); errs.KindOf(err) != errs.Conflict {
			t.Error(err)
		}
		for range 2 {
			d := w.mustStart("shapes", map[string]any{"kind": "c", "items": items[:1]}, "")
			w.until("d", 10*time.Millisecond, w.status(d, flow.Succeeded))
		}
		if got := w.find("queue", "", nil); len(got) != 1 || got[0].Text("name") != "default" {
			t.Errorf("%v", got)
		}
		if _, err := w.start("shapes", map[string]any{"kind": 5}, ""); errs.CodeOf(err) != "flow.input" {
			t.Error(err)
		}
		long := w.mustStart("shapes", map[string]any{"kind": "a", "items": make([]any, 501)}, "")
		if !w.status(long, flow.Failed)() {
			t.Error("a list that is too long was walked through")
		}
		if len(w.find("task", "subject", "never")) != 0 {
			t.Error("a step after the end ran")
		}
	})
}

// A job that keeps failing outside its steps leaves a failed run that can be resumed.
func TestGivenUpJobFailsTheRun(t *testing.T) {
	each(t, func(w *world) {
		w.use(1, waitingFlow)
		key := w.mustStart("waiting", lead("a@example.com"), "")
		w.use(2, strings.Replace(waitingFlow, "3h", "4h", 1))
		w.write(func(tx *sqldb.Tx) error {
			_, err := tx.Exec("DELETE FROM flowdefinition")
			return err
		})
		w.runner()
		w.until("failed", time.Minute, w.status(key, flow.Failed))
		p := w.use(1, waitingFlow)
		w.write(func(tx *sqldb.Tx) error { return w.engine.Resume(tx, key) })
		w.until("done", time.Minute, w.status(key, flow.Succeeded))
		if len(w.find("task", "", nil)) != 2 || p.Version != 1 {
			t.Error(w.find("task", "", nil))
		}
	})
}

var _ flow.Caller = (*world)(nil)
