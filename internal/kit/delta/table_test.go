package delta_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/big"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"
	"gocloud.dev/blob/memblob"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/kit/delta"
)

// storages runs a test on each kind of storage.
func storages(t *testing.T, run func(t *testing.T, s delta.Storage)) {
	t.Run("local", func(t *testing.T) {
		t.Parallel()
		run(t, delta.Local(filepath.Join(t.TempDir(), "deep", "table")))
	})
	open := func(name string, bucket func(t *testing.T) (*blob.Bucket, error)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, err := bucket(t)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { b.Close() })
			run(t, delta.Bucket(b, "some/table/"))
		})
	}
	open("fileblob", func(t *testing.T) (*blob.Bucket, error) {
		return fileblob.OpenBucket(t.TempDir(), &fileblob.Options{NoTempDir: true})
	})
	open("memblob", func(t *testing.T) (*blob.Bucket, error) { return memblob.OpenBucket(nil), nil })
}

func everyType() delta.Schema {
	f := func(name string, t delta.Type) delta.Field { return delta.Field{Name: name, Type: t, Nullable: true} }
	return delta.Schema{Fields: []delta.Field{{Name: "id", Type: delta.Of(delta.Long)}, f("text", delta.Of(delta.String)), f("int", delta.Of(delta.Integer)),
		f("short", delta.Of(delta.Short)), f("byte", delta.Of(delta.Byte)), f("float", delta.Of(delta.Float)), f("double", delta.Of(delta.Double)), f("flag", delta.Of(delta.Boolean)),
		f("bytes", delta.Of(delta.Binary)), f("day", delta.Of(delta.DateKind)), f("at", delta.Of(delta.Timestamp)), f("small", delta.DecimalOf(9, 2)),
		f("money", delta.DecimalOf(18, 4)), f("large", delta.DecimalOf(38, 10))}}
}

func everyValue(i int64) []any {
	if i%5 == 4 {
		return []any{i, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil}
	}
	wide, _ := new(big.Int).SetString("-1234567890123456789012345", 10)
	wide.Add(wide, big.NewInt(i))
	return []any{i, fmt.Sprintf("text %d é😀", i), i % 1000, i % 100, i % 10, float32(i) / 3, float64(i) / 7, i%2 == 0, []byte{byte(i), 0, 255},
		delta.Date(i - 1000), time.Date(1969, 12, 31, 23, 59, int(i%60), 123456000, time.UTC), delta.DecimalFrom(-i, 2), delta.DecimalFrom(i*12345, 4), delta.Decimal{Units: wide, Scale: 10}}
}

func rowsOf(from, to int64) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for i := from; i < to; i++ {
			if !yield(everyValue(i), nil) {
				return
			}
		}
	}
}

func collect(t *testing.T, rows iter.Seq2[[]any, error]) [][]any {
	t.Helper()
	var out [][]any
	for row, err := range rows {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, row)
	}
	return out
}

func same(t *testing.T, got, want [][]any) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d rows, want %d", len(got), len(want))
	}
	for i := range got {
		for c := range got[i] {
			if (got[i][c] == nil) != (want[i][c] == nil) || delta.Compare(got[i][c], want[i][c]) != 0 {
				t.Fatalf("row %d, column %d: got %v, want %v", i, c, got[i][c], want[i][c])
			}
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func mustCreate(t *testing.T, s delta.Storage, o delta.Options, config map[string]string) *delta.Table {
	t.Helper()
	tbl, err := delta.Create(t.Context(), s, o, delta.Spec{Name: "all types", Schema: everyType(), Config: config})
	must(t, err)
	return tbl
}

func add(t *testing.T, tbl *delta.Table, from, to int64) delta.Result {
	t.Helper()
	res, err := tbl.Append(t.Context(), delta.Append{Schema: everyType(), Rows: rowsOf(from, to), SortedBy: []string{"id"}})
	must(t, err)
	return res
}

func snapshot(t *testing.T, tbl *delta.Table) *delta.Snapshot {
	t.Helper()
	s, err := tbl.Snapshot(t.Context())
	must(t, err)
	return s
}

func TestAppendReadCompactCheckpoint(t *testing.T) {
	t.Parallel()
	storages(t, func(t *testing.T, s delta.Storage) {
		ctx := t.Context()
		if _, err := delta.Open(ctx, s, delta.Options{}); !errors.Is(err, delta.ErrNoTable) {
			t.Fatalf("got %v", err)
		}
		tbl := mustCreate(t, s, delta.Options{CheckpointEvery: 7}, nil)
		if _, err := delta.Create(ctx, s, delta.Options{}, delta.Spec{Schema: everyType()}); !errors.Is(err, delta.ErrExists) {
			t.Fatalf("got %v", err)
		}
		var want [][]any
		for i := int64(0); i < 20; i++ {
			add(t, tbl, i*30, i*30+30)
		}
		for i := int64(0); i < 600; i++ {
			want = append(want, everyValue(i))
		}
		check := func(what string, files int) {
			t.Helper()
			for name, tbl := range map[string]*delta.Table{"same": tbl, "opened anew": mustOpen(t, s)} {
				snap := snapshot(t, tbl)
				if files > 0 && len(snap.Files) != files {
					t.Errorf("%s, %s: %d files, want %d", what, name, len(snap.Files), files)
				}
				if n, ok := snap.Count(); !ok || n != 600 {
					t.Errorf("%s, %s: the statistics count %d, %v", what, name, n, ok)
				}
				same(t, collect(t, snap.Merged(ctx, []string{"id"}, delta.Scan{})), want)
			}
		}
		check("appended", 20)
		same(t, collect(t, snapshot(t, tbl).Rows(ctx, delta.Scan{})), want)
		n, err := tbl.Compact(ctx, delta.Compaction{SortBy: []string{"id"}, MaxFiles: 8})
		must(t, err)
		if n != 3 {
			t.Errorf("%d compactions, want 3", n)
		}
		check("compacted", 3)
		must(t, tbl.Checkpoint(ctx))
		check("with checkpoint", 3)
		old, err := tbl.At(ctx, 5)
		must(t, err)
		same(t, collect(t, old.Rows(ctx, delta.Scan{})), want[:150])
		if _, err := tbl.At(ctx, 500); !errors.Is(err, delta.ErrVersion) {
			t.Errorf("got %v", err)
		}
		history, err := tbl.History(ctx, 4)
		must(t, err)
		if len(history) != 4 || history[0].Operation != "OPTIMIZE" || history[3].Operation != "WRITE" || history[3].Metrics["numOutputRows"] != "30" {
			t.Errorf("history: %+v", history)
		}
	})
}

func mustOpen(t *testing.T, s delta.Storage) *delta.Table {
	t.Helper()
	tbl, err := delta.Open(t.Context(), s, delta.Options{})
	must(t, err)
	return tbl
}

func TestTestsAndPruning(t *testing.T) {
	t.Parallel()
	s := &countingStorage{Storage: delta.Local(t.TempDir())}
	tbl := mustCreate(t, s, delta.Options{}, nil)
	for i := int64(0); i < 10; i++ {
		add(t, tbl, i*100, i*100+100)
	}
	snap := snapshot(t, tbl)
	for _, c := range []struct {
		where delta.Test
		rows  int
		files int
	}{
		{delta.Test{Column: "id", Op: delta.Equal, Value: int64(555)}, 1, 1},
		{delta.Test{Column: "ID", Op: delta.Less, Value: int64(150)}, 150, 2},
		{delta.Test{Column: "id", Op: delta.GreaterOrEqual, Value: int64(900)}, 100, 1},
		{delta.Test{Column: "id", Op: delta.Greater, Value: int64(999)}, 0, 0},
		{delta.Test{Column: "id", Op: delta.LessOrEqual, Value: int64(-1)}, 0, 0},
		{delta.Test{Column: "id", Op: delta.In, Values: []any{int64(5), int64(805), int64(5000)}}, 2, 2},
		{delta.Test{Column: "text", Op: delta.IsNull}, 200, 10},
		{delta.Test{Column: "text", Op: delta.NotNull}, 800, 10},
		{delta.Test{Column: "text", Op: delta.Equal, Value: "text 555 é😀"}, 1, 2}, // in the bounds of two files
		{delta.Test{Column: "day", Op: delta.Less, Value: delta.Date(-990)}, 8, 1},
		{delta.Test{Column: "money", Op: delta.Greater, Value: delta.DecimalFrom(12345*990, 4)}, 7, 1},
	} {
		s.opened = nil
		got := collect(t, snap.Rows(t.Context(), delta.Scan{Columns: []string{"text"}, Where: []delta.Test{c.where}}))
		if len(got) != c.rows || len(s.opened) > c.files {
			t.Errorf("%+v: %d rows of %d files, want %d of %d", c.where, len(got), len(s.opened), c.rows, c.files)
		}
	}
	for _, q := range []delta.Scan{{Columns: []string{"nothing"}}, {Where: []delta.Test{{Column: "id", Value: "5"}}}} {
		for _, err := range snap.Rows(t.Context(), q) {
			if !errors.Is(err, delta.ErrColumn) {
				t.Errorf("got %v", err)
			}
		}
	}
}

type countingStorage struct {
	delta.Storage
	opened []string
}

func (c *countingStorage) Open(ctx context.Context, name string) (delta.File, error) {
	c.opened = append(c.opened, name)
	return c.Storage.Open(ctx, name)
}

func TestSchemaEvolution(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	tbl := mustCreate(t, delta.Local(t.TempDir()), delta.Options{}, nil)
	add(t, tbl, 0, 3)
	wider := delta.Schema{Fields: []delta.Field{{Name: "ID", Type: delta.Of(delta.Long)}, {Name: "extra", Type: delta.Of(delta.String)}}}
	one := func(row ...any) iter.Seq2[[]any, error] {
		return func(yield func([]any, error) bool) { yield(row, nil) }
	}
	_, err := tbl.Append(ctx, delta.Append{Schema: wider, Rows: one(int64(3), "new")})
	must(t, err)
	snap := snapshot(t, tbl)
	got := collect(t, snap.Rows(ctx, delta.Scan{Columns: []string{"id", "extra", "text"}}))
	if len(got) != 4 || got[0][1] != nil || got[3][0] != int64(3) || got[3][1] != "new" || got[3][2] != nil {
		t.Errorf("got %v", got)
	}
	for _, bad := range []delta.Append{
		{Schema: delta.Schema{Fields: []delta.Field{{Name: "id", Type: delta.Of(delta.Long)}, {Name: "text", Type: delta.Of(delta.Long)}}}, Rows: one(int64(1), int64(2))},
		{Schema: delta.Schema{Fields: []delta.Field{{Name: "text", Type: delta.Of(delta.String)}}}, Rows: one("without id")},
		{Schema: delta.Schema{Fields: []delta.Field{{Name: "id", Type: delta.Of(delta.Long)}, {Name: "a b", Type: delta.Of(delta.Long)}}}, Rows: one(int64(1), int64(2))},
		{Schema: wider, Rows: one("no number", "x")},
		{Schema: wider, Rows: one(nil, "x")},
		{Schema: wider, Rows: one(int64(1))},
	} {
		if _, err := tbl.Append(ctx, bad); !errors.Is(err, delta.ErrSchema) {
			t.Errorf("%+v: got %v", bad.Schema, err)
		}
	}
	if after := snapshot(t, tbl); after.Version != snap.Version {
		t.Errorf("a refused append left version %d", after.Version)
	}
}

func TestOnceByTransaction(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := delta.Local(t.TempDir())
	tbl := mustCreate(t, s, delta.Options{CheckpointEvery: 2}, nil)
	batch := delta.Append{Schema: everyType(), Rows: rowsOf(0, 5), App: "feeder", AppVersion: 41}
	_, err := tbl.Append(ctx, batch)
	must(t, err)
	for _, again := range []*delta.Table{tbl, mustOpen(t, s)} {
		if _, err := again.Append(ctx, batch); !errors.Is(err, delta.ErrDone) {
			t.Errorf("got %v", err)
		}
	}
	add(t, tbl, 5, 6)
	add(t, tbl, 6, 7)
	snap := snapshot(t, mustOpen(t, s)) // by way of a checkpoint
	if v, ok := snap.Txn("feeder"); !ok || v != 41 {
		t.Errorf("the transaction is %d, %v", v, ok)
	}
	if n, _ := snap.Count(); n != 7 {
		t.Errorf("%d rows", n)
	}
}

func TestRewritesAndConflicts(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := delta.Local(t.TempDir())
	a, b := mustCreate(t, s, delta.Options{}, nil), mustOpen(t, s)
	add(t, a, 0, 10)
	add(t, a, 10, 20)
	base := snapshot(t, a)
	rewrite := func(tbl *delta.Table, base *delta.Snapshot, files []*delta.Add, blind bool) error {
		_, err := tbl.Rewrite(ctx, delta.Rewrite{Operation: "DELETE", Files: files, Base: base, Schema: base.Schema, Blind: blind, Rows: base.Rows(ctx, delta.Scan{Files: files, Where: []delta.Test{{Column: "id", Op: delta.Greater, Value: int64(4)}}})})
		return err
	}
	add(t, b, 20, 30)
	if err := rewrite(a, base, base.Files[:1], false); !errors.Is(err, delta.ErrConflict) {
		t.Errorf("a rewrite past rows that were added: %v", err)
	}
	must(t, rewrite(a, base, base.Files[:1], true))
	if err := rewrite(b, base, base.Files[:1], true); !errors.Is(err, delta.ErrConflict) {
		t.Errorf("a file rewritten twice: %v", err)
	}
	if n, _ := snapshot(t, b).Count(); n != 25 {
		t.Errorf("%d rows, want 25", n)
	}
	empty := snapshot(t, a) // a rewrite may leave nothing of its files
	must(t, func() error {
		_, err := a.Rewrite(ctx, delta.Rewrite{Operation: "DELETE", Files: empty.Files[:1], Base: empty, Schema: empty.Schema, Rows: rowsOf(0, 0)})
		return err
	}())
	add(t, a, 100, 110)
	must(t, a.Configure(ctx, map[string]string{"delta.appendOnly": "true"}))
	now := snapshot(t, b)
	if err := rewrite(b, now, now.Files, false); !errors.Is(err, delta.ErrAppend) {
		t.Errorf("got %v", err)
	}
	if _, err := b.Compact(ctx, delta.Compaction{}); err != nil {
		t.Errorf("compaction moves rows only, and is allowed: %v", err)
	}
	if n, _ := snapshot(t, a).Count(); n != 25 || len(snapshot(t, a).Files) != 1 {
		t.Errorf("%d rows in %d files", n, len(snapshot(t, a).Files))
	}
}

func TestFailedRowsLeaveNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tbl := mustCreate(t, delta.Local(dir), delta.Options{}, nil)
	boom := errors.New("the source failed")
	_, err := tbl.Append(t.Context(), delta.Append{Schema: everyType(), FileRows: 10, Rows: func(yield func([]any, error) bool) {
		for i := range int64(25) {
			if !yield(everyValue(i), nil) {
				return
			}
		}
		yield(nil, boom)
	}})
	if !errors.Is(err, boom) {
		t.Errorf("got %v", err)
	}
	left, _ := filepath.Glob(filepath.Join(dir, "*"))
	if len(left) != 1 || snapshot(t, tbl).Version != 0 {
		t.Errorf("left: %v", left)
	}
}

func TestVacuumAndLog(t *testing.T) {
	t.Parallel()
	storages(t, func(t *testing.T, s delta.Storage) {
		ctx := t.Context()
		now := clock.NewFake(time.Now())
		tbl := mustCreate(t, s, delta.Options{Clock: now, CheckpointEvery: 4}, map[string]string{"delta.logRetentionDuration": "interval 2 days"})
		for i := int64(0); i < 9; i++ {
			add(t, tbl, i*10, i*10+10)
		}
		_, err := tbl.Compact(ctx, delta.Compaction{})
		must(t, err)
		must(t, s.Create(ctx, "orphan.parquet", func(w io.Writer) error { _, err := w.Write([]byte("left by a crash")); return err }))
		must(t, s.Create(ctx, ".writing-123", func(w io.Writer) error { _, err := w.Write([]byte("half")); return err }))
		must(t, s.Create(ctx, "_notes/mine.txt", func(w io.Writer) error { _, err := w.Write([]byte("kept")); return err }))
		if _, err := tbl.Vacuum(ctx, delta.Vacuum{Keep: time.Hour}); !errors.Is(err, delta.ErrRetain) {
			t.Errorf("got %v", err)
		}
		if v, err := tbl.Vacuum(ctx, delta.Vacuum{}); err != nil || len(v.Names) != 0 {
			t.Errorf("too early: %v, %v", v, err)
		}
		now.Advance(8 * 24 * time.Hour)
		dry, err := tbl.Vacuum(ctx, delta.Vacuum{Dry: true})
		must(t, err)
		if len(dry.Names) != 11 || !slices.Contains(dry.Names, "orphan.parquet") {
			t.Errorf("would delete %v", dry.Names)
		}
		wet, err := tbl.Vacuum(ctx, delta.Vacuum{})
		must(t, err)
		if !slices.Equal(dry.Names, wet.Names) || wet.Bytes != dry.Bytes {
			t.Errorf("deleted %v, announced %v", wet.Names, dry.Names)
		}
		gone, err := tbl.CleanLog(ctx)
		must(t, err)
		if gone == 0 {
			t.Error("no commit was cleaned away")
		}
		fresh := mustOpen(t, s)
		if got := collect(t, snapshot(t, fresh).Rows(ctx, delta.Scan{Columns: []string{"id"}})); len(got) != 90 {
			t.Errorf("%d rows are left", len(got))
		}
		if _, err := fresh.At(ctx, 1); !errors.Is(err, delta.ErrVersion) {
			t.Errorf("got %v", err)
		}
		add(t, fresh, 90, 95)
		if n, _ := snapshot(t, tbl).Count(); n != 95 {
			t.Errorf("%d rows", n)
		}
	})
}

func TestTimeTravelByTime(t *testing.T) {
	t.Parallel()
	s := delta.Local(t.TempDir())
	tbl := mustCreate(t, s, delta.Options{}, nil)
	add(t, tbl, 0, 5)
	snap, err := tbl.AtTime(t.Context(), time.Now().Add(time.Minute))
	must(t, err)
	if snap.Version != 1 {
		t.Errorf("version %d", snap.Version)
	}
	if _, err := tbl.AtTime(t.Context(), time.Now().Add(-time.Hour)); !errors.Is(err, delta.ErrVersion) {
		t.Errorf("got %v", err)
	}
}
