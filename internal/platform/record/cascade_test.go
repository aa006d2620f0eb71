package record_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// part makes a child of a thing by one of its lookups.
func (e *env) part(t testing.TB, lookup string, thing id.ID, more record.Row) id.ID {
	t.Helper()
	row := record.Row{"name": lookup, lookup: thing}
	for name, v := range more {
		row[name] = v
	}
	return e.must(t, "rpt_part", row).ID("rpt_partid")
}

func (e *env) count(t testing.TB, table string, where query.Node) int64 {
	t.Helper()
	page, err := e.store.Find(system(t.Context()), query.Query{Table: table, Where: where, Limit: 1, Count: true})
	if err != nil {
		t.Fatal(err)
	}
	return page.Total
}

func eq(column string, v any) query.Node { return query.Compare{Left: query.Path{column}, Value: v} }

func TestCascadeOfDelete(t *testing.T) {
	t.Parallel()
	eachOf(t, things(t), func(t *testing.T, e *env) {
		sys := system(t.Context())
		a := e.must(t, "rpt_thing", record.Row{"name": "a"}).ID("rpt_thingid")
		gone, kept, loose := e.part(t, "thing", a, nil), e.part(t, "second", a, nil), e.part(t, "loose", a, nil)
		strict := e.part(t, "strict", a, nil)
		if err := e.delete(sys, "rpt_thing", a); errs.CodeOf(err) != "record.in_use" {
			t.Errorf("one that is needed: %v", err)
		}
		if err := e.delete(sys, "rpt_part", strict); err != nil {
			t.Fatal(err)
		}
		if err := e.delete(sys, "rpt_thing", a); err != nil {
			t.Fatal(err)
		}
		if _, err := e.store.Get(sys, "rpt_part", gone, nil, nil); !errors.Is(err, record.ErrNotFound) {
			t.Errorf("the child that goes along: %v", err)
		}
		for key, want := range map[id.ID]id.ID{kept: id.Nil, loose: a} {
			row, err := e.store.Get(sys, "rpt_part", key, nil, nil)
			if err != nil || row.ID("second") != id.Nil || row.ID("loose") != want {
				t.Errorf("%v, %v", row, err)
			}
		}
	})
}

func TestCascadeOfAssign(t *testing.T) {
	t.Parallel()
	eachOf(t, things(t), func(t *testing.T, e *env) {
		all := access.Global
		every := map[access.Right]access.Depth{access.Read: all, access.Write: all, access.Assign: all}
		anna := e.user(t, "anna", e.root, map[string]map[access.Right]access.Depth{"rpt_thing": every, "rpt_part": every})
		bert := e.user(t, "bert", e.root, nil)
		poor := e.user(t, "poor", e.root, map[string]map[access.Right]access.Depth{"rpt_thing": every, "rpt_part": {access.Read: all}})
		e.reload(t)
		mine := record.Row{"ownerid": anna, "owneridtype": "systemuser"}
		a := e.must(t, "rpt_thing", record.Row{"name": "a", "ownerid": anna, "owneridtype": "systemuser"}).ID("rpt_thingid")
		cascade, none := e.part(t, "thing", a, nil), e.part(t, "second", a, mine)
		open, closed := e.part(t, "strict", a, nil), e.part(t, "strict", a, record.Row{"statecode": 1})
		own, others := e.part(t, "loose", a, mine), e.part(t, "loose", a, nil)
		to := record.Row{"ownerid": bert, "owneridtype": "systemuser"}
		if _, err := e.update(as(t.Context(), poor), "rpt_thing", a, to, record.Match{}); !errs.Has(err, errs.Forbidden) {
			t.Errorf("without the right to assign the children: %v", err)
		}
		if _, err := e.update(as(t.Context(), anna), "rpt_thing", a, to, record.Match{}); err != nil {
			t.Fatal(err)
		}
		for key, want := range map[id.ID]id.ID{cascade: bert, none: anna, open: bert, closed: access.SystemUser, own: bert, others: access.SystemUser} {
			row, err := e.store.Get(system(t.Context()), "rpt_part", key, nil, nil)
			if err != nil || row.ID("ownerid") != want {
				t.Errorf("%s belongs to %s, want %s (%v)", row.Text("name"), row.ID("ownerid"), want, err)
			}
		}
	})
}

func TestCascadeOfShares(t *testing.T) {
	t.Parallel()
	eachOf(t, things(t), func(t *testing.T, e *env) {
		sys := system(t.Context())
		own := map[access.Right]access.Depth{access.Read: access.Basic, access.Write: access.Basic}
		user := e.user(t, "u", e.root, map[string]map[access.Right]access.Depth{"rpt_thing": own, "rpt_part": own})
		a := e.must(t, "rpt_thing", record.Row{"name": "a"}).ID("rpt_thingid")
		child, other := e.part(t, "thing", a, nil), e.part(t, "second", a, nil)
		sees := func(key id.ID) bool {
			e.reload(t)
			_, err := e.store.Get(as(t.Context(), user), "rpt_part", key, nil, nil)
			return err == nil
		}
		share := e.must(t, "principalobjectaccess", record.Row{"objectid": a, "objecttypecode": "rpt_thing", "principalid": user, "principaltypecode": "systemuser", "accessrightsmask": int64(access.Read | access.Write)}).ID("principalobjectaccessid")
		if !sees(child) || sees(other) {
			t.Error("the share has not come to the child, or to another")
		}
		late := e.part(t, "thing", a, nil)
		if !sees(late) {
			t.Error("a child that comes later does not take over the share")
		}
		if _, err := e.update(sys, "rpt_part", late, record.Row{"thing": nil}, record.Match{}); err != nil || sees(late) {
			t.Errorf("a child that leaves keeps the share (%v)", err)
		}
		if _, err := e.update(sys, "principalobjectaccess", share, record.Row{"accessrightsmask": int64(access.Read)}, record.Match{}); err != nil {
			t.Fatal(err)
		}
		if _, err := e.update(as(t.Context(), user), "rpt_part", child, record.Row{"name": "x"}, record.Match{}); !errs.Has(err, errs.Forbidden) {
			t.Errorf("a right that is taken from the parent: %v", err)
		}
		if err := e.delete(sys, "principalobjectaccess", share); err != nil || sees(child) {
			t.Errorf("the child is still shared (%v)", err)
		}
	})
}

// hands is the test's clock to the job queue, with pauses that pass by themselves.
type hands struct{ *clock.Fake }

func (hands) After(d time.Duration) <-chan time.Time { return time.After(min(d, time.Millisecond)) }

// TestCascadeOverAThousandIsAJob has a job that fails between its parts, as
// if the process had been killed.
func TestCascadeOverAThousandIsAJob(t *testing.T) {
	t.Parallel()
	eachOf(t, things(t), func(t *testing.T, e *env) {
		const children = 1300
		sys := system(t.Context())
		a := e.must(t, "rpt_thing", record.Row{"name": "a"}).ID("rpt_thingid")
		e.write(t, func(tx *record.Tx) error {
			for i := range children {
				if _, err := tx.Create(sys, "rpt_part", record.Row{"name": fmt.Sprint(i), "thing": a}); err != nil {
					return err
				}
			}
			return nil
		})
		bert := e.user(t, "bert", e.root, nil)
		e.reload(t)
		queue := job.NewQueue(e.db, hands{e.clock})
		work := func(until func() bool) {
			t.Helper()
			calls := 0
			handler := e.store.Cascades()
			run := handler.Run
			handler.Run = func(ctx context.Context, j *job.Job) error {
				if calls++; calls%3 == 2 {
					return errs.New(errs.Unavailable, "test.killed", "the process is gone")
				}
				return run(ctx, j)
			}
			// The clock runs far ahead of the work, so leases are long.
			runner := job.NewRunner(job.Options{Queue: queue, Workers: 1, Poll: time.Millisecond, Lease: 1000 * time.Hour, Handlers: map[string]job.Handler{record.CascadeKind: handler}})
			if err := runner.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := runner.Stop(context.WithoutCancel(t.Context())); err != nil {
					t.Error(err)
				}
			}()
			for !until() {
				if t.Context().Err() != nil {
					t.Fatal("the work does not end")
				}
				e.clock.Advance(time.Second) // what waits for another try is due
				time.Sleep(2 * time.Millisecond)
			}
			if calls < 5 {
				t.Errorf("the work was done in %d parts", calls)
			}
		}
		var deferred []id.ID
		e.write(t, func(tx *record.Tx) error {
			_, err := tx.Update(sys, "rpt_thing", a, record.Row{"ownerid": bert, "owneridtype": "systemuser"}, record.Match{})
			deferred = tx.Deferred
			return err
		})
		if len(deferred) != 1 || e.count(t, "rpt_part", eq("ownerid", bert)) != 0 {
			t.Fatalf("jobs %v; %d children are assigned already", deferred, e.count(t, "rpt_part", eq("ownerid", bert)))
		}
		status := func() int64 {
			row, err := e.store.Get(sys, "asyncoperation", deferred[0], nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			return row.Int("statuscode")
		}
		work(func() bool { return status() >= 30 })
		if n := e.count(t, "rpt_part", eq("ownerid", bert)); n != children || status() != 30 {
			t.Errorf("%d of %d children are assigned, status %d", n, children, status())
		}
		other := e.must(t, "businessunit", record.Row{"name": "other", "parentbusinessunitid": e.root}).ID("businessunitid")
		e.write(t, func(tx *record.Tx) error {
			_, err := tx.Update(sys, "systemuser", bert, record.Row{"businessunitid": other}, record.Match{})
			deferred = tx.Deferred
			return err
		})
		e.reload(t)
		if len(deferred) != 1 || e.count(t, "rpt_part", eq("owningbusinessunit", other)) != 0 {
			t.Fatal("the move has begun outside of its job")
		}
		work(func() bool { return status() >= 30 })
		if n := e.count(t, "rpt_part", eq("owningbusinessunit", other)); n != children || status() != 30 {
			t.Errorf("%d of %d records have moved with their owner, status %d", n, children, status())
		}
		e.write(t, func(tx *record.Tx) error {
			err := tx.Delete(sys, "rpt_thing", a, record.Match{})
			deferred = tx.Deferred
			return err
		})
		if len(deferred) != 1 || e.count(t, "rpt_part", nil) != children || e.count(t, "rpt_thing", nil) != 1 {
			t.Fatal("the deletion has begun outside of its job")
		}
		work(func() bool {
			// The row is counted first: what hangs on it may go between the two.
			parent := e.count(t, "rpt_thing", nil)
			left := e.count(t, "rpt_part", eq("thing", a))
			if parent == 0 && left > 0 {
				t.Error("the row is gone before what hangs on it")
			}
			return status() >= 30
		})
		if e.count(t, "rpt_part", nil) != 0 || e.count(t, "rpt_thing", nil) != 0 || status() != 30 {
			t.Errorf("%d children and %d rows are left, status %d", e.count(t, "rpt_part", nil), e.count(t, "rpt_thing", nil), status())
		}
	})
}
