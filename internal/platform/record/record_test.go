package record_test

import (
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

func TestCreateReadUpdateDelete(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := system(t.Context())
		lead, err := e.create(ctx, "lead", record.Row{"lastname": "Müller", "companyname": "", "numberofemployees": float64(12), "budgetamount": json.Number("1234.56785"),
			"rpt_context": map[string]any{"page": "/loan"}, "donotemail": true, "estimatedclosedate": "2026-12-01T10:00:00+01:00"})
		if err != nil {
			t.Fatal(err)
		}
		key := lead.ID("leadid")
		got, err := e.store.Get(ctx, "lead", key, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		for column, want := range map[string]any{
			"lastname": "Müller", "companyname": nil, "numberofemployees": int64(12), "budgetamount": query.Number{Units: 12345679, Scale: 4}, "donotemail": true,
			"estimatedclosedate": time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC), "statecode": int64(0), "statuscode": int64(1), "owneridtype": "systemuser",
			"owningbusinessunit": e.root, "createdon": start, "versionnumber": int64(1),
		} {
			if got[column] != want {
				t.Errorf("%s is %v, want %v", column, got[column], want)
			}
		}
		if string(got["rpt_context"].(json.RawMessage)) != `{"page":"/loan"}` {
			t.Errorf("rpt_context is %s", got["rpt_context"])
		}
		e.clock.Advance(time.Minute)
		if got, err = e.update(ctx, "lead", key, record.Row{"lastname": "Maier", "donotemail": true}, record.Match{Version: 1}); err != nil || got.Version() != 2 {
			t.Fatalf("update: %v, version %d", err, got.Version())
		}
		if _, err = e.update(ctx, "lead", key, record.Row{"lastname": "Late"}, record.Match{Version: 1}); !errors.Is(err, record.ErrVersion) {
			t.Errorf("a stale version: got %v", err)
		}
		if got, err = e.update(ctx, "lead", key, record.Row{"lastname": "Maier"}, record.Match{}); err != nil || got.Version() != 2 {
			t.Errorf("an update that changes nothing: %v, version %d, want 2", err, got.Version())
		}
		if err := e.delete(ctx, "lead", key); err != nil {
			t.Fatal(err)
		}
		if _, err := e.store.Get(ctx, "lead", key, nil, nil); !errors.Is(err, record.ErrNotFound) {
			t.Errorf("a deleted row: got %v", err)
		}
		checkHistory(t, e, key)
	})
}

func checkHistory(t *testing.T, e *env, key id.ID) {
	t.Helper()
	history, err := e.log.History(t.Context(), "lead", key, 0, 10)
	if err != nil || len(history) != 3 {
		t.Fatalf("%v, %d change rows, want 3", err, len(history))
	}
	del, upd, cre := history[0], history[1], history[2]
	if del.Op != changelog.Delete || upd.Op != changelog.Update || cre.Op != changelog.Create {
		t.Errorf("operations %v %v %v", del.Op, upd.Op, cre.Op)
	}
	if string(upd.Before) != `{"lastname":"Müller"}` || string(upd.After) != `{"lastname":"Maier"}` {
		t.Errorf("update from %s to %s", upd.Before, upd.After)
	}
	if upd.At != start.Add(time.Minute) || upd.Origin != "test" {
		t.Errorf("at %v by %q", upd.At, upd.Origin)
	}
}

func TestValuesThatCannotBeTaken(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := system(t.Context())
		_, err := e.create(ctx, "lead", record.Row{"lastname": 7, "nosuch": 1, "leadsourcecode": 999, "numberofemployees": 1.5, "firstname": "a\x00b", "parentaccountid": "x"})
		var typed *errs.Error
		if !errors.As(err, &typed) || len(typed.Fields) != 6 {
			t.Fatalf("got %v, want six complaints", err)
		}
		for name, row := range map[string]record.Row{
			"a reason of another state": {"lastname": "x", "statecode": 0, "statuscode": 3},
			"an unknown reason":         {"lastname": "x", "statuscode": 77},
			"a lookup to nothing":       {"lastname": "x", "parentaccountid": id.New()},
			"an owner who is not there": {"lastname": "x", "ownerid": id.New(), "owneridtype": "systemuser"},
			"an owner without a type":   {"lastname": "x", "ownerid": id.New()},
		} {
			if _, err := e.create(ctx, "lead", row); !errs.Has(err, errs.Invalid) {
				t.Errorf("%s: got %v", name, err)
			}
		}
		if page, err := e.store.Find(ctx, query.Query{Table: "lead"}); err != nil || len(page.Rows) != 0 {
			t.Errorf("%v; %d rows were half-written", err, len(page.Rows))
		}
	})
}

func TestStates(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := system(t.Context())
		key := e.must(t, "lead", record.Row{"lastname": "x"}).ID("leadid")
		got, err := e.update(ctx, "lead", key, record.Row{"statuscode": 5}, record.Match{})
		if err != nil || got.Int("statecode") != 2 {
			t.Errorf("the reason gives the state: %v, %d", err, got.Int("statecode"))
		}
		if got, err = e.update(ctx, "lead", key, record.Row{"statecode": 0}, record.Match{}); err != nil || got.Int("statuscode") != 1 {
			t.Errorf("the state gives its first reason: %v, %d", err, got.Int("statuscode"))
		}
		if _, err = e.update(ctx, "lead", key, record.Row{"statecode": nil}, record.Match{}); !errs.Has(err, errs.Invalid) {
			t.Errorf("a cleared state: got %v", err)
		}
	})
}

func TestAlternateKeysAndUpsert(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := system(t.Context())
		upsert := func(key map[string]any, row record.Row, m record.Match) (out record.Row, created bool, err error) {
			err = e.store.Write(ctx, func(tx *record.Tx) error {
				out, created, err = tx.UpsertByKey(ctx, "account", key, row, m)
				return err
			})
			return out, created, err
		}
		a, created, err := upsert(map[string]any{"accountnumber": "A1"}, record.Row{"name": "One"}, record.Match{})
		if err != nil || !created {
			t.Fatalf("first: %v, created %v", err, created)
		}
		b, created, err := upsert(map[string]any{"accountnumber": "a1"}, record.Row{"name": "Uno", "accountnumber": "ignored"}, record.Match{})
		if err != nil || created || b.ID("accountid") != a.ID("accountid") || b.Text("accountnumber") != "A1" {
			t.Errorf("second: %v, created %v, number %q", err, created, b.Text("accountnumber"))
		}
		if _, _, err = upsert(map[string]any{"accountnumber": "A1"}, record.Row{"name": "x"}, record.Match{MustNotExist: true}); !errors.Is(err, record.ErrExists) {
			t.Errorf("create only: got %v", err)
		}
		if _, _, err = upsert(map[string]any{"accountnumber": "B"}, record.Row{"name": "x"}, record.Match{MustExist: true}); !errors.Is(err, record.ErrNotFound) {
			t.Errorf("update only: got %v", err)
		}
		if _, err = e.create(ctx, "account", record.Row{"name": "Two", "accountnumber": "A1"}); !errors.Is(err, record.ErrDuplicateKey) {
			t.Errorf("a taken key: got %v", err)
		}
		if _, err := e.store.GetByKey(ctx, "account", map[string]any{"name": "Uno"}, nil, nil); !errs.Has(err, errs.Invalid) {
			t.Errorf("columns that are no key: got %v", err)
		}
	})
}

// Sixteen writers upsert the same keys: every key has one row in the end.
func TestConcurrentUpserts(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := system(t.Context())
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				for k := range 10 {
					err := e.store.Write(ctx, func(tx *record.Tx) error {
						_, _, err := tx.UpsertByKey(ctx, "account", map[string]any{"accountnumber": string(rune('a' + k))}, record.Row{"name": "same"}, record.Match{})
						return err
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		page, err := e.store.Find(ctx, query.Query{Table: "account", Count: true})
		if err != nil || page.Total != 10 {
			t.Errorf("%v; %d accounts, want 10", err, page.Total)
		}
	})
}

func TestOpenMatchKeyIsUniqueAmongOpenLeads(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := system(t.Context())
		first := e.must(t, "lead", record.Row{"lastname": "a", "rpt_matchkey": "a@example.com"})
		if _, err := e.create(ctx, "lead", record.Row{"lastname": "b", "rpt_matchkey": "A@example.com"}); !errors.Is(err, record.ErrDuplicateKey) {
			t.Errorf("a second open lead: got %v", err)
		}
		if _, err := e.update(ctx, "lead", first.ID("leadid"), record.Row{"statecode": 2}, record.Match{}); err != nil {
			t.Fatal(err)
		}
		e.must(t, "lead", record.Row{"lastname": "b", "rpt_matchkey": "a@example.com"})
	})
}

func TestExtendedTableIsMirrored(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := system(t.Context())
		lead := e.must(t, "lead", record.Row{"lastname": "a"}).ID("leadid")
		task := e.must(t, "task", record.Row{"subject": "Call", "regardingobjectid": lead, "regardingobjectidtype": "lead"}).ID("activityid")
		if _, err := e.update(ctx, "task", task, record.Row{"subject": "Call again", "statecode": 1}, record.Match{}); err != nil {
			t.Fatal(err)
		}
		base, err := e.store.Get(ctx, "activitypointer", task, nil, nil)
		if err != nil || base.Text("subject") != "Call again" || base.Text("activitytypecode") != "task" || base.Int("statecode") != 1 {
			t.Fatalf("the base says %v %v", base, err)
		}
		if _, err := e.create(as(t.Context(), id.New()), "activitypointer", record.Row{"subject": "x"}); err == nil {
			t.Error("the base can be written directly")
		}
		// The lead takes its task along; the note's link is a deletion, too.
		if err := e.delete(ctx, "lead", lead); err != nil {
			t.Fatal(err)
		}
		for _, table := range []string{"task", "activitypointer"} {
			if page, err := e.store.Find(ctx, query.Query{Table: table}); err != nil || len(page.Rows) != 0 {
				t.Errorf("%s: %v, %d rows stay", table, err, len(page.Rows))
			}
		}
	})
}

func TestDeleteReleasesLinks(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := system(t.Context())
		account := e.must(t, "account", record.Row{"name": "A"}).ID("accountid")
		lead := e.must(t, "lead", record.Row{"lastname": "c", "customerid": account, "customeridtype": "account"}).ID("leadid")
		contact := e.must(t, "contact", record.Row{"lastname": "c", "parentcustomerid": account, "parentcustomeridtype": "account"}).ID("contactid")
		if err := e.delete(ctx, "account", account); err != nil {
			t.Fatal(err)
		}
		got, err := e.store.Get(ctx, "lead", lead, nil, nil)
		if err != nil || got["customerid"] != nil || got["customeridtype"] != nil || got.Version() != 2 {
			t.Errorf("the lead says %v %v", got["customerid"], err)
		}
		if _, err := e.store.Get(ctx, "contact", contact, nil, nil); !errors.Is(err, record.ErrNotFound) {
			t.Errorf("the company's contact: %v", err)
		}
		if err := e.delete(ctx, "businessunit", e.root); !errs.Has(err, errs.Conflict) {
			t.Errorf("a unit with people: got %v", err)
		}
	})
}

func TestExpandAndPaging(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := system(t.Context())
		account := e.must(t, "account", record.Row{"name": "A"}).ID("accountid")
		for _, n := range []string{"c", "a", "B", "d", "E"} {
			e.must(t, "contact", record.Row{"lastname": n, "parentcustomerid": account, "parentcustomeridtype": "account"})
		}
		var names []string
		q := query.Query{Table: "contact", Select: []string{"lastname"}, Order: []query.Order{{Column: "lastname"}}, Limit: 2,
			Expand: []query.Expand{{Relation: "parentcustomerid_account", Query: query.Query{Select: []string{"name"}}}}}
		for {
			page, err := e.store.Find(ctx, q)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range page.Rows {
				names = append(names, r.Text("lastname"))
				if parent, _ := r["parentcustomerid_account"].(record.Row); parent.Text("name") != "A" {
					t.Errorf("expanded to %v", r["parentcustomerid_account"])
				}
			}
			if page.Next == nil {
				break
			}
			q.After = page.Next
		}
		if got := len(names); got != 5 || names[0] != "a" || names[1] != "B" || names[4] != "E" {
			t.Errorf("in order: %v", names)
		}
	})
}
