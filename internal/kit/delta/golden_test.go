//go:build cgo

package delta_test

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/duckdb/duckdb-go/v2"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/kit/delta"
	"github.com/rapport-platform/rapport/internal/test/datasets"
)

// refused are the golden tables that ask for more than protocol 1, or are broken
// on purpose, and the code with which each is refused.
var refused = map[string]string{
	"basic-with-vacuum-protocol-check-feature": "delta.protocol", "data-reader-timestamp_ntz": "delta.protocol", "data-reader-timestamp_ntz-id-mode": "delta.protocol",
	"data-reader-timestamp_ntz-name-mode": "delta.protocol", "data-skipping-basic-stats-all-types-columnmapping-id": "delta.protocol",
	"data-skipping-basic-stats-all-types-columnmapping-name": "delta.protocol", "deltalog-invalid-protocol-version": "delta.protocol",
	"deltalog-state-reconstruction-without-metadata": "delta.protocol", "dv-partitioned-with-checkpoint": "delta.protocol", "dv-with-columnmapping": "delta.protocol",
	"log-replay-dv-key-cases": "delta.protocol", "log-replay-latest-metadata-protocol": "delta.protocol", "parquet-all-types": "delta.protocol",
	"parquet-all-types-legacy-format": "delta.protocol", "spark-variant-checkpoint": "delta.protocol", "table-with-columnmapping-mode-id": "delta.protocol",
	"table-with-columnmapping-mode-name": "delta.protocol", "table-with-icebegCompatV2Enabled": "delta.protocol", "type-widening": "delta.protocol",
	"type-widening-nested": "delta.protocol", "v2-checkpoint-json": "delta.protocol", "v2-checkpoint-parquet": "delta.protocol",
	"data-reader-absolute-paths-escaped-chars": "delta.log", "deltalog-state-reconstruction-without-protocol": "delta.log", "versions-not-contiguous": "delta.log",
}

// unpack lays the golden tables in a folder and lists those with a log.
func unpack(t *testing.T) (root string, tables []string) {
	t.Helper()
	f, err := os.Open(datasets.Path(t, "delta_golden_tables.tar.gz"))
	must(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	must(t, err)
	root = t.TempDir()
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		must(t, err)
		if !filepath.IsLocal(h.Name) {
			t.Fatal("a file outside the archive: ", h.Name)
		}
		path := filepath.Join(root, h.Name)
		if h.Typeflag != tar.TypeReg {
			continue
		}
		must(t, os.MkdirAll(filepath.Dir(path), 0o700))
		data, err := io.ReadAll(r)
		must(t, err)
		must(t, os.WriteFile(path, data, 0o600))
	}
	root = filepath.Join(root, "delta_golden_tables")
	must(t, filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.IsDir() && d.Name() == "_delta_log" {
			tables = append(tables, filepath.Dir(path))
		}
		return err
	}))
	if len(tables) < 90 {
		t.Fatalf("only %d golden tables", len(tables))
	}
	return root, tables
}

func duck(t testing.TB) *sql.DB {
	t.Helper()
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1) // the setting is the connection's
	t.Cleanup(func() { db.Close() })
	if _, err := db.Exec("SET TimeZone = 'UTC'"); err != nil {
		t.Fatal(err)
	}
	return db
}

func TestGoldenTables(t *testing.T) {
	t.Parallel()
	root, tables := unpack(t)
	db := duck(t)
	compared := 0
	for _, dir := range tables {
		name, err := filepath.Rel(root, dir)
		must(t, err)
		ok := t.Run(name, func(t *testing.T) {
			tbl, err := delta.Open(t.Context(), delta.Local(dir), delta.Options{})
			if want, bad := refused[name]; bad {
				if errs.CodeOf(err) != want {
					t.Errorf("got %v, want the code %s", err, want)
				}
				return
			}
			must(t, err)
			compareWithDuck(t, db, dir, snapshot(t, tbl))
			compared++
		})
		if !ok {
			t.Log(name)
		}
	}
	if compared < 60 {
		t.Errorf("only %d tables were compared", compared)
	}
}

// DuckDB reads our own tables equal, after whatever we do to them.
func TestDuckReadsOurTables(t *testing.T) {
	t.Parallel()
	for _, codec := range []delta.Codec{delta.Snappy, delta.Zstd} {
		db, dir, ctx := duck(t), t.TempDir(), t.Context()
		tbl := mustCreate(t, delta.Local(dir), delta.Options{CheckpointEvery: 100, Codec: codec}, nil)
		add(t, tbl, 0, 3000)
		for i := int64(0); i < 5; i++ {
			add(t, tbl, 3000+i*40, 3000+i*40+40)
		}
		compareWithDuck(t, db, dir, snapshot(t, tbl))
		_, err := tbl.Compact(ctx, delta.Compaction{})
		must(t, err)
		compareWithDuck(t, db, dir, snapshot(t, tbl))
		must(t, tbl.Checkpoint(ctx))
		compareWithDuck(t, db, dir, snapshot(t, tbl))
		_, err = tbl.Append(ctx, delta.Append{Schema: delta.Schema{Fields: []delta.Field{{Name: "id", Type: delta.Of(delta.Long)}, {Name: "extra", Type: delta.Of(delta.String)}}},
			Rows: func(yield func([]any, error) bool) { yield([]any{int64(9999), "a column of later"}, nil) }})
		must(t, err)
		base := snapshot(t, tbl)
		_, err = tbl.Rewrite(ctx, delta.Rewrite{Operation: "DELETE", Base: base, Schema: base.Schema, Rows: base.Rows(ctx, delta.Scan{Where: []delta.Test{{Column: "id", Op: delta.Greater, Value: int64(100)}}})})
		must(t, err)
		after := snapshot(t, mustOpen(t, delta.Local(dir)))
		compareWithDuck(t, db, dir, after)
		if n, _ := after.Count(); n != 3000+200-101+1 {
			t.Errorf("%d rows", n)
		}
	}
}

// liveFile is a data file as the independent reading of the log finds it.
type liveFile struct {
	path       string
	partitions map[string]any
}

// replay reads a log without the package under test: JSON as maps, checkpoints by DuckDB.
func replay(t *testing.T, db *sql.DB, dir string) map[string]liveFile {
	t.Helper()
	live := map[string]liveFile{}
	logs, err := filepath.Glob(filepath.Join(dir, "_delta_log", "*"))
	must(t, err)
	first := int64(0)
	checkpoints := map[int64][]string{}
	for _, p := range logs {
		base := filepath.Base(p)
		if v, err := strconv.ParseInt(base[:min(20, len(base))], 10, 64); err == nil && strings.Contains(base, ".checkpoint.") && strings.HasSuffix(base, ".parquet") {
			checkpoints[v] = append(checkpoints[v], p)
		}
	}
	if len(checkpoints) > 0 {
		newest := slices.Max(slices.Collect(maps.Keys(checkpoints)))
		rows, err := db.Query("SELECT add.path, to_json(add.partitionValues) FROM read_parquet([" + quoted(checkpoints[newest]) + "]) WHERE add.path IS NOT NULL")
		must(t, err)
		defer rows.Close()
		for rows.Next() {
			var path string
			var values any
			must(t, rows.Scan(&path, &values))
			m, _ := values.(map[string]any)
			live[unescaped(t, path)] = liveFile{path, m}
		}
		must(t, rows.Err())
		first = newest + 1
	}
	for v := first; ; v++ {
		text, err := os.ReadFile(filepath.Join(dir, "_delta_log", fmt.Sprintf("%020d.json", v)))
		if errors.Is(err, os.ErrNotExist) {
			return live
		}
		must(t, err)
		for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
			var line map[string]map[string]any
			if json.Unmarshal(lines.Bytes(), &line) != nil {
				t.Fatal("not an action: ", lines.Text())
			}
			if a := line["add"]; a != nil {
				values, _ := a["partitionValues"].(map[string]any)
				live[unescaped(t, a["path"].(string))] = liveFile{a["path"].(string), values}
			}
			if r := line["remove"]; r != nil {
				delete(live, unescaped(t, r["path"].(string)))
			}
		}
	}
}

func unescaped(t *testing.T, path string) string {
	t.Helper()
	p, err := url.PathUnescape(path)
	must(t, err)
	if rest, ok := strings.CutPrefix(p, "file:"); ok { // file:/x, file:///x and /x are one address
		p = "/" + strings.TrimLeft(rest, "/")
	}
	return p
}

func quoted(paths []string) string {
	out := make([]string, len(paths))
	for i, p := range paths {
		out[i] = "'" + strings.ReplaceAll(p, "'", "''") + "'"
	}
	return strings.Join(out, ", ")
}

// compareWithDuck compares a snapshot, row by row, with DuckDB's reading of
// exactly the files that the log names.
func compareWithDuck(t *testing.T, db *sql.DB, dir string, snap *delta.Snapshot) {
	t.Helper()
	live := replay(t, db, dir)
	if len(live) != len(snap.Files) {
		t.Fatalf("%d files, an independent reading of the log finds %d", len(snap.Files), len(live))
	}
	for _, f := range snap.Files {
		path, _, err := f.FileName()
		must(t, err)
		path = unescaped(t, f.Path)
		want, ok := live[path]
		if !ok {
			t.Fatalf("the file %s is none that an independent reading finds", path)
		}
		if _, err := os.Stat(filepath.Join(dir, path)); err != nil {
			// Some golden tables have a log and no data.
			for _, err := range snap.Rows(t.Context(), delta.Scan{Files: []*delta.Add{f}}) {
				if !errors.Is(err, delta.ErrData) && !errors.Is(err, delta.ErrFeature) {
					t.Errorf("a missing file: %v", err)
				}
			}
			continue
		}
		compareFile(t, db, filepath.Join(dir, path), want.partitions, snap, f)
	}
}

func compareFile(t *testing.T, db *sql.DB, path string, partitions map[string]any, snap *delta.Snapshot, f *delta.Add) {
	t.Helper()
	rows, err := db.Query(duckQuery(t, db, path, partitions, snap))
	must(t, err)
	defer rows.Close()
	n := 0
	for got, err := range snap.Rows(t.Context(), delta.Scan{Files: []*delta.Add{f}}) {
		must(t, err)
		if !rows.Next() {
			t.Fatalf("%s: more rows than DuckDB's %d", path, n)
		}
		want := make([]any, len(snap.Schema.Fields))
		ptrs := make([]any, len(want))
		for i := range want {
			ptrs[i] = &want[i]
		}
		must(t, rows.Scan(ptrs...))
		for i, field := range snap.Schema.Fields {
			if a, b := plain(got[i], field.Type), plain(want[i], field.Type); a != b {
				t.Fatalf("%s, row %d, column %s: got %s, DuckDB has %s", path, n, field.Name, a, b)
			}
		}
		n++
	}
	if rows.Next() {
		t.Fatalf("%s: %d rows, DuckDB has more", path, n)
	}
	must(t, rows.Err())
}

// duckQuery selects the table's columns from one file: those that are in it,
// null for those that are not, and the log's value for partitions.
func duckQuery(t *testing.T, db *sql.DB, path string, partitions map[string]any, snap *delta.Snapshot) string {
	t.Helper()
	present := map[string]string{}
	described, err := db.Query("SELECT column_name FROM (DESCRIBE SELECT * FROM read_parquet([" + quoted([]string{path}) + "], hive_partitioning = false))")
	must(t, err)
	defer described.Close()
	for described.Next() {
		var name string
		must(t, described.Scan(&name))
		present[strings.ToLower(name)] = name
	}
	must(t, described.Err())
	values := map[string]any{}
	for k, v := range partitions {
		values[strings.ToLower(k)] = v
	}
	var cols []string
	for _, field := range snap.Schema.Fields {
		key := strings.ToLower(field.Name)
		isPart := slices.ContainsFunc(snap.Meta.PartitionColumns, func(p string) bool { return strings.EqualFold(p, field.Name) })
		switch text, _ := values[key].(string); {
		case isPart && text == "":
			cols = append(cols, "NULL")
		case isPart:
			cols = append(cols, "CAST("+quoted([]string{text})+" AS "+duckType(field.Type)+")")
		case present[key] == "":
			cols = append(cols, "NULL")
		default:
			cols = append(cols, `"`+strings.ReplaceAll(present[key], `"`, `""`)+`"`)
		}
	}
	return "SELECT " + strings.Join(cols, ", ") + " FROM read_parquet([" + quoted([]string{path}) + "], hive_partitioning = false, file_row_number = true) ORDER BY file_row_number"
}

func duckType(ty delta.Type) string {
	switch ty.Kind {
	case delta.String:
		return "VARCHAR"
	case delta.Binary:
		return "BLOB"
	case delta.Long, delta.Integer, delta.Short, delta.Byte:
		return "BIGINT"
	case delta.Float:
		return "FLOAT"
	case delta.Double:
		return "DOUBLE"
	case delta.Boolean:
		return "BOOLEAN"
	case delta.DateKind:
		return "DATE"
	case delta.Timestamp:
		return "TIMESTAMPTZ"
	}
	return strings.ToUpper(ty.String())
}

// plain gives a value of either side one spelling.
func plain(v any, ty delta.Type) string {
	if v == nil {
		return "null"
	}
	switch x := v.(type) {
	case string:
		return strconv.Quote(x)
	case []byte:
		return strconv.Quote(string(x))
	case time.Time:
		if ty.Kind == delta.DateKind {
			return delta.DateOf(x.UTC()).String()
		}
		return x.UTC().Format("2006-01-02T15:04:05.000000")
	case duckdb.Decimal:
		return delta.Decimal{Units: x.Value, Scale: int(x.Scale)}.String()
	case *big.Int:
		return x.String()
	case float32:
		return strconv.FormatFloat(float64(x), 'g', -1, 32)
	case float64:
		return strconv.FormatFloat(x, 'g', -1, 64)
	case []any:
		out := make([]string, len(x))
		for i, e := range x {
			out[i] = plain(e, *ty.Elem)
		}
		return "[" + strings.Join(out, " ") + "]"
	case map[string]any:
		out := make([]string, len(ty.Fields))
		for i, f := range ty.Fields {
			out[i] = f.Name + ":" + plain(x[f.Name], f.Type)
		}
		return "{" + strings.Join(out, " ") + "}"
	case []delta.Entry:
		out := make([]string, len(x))
		for i, e := range x {
			out[i] = plain(e.Key, *ty.Key) + ":" + plain(e.Value, *ty.Elem)
		}
		slices.Sort(out)
		return "map[" + strings.Join(out, " ") + "]"
	case duckdb.OrderedMap:
		out := make([]string, 0, x.Len())
		for i := range x.Len() {
			out = append(out, plain(x.Keys()[i], *ty.Key)+":"+plain(x.Values()[i], *ty.Elem))
		}
		slices.Sort(out)
		return "map[" + strings.Join(out, " ") + "]"
	case duckdb.Map:
		out := make([]string, 0, len(x))
		for k, e := range x {
			out = append(out, plain(k, *ty.Key)+":"+plain(e, *ty.Elem))
		}
		slices.Sort(out)
		return "map[" + strings.Join(out, " ") + "]"
	}
	return fmt.Sprint(v)
}
