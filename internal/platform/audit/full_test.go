package audit_test

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/secret"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

// A disk that is full while records are changed, deleted or brought back leaves
// all as it was, says so, and the same goes well once there is room. The change
// log stays whole.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	catalog := fixture.Catalog(t)
	schema := fixture.Schema(t, catalog)
	open := func(t *testing.T, url string) *env {
		db, err := sqldb.Open(t.Context(), sqldb.Options{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		return newEnv(t, db, catalog)
	}
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		e := open(t, dbtest.SQLite(t, schema))
		pages := func(most int) func() error { // that the file may have; it never shrinks by this
			return func() error {
				return e.db.Write(t.Context(), func(tx *sqldb.Tx) error {
					_, err := tx.QueryRow(fmt.Sprintf("PRAGMA max_page_count = %d", most), nil, new(int64))
					return err
				})
			}
		}
		fullDisk(t, e, pages(1), pages(1_000_000))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		url, disk := dbtest.SmallPostgres(t, schema, 96<<20)
		e := open(t, url)
		for _, table := range []string{"account", "contact", "recyclebin", "changelog"} { // or room may be found in what was rolled back
			if err := e.db.Write(t.Context(), func(tx *sqldb.Tx) error {
				_, err := tx.Exec("ALTER TABLE " + table + " SET (autovacuum_enabled = false, toast.autovacuum_enabled = false)")
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		fullDisk(t, e, disk.Fill, disk.Free)
	})
}

func fullDisk(t *testing.T, e *env, fill, free func() error) {
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	const n = 200
	ctx := e.system()
	long := func() string { // nothing that could be packed
		raw := make([]byte, 900)
		_, _ = rand.Read(raw)
		return hex.EncodeToString(raw)
	}
	account := e.must("account", record.Row{"name": "Engines"}).ID("accountid")
	var contacts []id.ID
	for i := range n {
		contacts = append(contacts, e.must("contact", record.Row{"lastname": fmt.Sprint("Person ", i), "description": long(), "parentcustomerid": account, "parentcustomeridtype": "account"}).ID("contactid"))
	}
	state := func() (out string) {
		t.Helper()
		for _, question := range []string{"SELECT COUNT(*) FROM account", "SELECT COUNT(*) FROM contact WHERE jobtitle IS NULL", "SELECT COUNT(*) FROM contact WHERE jobtitle IS NOT NULL", "SELECT COUNT(*) FROM recyclebin", "SELECT COUNT(*) FROM changelog"} {
			var k int64
			_, err := e.db.QueryRow(t.Context(), question, nil, &k)
			must(err)
			out += fmt.Sprint(k, " ")
		}
		return out
	}
	keys, err := secret.Open(t.TempDir(), "")
	must(err)
	for _, one := range []struct {
		what string
		do   func() error
		then string // of accounts, contacts without and with a title, rows of the bin
	}{
		{"a change of many records", func() error {
			return e.store.Write(ctx, func(tx *record.Tx) error {
				for _, key := range contacts {
					if _, err := tx.Update(ctx, "contact", key, record.Row{"jobtitle": "Analyst", "description": long()}, record.Match{}); err != nil {
						return err
					}
				}
				return nil
			})
		}, "1 0 200 0"},
		{"a deletion", func() error {
			return e.store.Write(ctx, func(tx *record.Tx) error { return tx.Delete(ctx, "account", account, record.Match{}) })
		}, "0 0 0 201"},
		{"a restoration", func() error {
			_, err := e.call(ctx, "rpt_Restore", map[string]any{"EntityLogicalName": "account", "Id": account.String()})
			return err
		}, "1 0 200 0"},
	} {
		before := state()
		must(fill())
		err := one.do()
		if errs.CodeOf(err) != "sqldb.full" || !errs.Has(err, errs.Unavailable) {
			t.Errorf("%s on a full disk: %v", one.what, err)
		}
		if err := e.log.SealAll(t.Context(), keys, clock.NewFake(start)); err != nil && errs.CodeOf(err) != "sqldb.full" {
			t.Errorf("sealing on a full disk: %v", err)
		}
		if after := state(); after != before {
			t.Errorf("%s on a full disk has left %s, it was %s", one.what, after, before)
		}
		must(free())
		if err := one.do(); err != nil {
			t.Fatalf("%s with room again: %v", one.what, err)
		}
		if after := state(); after[:len(one.then)] != one.then {
			t.Fatalf("%s has left %s, want %s", one.what, after, one.then)
		}
	}
	must(e.log.Number(t.Context()))
	must(e.log.SealAll(t.Context(), keys, clock.NewFake(start)))
	report, err := e.log.Verify(t.Context(), changelog.VerifyOptions{Keys: keys})
	if err != nil || len(report.Faults) > 0 || report.Rows < 3*n {
		t.Errorf("the change log: %+v, %v", report, err)
	}
}
