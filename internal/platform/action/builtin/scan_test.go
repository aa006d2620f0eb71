package builtin_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/duplicate"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// scan has a rule look through its table, and gives the pairs that it found,
// the job's own count beside them.
func (r *rules) scan(key id.ID) (pairs map[string]bool, system record.Row) {
	e := r.e
	e.t.Helper()
	out, err := e.call(e.system(), "rpt_ScanDuplicates", key, nil)
	if err != nil {
		e.t.Fatal(err)
	}
	async, err := id.Parse(fmt.Sprint(out["JobId"]))
	if err != nil {
		e.t.Fatal(err)
	}
	if _, err := e.call(e.system(), "rpt_ScanDuplicates", key, nil); errs.CodeOf(err) != "duplicate.scanning" {
		e.t.Errorf("a second scan at the same time: %v", err)
	}
	runner := job.NewRunner(job.Options{Queue: e.jobs, Poll: time.Millisecond, Lease: 1000 * time.Hour})
	runner.Handle(duplicate.ScanKind, r.pub.Scans())
	if err := runner.Start(e.t.Context()); err != nil {
		e.t.Fatal(err)
	}
	for {
		if system, err = e.store.Get(e.system(), "asyncoperation", async, nil, nil); err != nil {
			e.t.Fatal(err)
		}
		if system.Int("statecode") == 3 {
			break
		}
		e.clock.Advance(time.Second)
		time.Sleep(2 * time.Millisecond)
	}
	if err := runner.Stop(e.t.Context()); err != nil {
		e.t.Fatal(err)
	}
	page, err := e.store.Find(e.system(), query.Query{Table: "duplicaterecord"})
	if err != nil {
		e.t.Fatal(err)
	}
	pairs = map[string]bool{}
	for _, row := range page.Rows {
		pairs[row.ID("baserecordid").String()+" "+row.ID("duplicaterecordid").String()] = true
	}
	if len(pairs) != len(page.Rows) || int64(len(pairs)) != system.Int("rpt_found") {
		e.t.Errorf("%d pairs in %d rows, the job tells of %d", len(pairs), len(page.Rows), system.Int("rpt_found"))
	}
	return pairs, system
}

// A scan finds every duplicate of a table once, over the borders of its parts,
// by names that sound alike; a later one takes the place of what it found.
func TestScan(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		r := withRules(e)
		r.pub.Part = 37
		groups := map[string][]id.ID{}
		err := e.store.Write(e.system(), func(tx *record.Tx) error {
			groups = map[string][]id.ID{}
			for i := range 300 { // more than one part
				name, phone := fmt.Sprint("Person", i), ""
				switch {
				case i%30 == 0:
					name, phone = []string{"Meier", "Maier", "Meyer"}[i/30%3], "030 1234567"
				case i%60 == 1:
					name, phone = "Schulz", fmt.Sprint("+49 40 99999", i%120)
				default:
					phone = fmt.Sprint("+49 30 2", 100000+i)
				}
				row, err := tx.Create(e.system(), "contact", record.Row{"lastname": name, "mobilephone": phone})
				if err != nil {
					return err
				}
				group := "alone"
				if i%30 == 0 {
					group = "M"
				} else if i%60 == 1 {
					group = phone
				}
				groups[group] = append(groups[group], row.ID("contactid"))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		closed := groups["M"][3]
		err = e.store.Write(e.system(), func(tx *record.Tx) error {
			_, err := tx.Update(e.system(), "contact", closed, record.Row{"statecode": int64(1)}, record.Match{})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		key := r.rule(record.Row{"baseentityname": "contact", "matchingentityname": "contact", "excludeinactiverecords": true},
			record.Row{"baseattributename": "lastname", "matchingattributename": "lastname", "operatorcode": 100000003},
			record.Row{"baseattributename": "mobilephone", "matchingattributename": "mobilephone", "operatorcode": 100000001})
		expected := func() map[string]int {
			out := map[string]int{}
			for name, list := range groups {
				if name != "alone" {
					for _, k := range list {
						if k != closed {
							out[k.String()] = len(list)
						}
					}
				}
			}
			return out
		}
		check := func(pairs map[string]bool, want int) {
			t.Helper()
			if len(pairs) != want {
				t.Errorf("%d pairs, want %d", len(pairs), want)
			}
			known := expected()
			for pair := range pairs {
				if known[pair[:36]] == 0 || known[pair[37:]] == 0 {
					t.Errorf("%s are no duplicates", pair)
				}
			}
		}
		want := 0
		for name, list := range groups {
			if name != "alone" {
				want += len(list) - 1
			}
		}
		pairs, system := r.scan(key)
		check(pairs, want-1) // but the one that is closed
		if system.Int("rpt_done") != 300 || system.Int("rpt_total") != 300 {
			t.Errorf("%d of %d rows", system.Int("rpt_done"), system.Int("rpt_total"))
		}
		if pairs, _ = r.scan(key); len(pairs) != want-1 {
			t.Errorf("again: %d pairs", len(pairs))
		}
		lead := e.must("lead", record.Row{"subject": "x", "lastname": "Maier", "telephone1": "+49301234567"}).ID("leadid")
		across := r.rule(record.Row{"baseentityname": "lead", "matchingentityname": "contact", "excludeinactiverecords": true},
			record.Row{"baseattributename": "telephone1", "matchingattributename": "mobilephone", "operatorcode": 100000001})
		pairs, _ = r.scan2(across)
		if len(pairs) != len(groups["M"])-1 {
			t.Errorf("%d contacts like the lead %s, want %d", len(pairs), lead, len(groups["M"])-1)
		}
	})
}

// scan2 scans and gives the pairs of this rule alone.
func (r *rules) scan2(key id.ID) (map[string]bool, record.Row) {
	e := r.e
	e.t.Helper()
	err := e.store.Write(e.system(), func(tx *record.Tx) error {
		page, err := tx.Find(e.system(), query.Query{Table: "duplicaterecord", Select: []string{"duplicateid"}})
		if err != nil {
			return err
		}
		for _, row := range page.Rows {
			if err := tx.Delete(e.system(), "duplicaterecord", row.ID("duplicateid"), record.Match{}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		e.t.Fatal(err)
	}
	return r.scan(key)
}
