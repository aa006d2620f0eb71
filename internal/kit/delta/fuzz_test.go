package delta_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/kit/delta"
)

// seedTable makes a small table and gives its first commits, a checkpoint and a data file.
func seedTable(tb testing.TB) (dir string, files map[string][]byte) {
	tb.Helper()
	dir = tb.TempDir()
	tbl, err := delta.Create(tb.Context(), delta.Local(dir), delta.Options{CheckpointEvery: 2}, delta.Spec{Schema: everyType()})
	if err == nil {
		_, err = tbl.Append(tb.Context(), delta.Append{Schema: everyType(), Rows: rowsOf(0, 20), App: "a", AppVersion: 3})
	}
	if err == nil {
		_, err = tbl.Compact(tb.Context(), delta.Compaction{})
	}
	if err == nil {
		_, err = tbl.Append(tb.Context(), delta.Append{Schema: everyType(), Rows: rowsOf(20, 25)})
	}
	if err != nil {
		tb.Fatal(err)
	}
	files = map[string][]byte{}
	for what, pattern := range map[string]string{"commit": "_delta_log/00000000000000000001.json", "first": "_delta_log/00000000000000000000.json", "checkpoint": "_delta_log/*.checkpoint.parquet", "data": "*.parquet"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil || len(found) == 0 {
			tb.Fatal(pattern, found, err)
		}
		if files[what], err = os.ReadFile(found[0]); err != nil {
			tb.Fatal(err)
		}
	}
	return dir, files
}

// clearError fails unless the error, if there is one, is one that a person can act on.
func clearError(t *testing.T, err error) {
	t.Helper()
	if err != nil && errs.KindOf(err) == errs.Internal {
		t.Errorf("an error without a kind: %v", err)
	}
}

func FuzzLog(f *testing.F) {
	_, files := seedTable(f)
	f.Add(files["first"], files["commit"])
	f.Add(files["first"], []byte(`{"add":{"path":"a%20b.parquet","partitionValues":{"id":"x"},"size":1,"modificationTime":1,"dataChange":true,"stats":"{\"numRecords\":5}"}}`))
	f.Add(files["first"], []byte(`{"remove":{"path":"x","deletionTimestamp":1,"dataChange":true}}`+"\n"+`{"txn":{"appId":"a","version":-1}}`))
	f.Add([]byte(`{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}`+"\n"+`{"metaData":{"id":"x","format":{"provider":"parquet","options":{}},"schemaString":"{\"type\":\"struct\",\"fields\":[]}","partitionColumns":["p"],"configuration":{}}}`), []byte{})
	f.Fuzz(func(t *testing.T, first, second []byte) {
		dir := t.TempDir()
		log := filepath.Join(dir, "_delta_log")
		must(t, os.Mkdir(log, 0o700))
		must(t, os.WriteFile(filepath.Join(log, "00000000000000000000.json"), first, 0o600))
		must(t, os.WriteFile(filepath.Join(log, "00000000000000000001.json"), second, 0o600))
		_, err := readWhole(t, dir)
		clearError(t, err)
	})
}

func FuzzCheckpoint(f *testing.F) {
	_, files := seedTable(f)
	f.Add(files["checkpoint"])
	f.Add(files["data"])
	f.Add([]byte("PAR1\x00\x00\x00\x00PAR1"))
	f.Fuzz(func(t *testing.T, checkpoint []byte) {
		dir := t.TempDir()
		log := filepath.Join(dir, "_delta_log")
		must(t, os.Mkdir(log, 0o700))
		must(t, os.WriteFile(filepath.Join(log, "00000000000000000002.checkpoint.parquet"), checkpoint, 0o600))
		_, err := readWhole(t, dir)
		clearError(t, err)
	})
}

func FuzzDataFile(f *testing.F) {
	_, files := seedTable(f)
	f.Add(files["data"])
	commit := files["first"]
	added := []byte(`{"add":{"path":"f.parquet","partitionValues":{},"size":1,"modificationTime":1,"dataChange":true}}`)
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		log := filepath.Join(dir, "_delta_log")
		must(t, os.Mkdir(log, 0o700))
		must(t, os.WriteFile(filepath.Join(log, "00000000000000000000.json"), commit, 0o600))
		must(t, os.WriteFile(filepath.Join(log, "00000000000000000001.json"), added, 0o600))
		must(t, os.WriteFile(filepath.Join(dir, "f.parquet"), data, 0o600))
		_, err := readWhole(t, dir)
		clearError(t, err)
	})
}
