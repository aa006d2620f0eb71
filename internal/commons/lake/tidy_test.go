package lake_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/commons/lake"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/event"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// info gives what the lake tells of a table.
func (e *env) info(t *testing.T, name string) lake.TableInfo {
	t.Helper()
	list, err := e.lake.Tables(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range list {
		if i.Name == name {
			return i
		}
	}
	return lake.TableInfo{}
}

// The present is the same before and after compaction and with a base, and
// changes behind the base count.
func TestBaseAndTail(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		e.start(t)
		var leads []id.ID
		err := e.store.Write(system(t.Context()), func(tx *record.Tx) error {
			for i := range 120 {
				row, err := tx.Create(system(t.Context()), "lead", record.Row{"subject": fmt.Sprint("Lead ", i), "lastname": "Doe"})
				if err != nil {
					return err
				}
				leads = append(leads, row.ID("leadid"))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for round := range 20 { // many small files
			e.update(t, "lead", leads[round], record.Row{"lastname": fmt.Sprint("Name ", round)})
			e.flush(t)
		}
		if n := e.info(t, "changes/lead").Files; n < 16 {
			t.Fatalf("%d files: not enough for a compaction", n)
		}
		history := all(t, e.lake.History(t.Context(), "lead", nil, time.Time{}, time.Time{}))
		e.tidy(t)
		after := e.info(t, "changes/lead")
		if after.Files > 4 || after.Rows != 140 {
			t.Errorf("%d files and %d rows after compaction", after.Files, after.Rows)
		}
		if e.info(t, "current/lead").Rows != 120 {
			t.Errorf("the base has %d rows, want 120", e.info(t, "current/lead").Rows)
		}
		e.equalToStore(t, "lead")
		if again := all(t, e.lake.History(t.Context(), "lead", nil, time.Time{}, time.Time{})); !reflect.DeepEqual(history, again) {
			t.Error("compaction changed the history")
		}
		e.delete(t, "lead", leads[0])
		e.update(t, "lead", leads[1], record.Row{"subject": "behind the base"})
		e.create(t, "lead", record.Row{"subject": "new", "lastname": "behind the base"})
		e.flush(t)
		e.equalToStore(t, "lead")
		e.open(t) // another process
		e.equalToStore(t, "lead")
	})
}

// tidy makes bases however few changes there are.
func (e *env) tidy(t *testing.T) {
	t.Helper()
	lake.BaseAlways(t, e.lake)
	if err := e.lake.Tidy(t.Context(), nil, true); err != nil {
		t.Fatal(err)
	}
}

func TestErase(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		e.start(t)
		var leads []id.ID
		for i := range 12 {
			leads = append(leads, e.create(t, "lead", record.Row{"subject": fmt.Sprint("Secret ", i), "lastname": "Doe"}).ID("leadid"))
			if i%4 == 3 {
				e.flush(t)
			}
		}
		e.tidy(t)
		e.update(t, "lead", leads[3], record.Row{"subject": "Secret 3 again"})
		e.delete(t, "lead", leads[3])
		e.delete(t, "lead", leads[9])
		e.flush(t)
		n, err := e.lake.Erase(t.Context(), "lead", []id.ID{leads[3], leads[9]})
		if err != nil || n != 3+2+2 { // their versions, and their rows of the base
			t.Errorf("%d rows were erased, %v", n, err)
		}
		for _, row := range all(t, e.lake.History(t.Context(), "lead", nil, time.Time{}, time.Time{})) {
			if row.ID == leads[3] || row.ID == leads[9] {
				t.Errorf("version %d of an erased record is there", row.Version)
			}
		}
		e.equalToStore(t, "lead")
		if n, err := e.lake.Erase(t.Context(), "lead", []id.ID{leads[3]}); n != 0 || err != nil {
			t.Errorf("erased again: %d, %v", n, err)
		}
		// Upkeep deletes the old files; nothing of the person is on the disk then.
		lake.VacuumNow(t, e.lake)
		left := 0
		err = filepath.WalkDir(e.dir, func(path string, d os.DirEntry, err error) error {
			if err == nil && strings.HasSuffix(path, ".parquet") && !strings.Contains(path, "checkpoint") {
				left++
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range []string{"changes/lead", "current/lead", "changes/systemuser", "current/systemuser", "changes/businessunit", "current/businessunit"} {
			left -= e.info(t, i).Files
		}
		if left != 0 {
			t.Errorf("%d files are on the disk that no table needs", left)
		}
	})
}

// The feed was done with a part of the tables when it died: nothing is lost and
// nothing doubled, however often that happens.
func TestOnceHoweverOftenItFails(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		for i := range 8 {
			k := e.create(t, "lead", record.Row{"subject": fmt.Sprint("Lead ", i), "lastname": "Doe"}).ID("leadid")
			e.create(t, "account", record.Row{"name": fmt.Sprint("Account ", i)})
			e.update(t, "lead", k, record.Row{"lastname": "Roe"})
			// One of the two tables can't be written.
			blocked := filepath.Join(e.dir, "changes", []string{"lead", "account"}[i%2])
			hidden := blocked + ".hidden"
			_, none := os.Stat(blocked)
			if none == nil {
				must(t, os.Rename(blocked, hidden))
			}
			must(t, os.MkdirAll(filepath.Dir(blocked), 0o700))
			must(t, os.WriteFile(blocked, []byte("in the way"), 0o600))
			e.open(t)
			stop := e.start(t)
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			if err := e.lake.Flush(ctx); err == nil {
				t.Error("a lake that can't be written took everything")
			}
			cancel()
			stop()
			must(t, os.Remove(blocked))
			if none == nil {
				must(t, os.Rename(hidden, blocked))
			}
			e.open(t)
			stop = e.start(t)
			e.flush(t)
			stop()
		}
		e.equalToStore(t, "lead")
		e.equalToStore(t, "account")
		if n := len(all(t, e.lake.History(t.Context(), "lead", nil, time.Time{}, time.Time{}))); n != 16 {
			t.Errorf("%d versions, want 16", n)
		}
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A column that an administrator adds while the system runs appears in the lake.
func TestSchemaChanges(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		e.start(t)
		key := e.create(t, "lead", record.Row{"subject": "before", "lastname": "Doe"}).ID("leadid")
		e.flush(t)
		e.catalog = withColumn(t, e.catalog, "lead", "rpt_later")
		e.append(t, changelog.Change{At: start, Table: "lead", Record: key, Version: 2, Op: changelog.Update, Origin: "test", Before: []byte(`{"rpt_later":null}`), After: []byte(`{"rpt_later":"seen","nobody_knows":1}`)})
		e.append(t, changelog.Change{At: start, Table: "vanished", Record: key, Version: 1, Op: changelog.Create, Origin: "test", After: []byte(`{"a":1}`)})
		e.append(t, changelog.Change{At: start, Table: "lead", Record: key, Version: 3, Op: changelog.Update, Origin: "test", After: []byte(`{"statecode":"no number","estimatedvalue":12.5}`)})
		e.flush(t)
		rows := all(t, e.lake.History(t.Context(), "lead", []string{"rpt_later", "subject"}, time.Time{}, time.Time{}))
		want := [][]any{{nil, "before"}, {"seen", "before"}, {"seen", "before"}}
		for i, row := range rows {
			if i >= len(want) || !reflect.DeepEqual(row.Values, want[i]) {
				t.Errorf("version %d: %v", row.Version, row.Values)
			}
		}
		for _, err := range e.lake.Current(t.Context(), "lead", []string{"nobody_knows"}) {
			if !errors.Is(err, lake.ErrColumn) {
				t.Errorf("got %v", err)
			}
		}
		for _, err := range e.lake.Current(t.Context(), "nobody", nil) {
			if !errors.Is(err, lake.ErrUnknown) {
				t.Errorf("got %v", err)
			}
		}
	})
}

func (e *env) append(t *testing.T, c changelog.Change) {
	t.Helper()
	if err := e.store.Write(system(t.Context()), func(tx *record.Tx) error { return e.log.Append(tx.SQL(), c) }); err != nil {
		t.Fatal(err)
	}
}

// withColumn gives the catalog with one more column.
func withColumn(t *testing.T, c *metadata.Catalog, table, column string) *metadata.Catalog {
	t.Helper()
	def, ok := c.Declared(table)
	if !ok {
		t.Fatal("no table ", table)
	}
	def.Columns = append(def.Columns, &metadata.Column{Name: column, TypeName: "text", Label: metadata.Label{"en": "Later"}})
	wider, err := c.With(metadata.Change{Put: []*metadata.Table{def}})
	must(t, err)
	return wider
}

// A database that was restored from a backup is behind its lake: the feed says so and waits.
func TestRestoredDatabase(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		must(t, event.Note(t.Context(), e.db, lake.Consumer, "changes", 1<<40, start))
		e.start(t)
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		e.create(t, "account", record.Row{"name": "after"})
		_ = e.lake.Flush(ctx)
		if n := e.info(t, "changes/account").Rows; n != 0 {
			t.Errorf("%d rows were written", n)
		}
	})
}

// What is redacted is gone from every version, from the base and from the disk,
// and what is not asked for stays.
func TestRedact(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		e.start(t)
		person := e.create(t, "lead", record.Row{"subject": "About Zacharias", "lastname": "Zzachariasson", "emailaddress1": "zz@example.com"}).ID("leadid")
		other := e.create(t, "lead", record.Row{"subject": "Another", "lastname": "Aaronson", "emailaddress1": "aa@example.com"}).ID("leadid")
		e.flush(t)
		e.update(t, "lead", person, record.Row{"jobtitle": "Baker"})
		e.flush(t)
		e.tidy(t)
		n, err := e.lake.Redact(t.Context(), "lead", []id.ID{person}, []string{"lastname", "emailaddress1", "fullname"}, func(s string) string { return strings.ReplaceAll(s, "Zacharias", "…") })
		if err != nil || n != 3 {
			t.Fatal(n, err)
		}
		if n, err := e.lake.Redact(t.Context(), "lead", []id.ID{person}, []string{"lastname", "emailaddress1", "fullname"}, func(s string) string { return strings.ReplaceAll(s, "Zacharias", "…") }); n != 0 || err != nil {
			t.Errorf("redacted again: %d, %v", n, err)
		}
		names, err := e.lake.Names()
		must(t, err)
		if _, err := e.lake.Shred(t.Context(), names); err != nil {
			t.Fatal(err)
		}
		for _, row := range all(t, e.lake.History(t.Context(), "lead", []string{"subject", "lastname", "emailaddress1", "jobtitle"}, time.Time{}, time.Time{})) {
			switch {
			case row.ID == person && (row.Values[0] != "About …" || row.Values[1] != nil || row.Values[2] != nil):
				t.Errorf("version %d: %v", row.Version, row.Values)
			case row.ID == other && (row.Values[0] != "Another" || row.Values[1] != "Aaronson"):
				t.Errorf("another: %v", row.Values)
			}
		}
		for _, n := range names {
			if found, err := e.lake.Holding(t.Context(), n, nil, func(s string) bool { return strings.Contains(s, "zz@") || strings.Contains(s, "Zzach") }); found || err != nil {
				t.Errorf("%s: %v %v", n, found, err)
			}
		}
		err = filepath.WalkDir(e.dir, func(path string, d os.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				text, e := os.ReadFile(path)
				if strings.Contains(string(text), "zz@example.com") || strings.Contains(string(text), "Zzach") {
					t.Errorf("%s quotes the person", path)
				}
				return e
			}
			return err
		})
		must(t, err)
		e.update(t, "lead", other, record.Row{"jobtitle": "Smith"})
		e.flush(t)
		e.open(t)
		if rows := all(t, e.lake.History(t.Context(), "lead", []string{"jobtitle"}, time.Time{}, time.Time{})); len(rows) != 4 {
			t.Errorf("%d versions", len(rows))
		}
	})
}
