package transfer_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/transfer"
	"github.com/rapport-platform/rapport/internal/platform/transfer/operation"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

// A disk that is full in the middle of an import leaves whole portions: what the
// file's row says is there, and nothing else. The import goes on by itself when
// there is room again.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	catalog := fixture.With(t, code)
	schema := fixture.Schema(t, catalog)
	on := func(t *testing.T, url string, fill, free func(tx *record.Tx) error) {
		db, err := sqldb.Open(t.Context(), sqldb.Options{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		fullDisk(newEnv(t, db, catalog), fill, free)
	}
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		on(t, dbtest.SQLite(t, schema), func(tx *record.Tx) error { return pragma(tx, "PRAGMA max_page_count = 1") }, // no more pages than there are
			func(tx *record.Tx) error { return pragma(tx, "PRAGMA max_page_count = 1000000") })
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		url, disk := dbtest.SmallPostgres(t, schema, 96<<20)
		on(t, url, func(*record.Tx) error { return disk.Fill() }, func(*record.Tx) error { return disk.Free() })
	})
}

func fullDisk(e *env, fill, free func(tx *record.Tx) error) {
	const rows = 400
	var text strings.Builder
	text.WriteString("code,name\n")
	for i := range rows {
		fmt.Fprintf(&text, "C%d,%s\n", i, strings.Repeat("Part ", 15))
	}
	b := e.bring(file{"rpt_part", text.String(), transfer.Mapping{Columns: columns("code=rpt_code", "name=rpt_name")}})
	b.must("rpt_StartImport", nil)
	seen := map[string]bool{}
	full, again := false, false
	e.store.AddHook(record.Hook{Table: "rpt_part", BeforeCreate: func(_ context.Context, tx *record.Tx, row record.Row) error {
		code := row.Text("rpt_code")
		switch {
		case !full && len(seen) == 20:
			full = true
			return fill(tx)
		case full && !again && seen[code]:
			again = true
			f, err := tx.Get(e.system(), "importfile", b.files[0], []string{"rpt_created", "processedcount"}, nil)
			if err != nil {
				return err
			}
			var n int64
			if _, err := tx.SQL().QueryRow("SELECT COUNT(*) FROM rpt_part", nil, &n); err != nil {
				return err
			}
			if f.Int("rpt_created") != n || f.Int("processedcount") != n || n%7 != 0 || n < 14 || n >= rows {
				e.t.Errorf("%d rows are there, but the file says %v", n, f)
			}
			if err := free(tx); err != nil {
				return err
			}
		}
		seen[code] = true
		return nil
	}})
	if row := b.run(operation.Done, operation.Failed); row.Int("rpt_status") != operation.Done {
		e.t.Fatalf("%v", row["rpt_error"])
	}
	if !again {
		e.t.Error("the disk was never full")
	}
	b.want(0, "400 400 0 0 0")
	if n := e.count("rpt_part"); n != rows {
		e.t.Errorf("%d rows", n)
	}
}

func pragma(tx *record.Tx, text string) error {
	rows, err := tx.SQL().Query(text)
	if err != nil {
		return err
	}
	return rows.Close()
}
