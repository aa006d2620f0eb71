package customise

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

// What the process that dies is told.
const (
	killURL  = "RAPPORT_TEST_KILL_URL"
	killStep = "RAPPORT_TEST_KILL_STEP"
)

func keyed() []Edit {
	return []Edit{col("new_loan", "name: new_number\ntype: text\nlabel: {en: Number}"), part(KindKey, "new_loan", "name: number\ncolumns: [new_number]")}
}

// TestMain runs the tests, or the process that is killed at a step.
func TestMain(m *testing.M) {
	if os.Getenv(killURL) == "" {
		os.Exit(m.Run())
	}
	os.Args = []string{os.Args[0], "-test.run", "^TestDying$"}
	os.Exit(m.Run())
}

// TestDying is what the process does that is killed. By itself it does nothing.
func TestDying(t *testing.T) {
	url := os.Getenv(killURL)
	if url == "" {
		t.Skip("only for the process that TestKilledHalfWay starts")
	}
	db, err := sqldb.Open(t.Context(), sqldb.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	n := newNode(t, db, Options{InlineRows: 2})
	n.step = func(what string) {
		if what == os.Getenv(killStep) {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // until the signal has done its work
		}
	}
	if os.Getenv(killStep) == "dropping" {
		n.change(t, How{Confirm: true}, remove(Column("new_loan", "new_name2")))
		n.work(t)
		return
	}
	n.change(t, How{}, keyed()...)
}

func TestKilledHalfWay(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"written", "building", "built", "dropping"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			dbtest.EachURL(t, fixture.Schema(t, fixture.Catalog(t)), func(t *testing.T, url string) {
				db, err := sqldb.Open(t.Context(), sqldb.Options{URL: url})
				if err != nil {
					t.Fatal(err)
				}
				defer db.Close()
				if db.Dialect() == sqldb.SQLite && (step == "building" || step == "built") {
					t.Skip("SQLite builds indexes in the transaction of the change")
				}
				n := newNode(t, db, Options{InlineRows: 2})
				n.organise(t)
				n.loans(t)
				n.change(t, How{}, col("new_loan", "name: new_name2\ntype: text\nlabel: {en: N}"))
				for _, name := range []string{"a", "b", "c", "d"} {
					n.must(t, "new_loan", record.Row{"new_name": name, "new_name2": name})
				}
				cmd := exec.CommandContext(t.Context(), os.Args[0])
				cmd.Env = append(os.Environ(), killURL+"="+url, killStep+"="+step)
				out, err := cmd.CombinedOutput()
				if err == nil || !strings.Contains(err.Error(), "killed") {
					t.Fatalf("the process was to be killed at %s: %v\n%s", step, err, out)
				}
				// What was there works, before anybody resumes.
				n.must(t, "new_loan", record.Row{"new_name": "e"})
				n.work(t)
				n.must(t, "new_loan", record.Row{"new_name": "f"})
				table, _ := n.Catalog().Table("new_loan")
				if step == "dropping" {
					if _, still := table.Column("new_name2"); still {
						t.Error("the column is still there")
					}
					if _, err := db.QueryRow(t.Context(), "SELECT COUNT(new_name2) FROM new_loan", nil, new(int)); err == nil {
						t.Error("the column is still in the database")
					}
					return
				}
				if _, ok := table.Column("new_number"); !ok || len(table.Keys) != 1 {
					t.Fatalf("the change was not resumed: %+v", table.Keys)
				}
				n.must(t, "new_loan", record.Row{"new_name": "g", "new_number": "1"})
				if _, err := n.create(sys(t.Context()), "new_loan", record.Row{"new_name": "h", "new_number": "1"}); err == nil {
					t.Error("the key is not kept")
				}
				if db.Dialect() == sqldb.Postgres {
					if broken, err := db.QueryRow(t.Context(), "SELECT 1 FROM pg_index WHERE NOT indisvalid", nil, new(int)); err != nil || broken {
						t.Errorf("a broken index stays behind: %v", err)
					}
				}
			})
		})
	}
}
