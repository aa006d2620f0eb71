package audit_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/audit"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

func (e *env) count(table string) (n int) {
	e.t.Helper()
	if _, err := e.db.QueryRow(e.t.Context(), "SELECT COUNT(*) FROM "+table, nil, &n); err != nil {
		e.t.Fatal(err)
	}
	return n
}

func (e *env) seal() {
	e.t.Helper()
	if _, err := e.log.Through(e.t.Context()); err != nil {
		e.t.Fatal(err)
	}
	if err := e.log.SealAll(e.t.Context(), nil, e.clock); err != nil {
		e.t.Fatal(err)
	}
}

// at encodes the time for what tests put straight into the database.
func (e *env) at(ago time.Duration) any {
	e.t.Helper()
	v, err := query.Encode(e.db.Dialect(), query.Time, e.clock.Now().Add(-ago))
	if err != nil {
		e.t.Fatal(err)
	}
	return v
}

const day = 24 * time.Hour

func TestWhatIsOldGoes(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		keep := &audit.Retention{DB: e.db, Store: e.store, Log: e.log, Clock: e.clock}
		keep.Define(e.actions, &access.Control{})
		e.store.AddHook(keep.Check())
		lead := e.must("lead", record.Row{"lastname": "Lovelace"}).ID("leadid")
		for n := range 3 {
			e.set("lead", lead, record.Row{"jobtitle": fmt.Sprint("Analyst ", n)})
		}
		account := e.must("account", record.Row{"name": "Engines"}).ID("accountid")
		e.delete("account", account)
		letter := e.must("rpt_deadletter", record.Row{"rpt_name": "one", "rpt_consumer": "c", "rpt_topic": "t", "rpt_seq": 1, "statecode": 1, "statuscode": 2}).ID("rpt_deadletterid")
		open := e.must("rpt_deadletter", record.Row{"rpt_name": "two", "rpt_consumer": "c", "rpt_topic": "t", "rpt_seq": 2}).ID("rpt_deadletterid")
		e.seal()
		p := e.db.Dialect().Placeholder
		if err := e.db.Write(t.Context(), func(tx *sqldb.Tx) error {
			for _, ago := range []time.Duration{0, 400 * day} {
				if _, err := tx.Exec("INSERT INTO signin (at, username, address, outcome) VALUES ("+p(1)+", 'a', 'b', 'c')", e.at(ago)); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		run := func() {
			t.Helper()
			if err := keep.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		run()
		if n := e.count("signin"); n != 1 {
			t.Errorf("%d sign-ins stay", n)
		}
		if n := e.count("recyclebin"); n != 1 {
			t.Errorf("%d rows of the bin stay", n)
		}
		changes := e.count("changelog")
		e.clock.Advance(31 * day)
		run()
		if n := e.count("recyclebin"); n != 0 {
			t.Errorf("after 31 days %d rows of the bin stay", n)
		}
		if n := e.count("changelog"); n != changes {
			t.Errorf("change rows go though nobody said so: %d of %d stay", n, changes)
		}

		set := func(kind, table string, days int) error {
			_, err := e.call(e.system(), "rpt_SetRetention", map[string]any{"Kind": kind, "Table": table, "Days": days})
			return err
		}
		for _, bad := range []struct {
			kind, table string
			days        int
		}{{"nonsense", "", 30}, {"changes", "", 3}, {"changes", "rpt_flowrun", 30}, {"recyclebin", "lead", 30}, {"changes", "nonsense", 30}} {
			if err := set(bad.kind, bad.table, bad.days); errs.CodeOf(err) != "retention.rule" && !errs.Has(err, errs.Invalid) {
				t.Errorf("%v is taken: %v", bad, err)
			}
		}
		if err := set("changes", "lead", 30); err != nil {
			t.Fatal(err)
		}
		// A consumer that has not read them keeps them.
		if err := e.db.Write(t.Context(), func(tx *sqldb.Tx) error {
			_, err := tx.Exec("INSERT INTO consumerposition (consumer, log, seq, at) VALUES ('slow/changes', 'changes', 0, "+p(1)+")", e.at(0))
			return err
		}); err != nil {
			t.Fatal(err)
		}
		run()
		history := func() int {
			t.Helper()
			list, err := e.log.History(t.Context(), "lead", lead, 0, 10)
			if err != nil {
				t.Fatal(err)
			}
			return len(list)
		}
		if n := history(); n != 4 {
			t.Errorf("%d changes stay although a consumer is behind", n)
		}
		if err := e.db.Write(t.Context(), func(tx *sqldb.Tx) error { _, err := tx.Exec("DELETE FROM consumerposition"); return err }); err != nil {
			t.Fatal(err)
		}
		run()
		if n := history(); n != 0 {
			t.Errorf("%d changes of the table stay", n)
		}
		if list, err := e.log.History(t.Context(), "account", account, 0, 10); err != nil || len(list) != 2 {
			t.Errorf("those of other tables: %v, %v", list, err)
		}
		e.seal()
		got, err := e.log.Verify(t.Context(), changelog.VerifyOptions{})
		if err != nil || got.Cut != 4 || len(got.Faults) > 0 {
			t.Errorf("the chain after the cut: %+v, %v", got, err)
		}

		if err := set("deadletters", "", 10); err != nil {
			t.Fatal(err)
		}
		run()
		for key, want := range map[id.ID]bool{letter: false, open: true} {
			if _, err := e.store.Get(e.system(), "rpt_deadletter", key, nil, nil); (err == nil) != want {
				t.Errorf("the dead letter that is open (%v): %v", want, err)
			}
		}
		if err := set("changes", "lead", -1); err != nil {
			t.Fatal(err)
		}
		rules, err := keep.Rules(e.system(), e.store)
		if err != nil || rules[len(rules)-1].Table != "" {
			t.Errorf("the rule stays: %v, %v", rules, err)
		}
	})
}

func TestRunsOfFlowsGoWithTheirSteps(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		keep := &audit.Retention{DB: e.db, Store: e.store, Log: e.log, Clock: clock.NewFake(start.Add(100 * day))}
		for n, status := range []int{1, 3} { // one has ended, one still waits
			run := e.must("rpt_flowrun", record.Row{"rpt_name": fmt.Sprint(n), "rpt_status": status, "rpt_startedon": start, "rpt_completedon": start}).ID("rpt_flowrunid")
			e.must("rpt_flowcheckpoint", record.Row{"rpt_name": fmt.Sprint(n), "rpt_runid": run})
		}
		if err := keep.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if runs, steps := e.count("rpt_flowrun"), e.count("rpt_flowcheckpoint"); runs != 1 || steps != 1 {
			t.Errorf("%d runs and %d steps stay", runs, steps)
		}
	})
}
