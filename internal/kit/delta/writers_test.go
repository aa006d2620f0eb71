package delta_test

import (
	"bufio"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/rapport-platform/rapport/internal/kit/delta"
)

func batchSchema() delta.Schema {
	return delta.Schema{Fields: []delta.Field{{Name: "app", Type: delta.Of(delta.String)}, {Name: "batch", Type: delta.Of(delta.Long)}, {Name: "n", Type: delta.Of(delta.Long)}}}
}

const batchRows = 10

func batchOf(app string, batch int64) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for n := range int64(batchRows) {
			if !yield([]any{app, batch, n}, nil) {
				return
			}
		}
	}
}

func appendBatch(t testing.TB, tbl *delta.Table, app string, batch int64) error {
	_, err := tbl.Append(t.Context(), delta.Append{Schema: batchSchema(), Rows: batchOf(app, batch), App: app, AppVersion: batch})
	return err
}

// whole checks that the table holds every batch up to the apps' transactions,
// each row once and nothing else, at every version that it has.
func whole(t *testing.T, s delta.Storage) *delta.Snapshot {
	t.Helper()
	last := snapshot(t, mustOpen(t, s))
	for v := int64(0); v <= last.Version; v++ {
		if v < last.Version && v%7 != 0 {
			continue // a part of the versions is enough
		}
		snap, err := mustOpen(t, s).At(t.Context(), v)
		must(t, err)
		seen := map[[3]any]int{}
		most := map[any]int64{}
		for row, err := range snap.Rows(t.Context(), delta.Scan{}) {
			must(t, err)
			seen[[3]any{row[0], row[1], row[2]}]++
			most[row[0]] = max(most[row[0]], row[1].(int64))
		}
		total := 0
		for app, batch := range most {
			if done, ok := snap.Txn(app.(string)); !ok || done != batch {
				t.Fatalf("version %d: %v is noted at %d and has batch %d", v, app, done, batch)
			}
			for b := int64(1); b <= batch; b++ {
				for n := range int64(batchRows) {
					if c := seen[[3]any{app, b, n}]; c != 1 {
						t.Fatalf("version %d: row %d of batch %d of %v is there %d times", v, n, b, app, c)
					}
				}
			}
			total += int(batch) * batchRows
		}
		if len(seen) != total {
			t.Fatalf("version %d: %d rows, want %d", v, len(seen), total)
		}
	}
	return last
}

func soak(n, long int) int {
	if os.Getenv("RAPPORT_SOAK") != "" {
		return long
	}
	return n
}

func TestEightWriters(t *testing.T) {
	t.Parallel()
	storages(t, func(t *testing.T, s delta.Storage) {
		if strings.HasSuffix(t.Name(), "/fileblob") {
			t.Skip("skipped: the driver's IfNotExist is not atomic (see Bucket)")
		}
		_, err := delta.Create(t.Context(), s, delta.Options{}, delta.Spec{Schema: batchSchema()})
		must(t, err)
		each := soak(12, 500)
		var group sync.WaitGroup
		for w := range 8 {
			group.Go(func() {
				tbl, err := delta.Open(t.Context(), s, delta.Options{})
				if err != nil {
					t.Error(err)
					return
				}
				for b := 1; b <= each; b++ {
					if err := appendBatch(t, tbl, fmt.Sprint("writer ", w), int64(b)); err != nil {
						t.Error(err)
						return
					}
					if w == 0 && b%5 == 0 {
						if _, err := tbl.Compact(t.Context(), delta.Compaction{}); err != nil {
							t.Error(err)
						}
					}
				}
			})
		}
		group.Wait()
		last := whole(t, s)
		if n, _ := last.Count(); n != int64(8*each*batchRows) {
			t.Errorf("%d rows, want %d", n, 8*each*batchRows)
		}
	})
}

// One application's batches by several writers at once: each batch gets in once.
func TestWritersOfOneApplication(t *testing.T) {
	t.Parallel()
	s := delta.Local(t.TempDir())
	_, err := delta.Create(t.Context(), s, delta.Options{}, delta.Spec{Schema: batchSchema()})
	must(t, err)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			tbl, err := delta.Open(t.Context(), s, delta.Options{})
			if err != nil {
				t.Error(err)
				return
			}
			for b := int64(1); b <= 20; b++ {
				if err := appendBatch(t, tbl, "one", b); err != nil && !errors.Is(err, delta.ErrDone) {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if n, _ := whole(t, s).Count(); n != 20*batchRows {
		t.Errorf("%d rows", n)
	}
}

const crashDir = "DELTA_TEST_CRASH_DIR"

// TestKilled runs a writer as a process of its own and kills it, again and again.
func TestKilled(t *testing.T) {
	t.Parallel()
	if dir := os.Getenv(crashDir); dir != "" {
		writeUntilKilled(t, dir)
		return
	}
	dir := t.TempDir()
	s := delta.Local(dir)
	_, err := delta.Create(t.Context(), s, delta.Options{}, delta.Spec{Schema: batchSchema()})
	must(t, err)
	acknowledged := int64(0)
	for range soak(12, 1000) {
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilled$")
		child.Env = append(os.Environ(), crashDir+"="+dir)
		out, err := child.StdoutPipe()
		must(t, err)
		must(t, child.Start())
		// It is killed right after some commit, in whatever it does then.
		lines := bufio.NewScanner(out)
		for left := rand.IntN(15); left >= 0 && lines.Scan(); left-- {
			var b int64
			if _, err := fmt.Sscanf(lines.Text(), "batch %d", &b); err == nil {
				acknowledged = b
			}
		}
		must(t, child.Process.Kill())
		_ = child.Wait() // it was killed
	}
	last := whole(t, s)
	if done, _ := last.Txn("killed"); done < acknowledged || acknowledged == 0 {
		t.Errorf("batch %d was acknowledged, the table goes to %d", acknowledged, done)
	}
}

func writeUntilKilled(t *testing.T, dir string) {
	tbl, err := delta.Open(t.Context(), delta.Local(dir), delta.Options{CheckpointEvery: 3})
	must(t, err)
	done, _ := snapshot(t, tbl).Txn("killed")
	for b := done + 1; ; b++ {
		must(t, appendBatch(t, tbl, "killed", b))
		fmt.Println("batch", b)
		if b%4 == 0 {
			_, err := tbl.Compact(t.Context(), delta.Compaction{})
			must(t, err)
		}
	}
}
