package delta_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/rapport-platform/rapport/internal/kit/delta"
)

// After a row is taken out and the table shredded, nothing in its folder quotes
// the row, and the table reads and grows as before.
func TestShred(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	schema := delta.Schema{Fields: []delta.Field{{Name: "name", Type: delta.Of(delta.String), Nullable: true}}}
	table, err := delta.Create(t.Context(), delta.Local(dir), delta.Options{CheckpointEvery: 2}, delta.Spec{Name: "t", Schema: schema})
	if err != nil {
		t.Fatal(err)
	}
	put := func(names ...string) {
		t.Helper()
		if _, err := table.Append(t.Context(), delta.Append{Schema: schema, Rows: func(yield func([]any, error) bool) {
			for _, n := range names {
				if !yield([]any{n}, nil) {
					return
				}
			}
		}}); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		put("aaron the person", "berta")
	}
	snap, err := table.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := table.Rewrite(t.Context(), delta.Rewrite{Operation: "DELETE", Base: snap, Schema: schema, Rows: func(yield func([]any, error) bool) { yield([]any{"berta"}, nil) }}); err != nil {
		t.Fatal(err)
	}
	quoting := func() (out []string) {
		err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			text, err := os.ReadFile(path)
			if bytes.Contains(text, []byte("aaron")) {
				out = append(out, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	if len(quoting()) == 0 {
		t.Fatal("nothing quotes the row to begin with: the test shows nothing")
	}
	if n, err := table.Shred(t.Context()); err != nil || n == 0 {
		t.Fatal(n, err)
	}
	if left := quoting(); len(left) > 0 {
		t.Errorf("still quoted by %v", left)
	}
	put("carla")
	again, err := delta.Open(t.Context(), delta.Local(dir), delta.Options{})
	if err != nil {
		t.Fatal(err)
	}
	snap, err = again.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n, _ := snap.Count(); n != 2 {
		t.Errorf("%d rows", n)
	}
	if _, err := again.Shred(t.Context()); err != nil {
		t.Error(err)
	}
}
