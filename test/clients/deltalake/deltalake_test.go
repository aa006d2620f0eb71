// Package deltalake_test has delta-rs, by its Python package and unmodified from
// its registry, read the tables that the product writes: row for row what our
// own reader gives, after appends, compaction, a checkpoint and a rewrite.
package deltalake_test

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"iter"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/kit/delta"
)

// python gives the interpreter that has the package, or skips the test.
func python(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(".venv", "bin", "python"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Skip("skipped: Python's deltalake is not installed; run make clients (it needs python3 with its venv module)")
	}
	return path
}

func field(name string, t delta.Type) delta.Field {
	return delta.Field{Name: name, Type: t, Nullable: true}
}

func schema() delta.Schema {
	return delta.Schema{Fields: []delta.Field{{Name: "id", Type: delta.Of(delta.Long)}, field("text", delta.Of(delta.String)), field("int", delta.Of(delta.Integer)),
		field("short", delta.Of(delta.Short)), field("byte", delta.Of(delta.Byte)), field("float", delta.Of(delta.Float)), field("double", delta.Of(delta.Double)),
		field("flag", delta.Of(delta.Boolean)), field("bytes", delta.Of(delta.Binary)), field("day", delta.Of(delta.DateKind)), field("at", delta.Of(delta.Timestamp)),
		field("small", delta.DecimalOf(9, 2)), field("money", delta.DecimalOf(19, 4)), field("large", delta.DecimalOf(38, 10))}}
}

func rows(from, to int64) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for i := from; i < to; i++ {
			row := []any{i, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil}
			if i%7 != 3 {
				row = []any{i, fmt.Sprintf("text %d é😀", i), i % 1000, i % 100, i % 10, float32(i) / 3, float64(i) / 7, i%2 == 0, []byte{byte(i), 0, 255}, delta.Date(i - 1000),
					time.Date(1969, 12, 31, 23, 59, int(i%60), 123456000, time.UTC), delta.DecimalFrom(-i, 2), delta.DecimalFrom(i*123456789, 4), delta.Decimal{Units: big.NewInt(-i), Scale: 10}}
			}
			if !yield(row, nil) {
				return
			}
		}
	}
}

// plain is read.py's spelling of a value.
func plain(v any) any {
	switch x := v.(type) {
	case int64:
		return json.Number(strconv.FormatInt(x, 10))
	case float32:
		return float64(x)
	case time.Time:
		return json.Number(strconv.FormatInt(x.UnixMicro(), 10))
	case delta.Date:
		return x.String()
	case delta.Decimal:
		return x.String()
	case []byte:
		return hex.EncodeToString(x)
	}
	return v
}

// unhex reads a floating number as Python's float.hex writes it.
func unhex(t *testing.T, v any) any {
	t.Helper()
	s, ok := v.(string)
	if !ok {
		return v
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func compare(t *testing.T, dir string, snap *delta.Snapshot) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), python(t), "read.py", dir, strconv.FormatInt(snap.Version, 10)).Output()
	if err != nil {
		if e, ok := err.(*exec.ExitError); ok {
			t.Fatalf("%v: %s", err, e.Stderr)
		}
		t.Fatal(err)
	}
	lines := bufio.NewScanner(strings.NewReader(string(out)))
	lines.Buffer(nil, 1<<20)
	lines.Scan()
	var head struct {
		Version int64
		Columns []string
	}
	if err := json.Unmarshal(lines.Bytes(), &head); err != nil {
		t.Fatal(err)
	}
	if head.Version != snap.Version || !slices.Equal(head.Columns, snap.Schema.Names()) {
		t.Fatalf("version %d with columns %v, want %d with %v", head.Version, head.Columns, snap.Version, snap.Schema.Names())
	}
	theirs := map[string][]any{}
	for lines.Scan() {
		var row []any
		d := json.NewDecoder(strings.NewReader(lines.Text()))
		d.UseNumber()
		if err := d.Decode(&row); err != nil {
			t.Fatal(err)
		}
		theirs[fmt.Sprint(row[0])] = row
	}
	ours := 0
	for row, err := range snap.Rows(t.Context(), delta.Scan{}) {
		if err != nil {
			t.Fatal(err)
		}
		ours++
		other, ok := theirs[fmt.Sprint(row[0])]
		if !ok {
			t.Fatalf("delta-rs does not have the row %v", row[0])
		}
		for i, f := range snap.Schema.Fields {
			want, got := plain(row[i]), other[i]
			if f.Type.Kind == delta.Float || f.Type.Kind == delta.Double {
				got = unhex(t, got)
			}
			if got != want {
				t.Fatalf("row %v, column %s: delta-rs has %#v, we have %#v", row[0], f.Name, got, want)
			}
		}
	}
	if ours != len(theirs) {
		t.Fatalf("we read %d rows, delta-rs %d", ours, len(theirs))
	}
}

func TestDeltaRSReadsOurTables(t *testing.T) {
	t.Parallel()
	python(t)
	ctx, dir := t.Context(), t.TempDir()
	tbl, err := delta.Create(ctx, delta.Local(dir), delta.Options{CheckpointEvery: 100}, delta.Spec{Name: "ours", Schema: schema()})
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(err)
	check := func() *delta.Snapshot {
		t.Helper()
		snap, err := tbl.Snapshot(ctx)
		must(err)
		compare(t, dir, snap)
		return snap
	}
	for i := range int64(6) {
		_, err := tbl.Append(ctx, delta.Append{Schema: schema(), Rows: rows(i*500, i*500+500), SortedBy: []string{"id"}, App: "feeder", AppVersion: i})
		must(err)
	}
	first := check()
	_, err = tbl.Compact(ctx, delta.Compaction{SortBy: []string{"id"}})
	must(err)
	check()
	must(tbl.Checkpoint(ctx))
	check()
	_, err = tbl.Append(ctx, delta.Append{Schema: delta.Schema{Fields: []delta.Field{{Name: "id", Type: delta.Of(delta.Long)}, field("later", delta.Of(delta.String))}},
		Rows: func(yield func([]any, error) bool) { yield([]any{int64(99_999), "a column of later"}, nil) }})
	must(err)
	base := check()
	_, err = tbl.Rewrite(ctx, delta.Rewrite{Operation: "DELETE", Base: base, Schema: base.Schema, Rows: base.Rows(ctx, delta.Scan{Where: []delta.Test{{Column: "id", Op: delta.Greater, Value: int64(1234)}}})})
	must(err)
	check()
	must(tbl.Checkpoint(ctx))
	_, err = tbl.Append(ctx, delta.Append{Schema: schema(), Rows: rows(5000, 5010), App: "feeder", AppVersion: 9})
	must(err)
	check()
	compare(t, dir, first) // time travel, past the checkpoint
}

// delta-rs appends to a table of ours, and we read what it wrote.
func TestWeReadWhatDeltaRSWrote(t *testing.T) {
	t.Parallel()
	py := python(t)
	ctx, dir := t.Context(), t.TempDir()
	tbl, err := delta.Create(ctx, delta.Local(dir), delta.Options{}, delta.Spec{Schema: schema()})
	if err == nil {
		_, err = tbl.Append(ctx, delta.Append{Schema: schema(), Rows: rows(0, 100)})
	}
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(ctx, py, "write.py", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	snap, err := tbl.Snapshot(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if n, _ := snap.Count(); n != 200 {
		t.Errorf("%d rows, want 200", n)
	}
	compareTwice(t, snap)
	if _, err := tbl.Append(ctx, delta.Append{Schema: schema(), Rows: rows(500, 510)}); err != nil {
		t.Error("an append on top of theirs: ", err)
	}
}

// compareTwice checks that every row is there twice, as write.py appends the table to itself.
func compareTwice(t *testing.T, snap *delta.Snapshot) {
	t.Helper()
	seen := map[string]int{}
	for row, err := range snap.Rows(t.Context(), delta.Scan{}) {
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for _, v := range row {
			fmt.Fprintf(&b, "%#v ", plain(v))
		}
		seen[b.String()]++
	}
	for row, n := range seen {
		if n != 2 {
			t.Fatalf("a row is there %d times: %s", n, row)
		}
	}
	if len(seen) != 100 {
		t.Errorf("%d different rows, want 100", len(seen))
	}
}
