package transfer_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/transfer/bulk"
	"github.com/rapport-platform/rapport/internal/platform/transfer/operation"
)

// many makes parts and the service that changes them.
func (e *env) many(n int) *bulk.Service {
	e.t.Helper()
	e.anna = e.user("berta", "rpt_part", "account", "rpt_bulkoperation", "systemuser")
	err := e.store.Write(e.system(), func(tx *record.Tx) error {
		for i := range n {
			if _, err := tx.Create(e.system(), "rpt_part", record.Row{"rpt_name": fmt.Sprintf("Part %03d", i), "rpt_code": fmt.Sprint("C", i), "rpt_stock": int64(i % 2), "ownerid": e.anna, "owneridtype": "systemuser"}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		e.t.Fatal(err)
	}
	action.Define(e.actions, action.Spec{Name: "test_Restock", Table: "rpt_part", Effect: action.DB, Description: "Sets the stock."},
		func(ctx context.Context, c action.Call, in struct {
			Stock int64 `json:"Stock"`
		}) (action.Empty, error) {
			_, err := c.Tx.Update(ctx, "rpt_part", c.Target, record.Row{"rpt_stock": in.Stock}, record.Match{})
			return action.Empty{}, err
		})
	s := bulk.New(bulk.Config{Store: e.store, Access: e.config.Access, Actions: e.actions, Clock: e.clock, Keeper: e.keeper,
		Text: func(ctx context.Context) *odata.Context {
			return &odata.Context{Catalog: e.store.Catalog(), Now: e.clock.Now(), UserID: access.From(ctx).ID}
		}})
	s.Define(e.actions)
	return s
}

func (e *env) change(s *bulk.Service, r bulk.Request) id.ID {
	e.t.Helper()
	r.Table = "rpt_part"
	key, err := s.Start(e.ctx(), r)
	if err != nil {
		e.t.Fatal(err)
	}
	e.work(map[string]job.Handler{bulk.Kind: s.Handler()}, bulk.Table, key, operation.Done, operation.Failed)
	return key
}

func (e *env) undo(key id.ID) record.Row {
	e.t.Helper()
	if _, err := e.actions.Call(e.ctx(), "rpt_UndoBulk", key, nil); err != nil {
		e.t.Fatal(err)
	}
	return e.work(map[string]job.Handler{operation.UndoKind: e.keeper.Undos()}, bulk.Table, key, operation.Undone, operation.Failed)
}

func (e *env) state(s *bulk.Service, key id.ID, want string) {
	e.t.Helper()
	st, err := s.State(e.ctx(), key)
	if got := fmt.Sprint(st.Status, st.Total, st.Done, st.Failed, st.Undone, st.Kept); err != nil || got != want {
		e.t.Errorf("status, total, done, failed, undone, kept = %s, want %s (%s) %v", got, want, st.Error, err)
	}
}

func TestBulkChangesAndTheirUndoing(t *testing.T) {
	each(t, func(e *env) {
		s := e.many(250)
		before := e.rows("rpt_part", "rpt_name", "rpt_stock", "rpt_size", "ownerid")
		p, err := s.Preview(e.ctx(), bulk.Request{Table: "rpt_part", Kind: bulk.Edit, Filter: "rpt_stock eq 1", Values: json.RawMessage(`{"rpt_size":2}`)})
		if err != nil || p.Total != 125 || len(p.Sample) != 10 {
			t.Fatalf("%+v %v", p, err)
		}
		// The change takes rows out of the condition while it is at work.
		edit := e.change(s, bulk.Request{Kind: bulk.Edit, Filter: "rpt_stock eq 1", Values: json.RawMessage(`{"rpt_size":2,"rpt_stock":7}`)})
		e.state(s, edit, "5 125 125 0 0 0")
		if n := strings.Count(e.rows("rpt_part", "rpt_stock", "rpt_size"), "7 2"); n != 125 {
			t.Errorf("%d changed", n)
		}
		run := e.change(s, bulk.Request{Kind: bulk.Run, Action: "test_Restock", Params: map[string]any{"Stock": json.Number("9")}, Filter: "rpt_stock eq 7"})
		e.state(s, run, "5 125 125 0 0 0")
		assign := e.change(s, bulk.Request{Kind: bulk.Assign, Owner: &bulk.Owner{Table: "systemuser", ID: e.user("carl", "rpt_part")}})
		e.state(s, assign, "5 250 250 0 0 0")
		for _, key := range []id.ID{assign, run, edit} {
			e.undo(key)
		}
		e.state(s, edit, "9 125 125 0 125 0")
		if after := e.rows("rpt_part", "rpt_name", "rpt_stock", "rpt_size", "ownerid"); after != before {
			t.Errorf("undoing left\n%s", after)
		}
	})
}

func TestBulkDeleteAndItsUndoing(t *testing.T) {
	each(t, func(e *env) {
		s := e.many(150)
		page, err := e.store.Find(e.ctx(), queryParts("C0", "C1", "C2"))
		if err != nil || len(page.Rows) != 3 {
			t.Fatal(err)
		}
		whole, partOf := page.Rows[0].ID("rpt_partid"), page.Rows[1].ID("rpt_partid")
		e.update(e.system(), "rpt_part", partOf, record.Row{"rpt_partof": whole})
		before := e.rows("rpt_part", "rpt_name", "rpt_stock", "rpt_partof")
		if _, err := s.Start(e.ctx(), bulk.Request{Table: "rpt_part", Kind: bulk.Delete}); !errs.Has(err, errs.Forbidden) {
			t.Error("all rows are deleted without the privilege", err)
		}
		ids := []id.ID{whole, page.Rows[2].ID("rpt_partid")}
		key := e.change(s, bulk.Request{Kind: bulk.Delete, IDs: ids})
		e.state(s, key, "5 2 2 0 0 0")
		if e.count("rpt_part") != 148 {
			t.Error(e.count("rpt_part"))
		}
		e.undo(key)
		if after := e.rows("rpt_part", "rpt_name", "rpt_stock", "rpt_partof"); after != before {
			t.Errorf("undoing left\n%s\nof\n%s", after, before)
		}
	})
}

func TestBulkTellsOfRowsThatCantBeChanged(t *testing.T) {
	each(t, func(e *env) {
		s := e.many(120)
		// The key can be given to one of them only.
		key := e.change(s, bulk.Request{Kind: bulk.Edit, Values: json.RawMessage(`{"rpt_code":"ONE"}`)})
		e.state(s, key, "5 120 1 119 0 0")
		n := 0
		for f, err := range operation.Faults(t.Context(), e.db, key, id.Nil, operation.PhaseRun) {
			if err != nil || f.Code != "record.duplicate_key" || f.Record == id.Nil {
				t.Fatalf("%+v %v", f, err)
			}
			n++
		}
		if n != 119 {
			t.Error(n)
		}
		for what, r := range map[string]bulk.Request{
			"bulk.kind": {Kind: "explode"}, "bulk.values": {Kind: bulk.Edit, Values: json.RawMessage(`{}`)}, "bulk.owner": {Kind: bulk.Assign}, "bulk.action": {Kind: bulk.Run, Action: "rpt_UndoBulk"},
			"bulk.none": {Kind: bulk.Edit, Filter: "rpt_stock eq 77", Values: json.RawMessage(`{"rpt_size":1}`)}, "bulk.rows": {Kind: bulk.Delete, IDs: make([]id.ID, 5001)},
		} {
			r.Table = "rpt_part"
			if _, err := s.Start(e.ctx(), r); errs.CodeOf(err) != what {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}

func TestBulkIsCancelled(t *testing.T) {
	each(t, func(e *env) {
		s := e.many(150)
		key, err := s.Start(e.ctx(), bulk.Request{Table: "rpt_part", Kind: bulk.Edit, Values: json.RawMessage(`{"rpt_size":1}`)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.actions.Call(e.ctx(), "rpt_CancelBulk", key, nil); err != nil {
			t.Fatal(err)
		}
		e.work(map[string]job.Handler{bulk.Kind: s.Handler()}, bulk.Table, key, operation.Cancelled)
		e.state(s, key, "7 150 0 0 0 0")
		if _, err := e.actions.Call(e.ctx(), "rpt_CancelBulk", key, nil); errs.CodeOf(err) != "operation.ended" {
			t.Error(err)
		}
	})
}
