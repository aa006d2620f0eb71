package customise

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

// pair runs a test with two nodes on one database. The second hears of nothing
// by itself. On SQLite both write through one process's writer, as the product does.
func pair(t *testing.T, run func(t *testing.T, a, b *node)) {
	t.Helper()
	dbtest.EachURL(t, fixture.Schema(t, fixture.Catalog(t)), func(t *testing.T, url string) {
		open := func() *node {
			db, err := sqldb.Open(t.Context(), sqldb.Options{URL: url})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { db.Close() })
			return newNode(t, db, Options{})
		}
		a := open()
		a.organise(t)
		if a.db.Dialect() == sqldb.SQLite {
			run(t, a, newNode(t, a.db, Options{}))
			return
		}
		run(t, a, open())
	})
}

func TestNoWriteGoesByDefinitionsOfThePast(t *testing.T) {
	t.Parallel()
	pair(t, func(t *testing.T, a, b *node) {
		ctx := sys(t.Context())
		lead := a.must(t, "lead", record.Row{"lastname": "Okafor", "subject": "x"})
		key := lead.ID("leadid")
		a.change(t, How{}, col("lead", "name: new_note\ntype: text\nlabel: {en: Note}"))
		if _, err := a.update(ctx, "lead", key, record.Row{"new_note": "keep me"}); err != nil {
			t.Fatal(err)
		}
		known := b.Catalog()
		// b does not know the column; what it deletes must be kept whole.
		if err := b.store.Write(ctx, func(tx *record.Tx) error { return tx.Delete(ctx, "lead", key, record.Match{}) }); err != nil {
			t.Fatal(err)
		}
		if b.Catalog() == known {
			t.Error("the node has not taken the definitions in")
		}
		var image string
		p := a.db.Dialect().Placeholder
		if _, err := a.db.QueryRow(ctx, "SELECT image FROM recyclebin WHERE tablename = "+p(1), []any{"lead"}, &image); err != nil {
			t.Fatal(err)
		}
		var row map[string]any
		if err := json.Unmarshal([]byte(image), &row); err != nil || row["new_note"] != "keep me" {
			t.Errorf("the image has lost a value: %v %v", row["new_note"], err)
		}

		second := a.must(t, "lead", record.Row{"lastname": "Lindgren", "subject": "y"})
		a.change(t, How{Confirm: true}, remove(Column("lead", "new_note")))
		// b still knows the column; nobody would ever read what it writes there.
		_, err := b.update(ctx, "lead", second.ID("leadid"), record.Row{"new_note": "lost"})
		if !errs.Has(err, errs.Invalid) {
			t.Errorf("a hidden column is written by a node that knows it still: %v", err)
		}
		// b knows a table that is gone altogether.
		a.loans(t)
		if _, err := b.Refresh(ctx); err != nil {
			t.Fatal(err)
		}
		a.change(t, How{}, remove(Table("new_loan")))
		a.work(t)
		if _, err := b.create(ctx, "new_loan", record.Row{"new_name": "x"}); !errs.Has(err, errs.NotFound) {
			t.Errorf("a table that is gone: %v", err)
		}
	})
}

// TestWritersWhileColumnsComeAndGo lets writers of two nodes work while a column
// is added and removed again and again: every value that was acknowledged while
// the column was there is there, as long as the column is.
func TestWritersWhileColumnsComeAndGo(t *testing.T) {
	t.Parallel()
	pair(t, func(t *testing.T, a, b *node) {
		ctx := sys(t.Context())
		row := a.must(t, "lead", record.Row{"lastname": "Okafor", "subject": "x"})
		stop := make(chan struct{})
		var writers sync.WaitGroup
		for _, n := range []*node{a, b} {
			for w := range 1 {
				writers.Go(func() {
					for i := 0; ; i++ {
						select {
						case <-stop:
							return
						default:
						}
						if _, err := n.create(ctx, "lead", record.Row{"lastname": fmt.Sprint(w), "subject": fmt.Sprint(i)}); err != nil {
							t.Errorf("a writer is disturbed: %v", err)
							return
						}
					}
				})
			}
		}
		for i := range 3 {
			name := fmt.Sprintf("new_c%d", i)
			a.change(t, How{}, col("lead", "name: "+name+"\ntype: text\nlabel: {en: C}"))
			if _, err := b.update(ctx, "lead", row.ID("leadid"), record.Row{"subject": name}); err != nil {
				t.Fatal(err)
			}
			if _, err := b.Refresh(ctx); err != nil {
				t.Fatal(err)
			}
			if _, err := b.update(ctx, "lead", row.ID("leadid"), record.Row{name: "v"}); err != nil {
				t.Fatal(err)
			}
			got, err := a.store.Get(ctx, "lead", row.ID("leadid"), []string{name}, nil)
			if err != nil || got.Text(name) != "v" {
				t.Errorf("%s: %v %v", name, got, err)
			}
			a.change(t, How{Confirm: true}, remove(Column("lead", name)))
		}
		close(stop)
		writers.Wait()
		a.work(t)
	})
}

func TestLargeTablesGetTheirIndexesBeside(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, fixture.Schema(t, fixture.Catalog(t)), func(t *testing.T, db *sqldb.DB) {
		n := newNode(t, db, Options{InlineRows: 2})
		n.organise(t)
		n.loans(t)
		for i := range 4 {
			n.must(t, "new_loan", record.Row{"new_name": fmt.Sprint(i % 3)})
		}
		var steps []string
		n.step = func(what string) { steps = append(steps, what) }
		n.change(t, How{}, col("new_loan", "name: new_number\ntype: text\nlabel: {en: Number}"), part(KindKey, "new_loan", "name: number\ncolumns: [new_number]"),
			col("new_loan", "name: new_partnerid\ntype: lookup\ntargets: [account]\nlabel: {en: Partner}"))
		if beside := db.Dialect() == sqldb.Postgres; beside != (len(steps) > 2) {
			t.Errorf("steps: %v", steps)
		}
		n.must(t, "new_loan", record.Row{"new_name": "x", "new_number": "1"})
		if _, err := n.create(sys(t.Context()), "new_loan", record.Row{"new_name": "x", "new_number": "1"}); err == nil {
			t.Error("the key is not kept")
		}
		_, err := n.Change(sys(t.Context()), How{}, part(KindKey, "new_loan", "name: name\ncolumns: [new_name]"))
		code(t, err, "customise.duplicates")
		if table, _ := n.Catalog().Table("new_loan"); len(table.Keys) != 1 {
			t.Errorf("keys: %+v", table.Keys)
		}
		n.work(t)
		if d := n.now.Load().find(Name{KindKey, "new_loan", "name"}); db.Dialect() == sqldb.Postgres && (d == nil || d.State != Failed || d.Error == "") {
			t.Errorf("the failure is not kept: %+v", d)
		}
		for _, row := range []string{"2", "3"} { // the failed index is not in the way
			n.must(t, "new_loan", record.Row{"new_name": "0", "new_number": row})
		}
	})
}
