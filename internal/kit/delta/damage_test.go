package delta_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/kit/delta"
)

// readWhole opens a table and reads all of it.
func readWhole(t testing.TB, dir string) (rows int, err error) {
	tbl, err := delta.Open(t.Context(), delta.Local(dir), delta.Options{})
	if err != nil {
		return 0, err
	}
	snap, err := tbl.Snapshot(t.Context())
	if err != nil {
		return 0, err
	}
	for _, err := range snap.Rows(t.Context(), delta.Scan{}) {
		if err != nil {
			return rows, err
		}
		rows++
	}
	return rows, nil
}

func TestDamagedLogs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		damage func(log string) error
		want   *errs.Error
		says   string
	}{
		"no log":  {func(log string) error { return os.RemoveAll(log) }, delta.ErrNoTable, ""},
		"cut off": {func(log string) error { return cut(filepath.Join(log, "00000000000000000002.json"), 40) }, delta.ErrLog, "00000000000000000002.json, line"},
		"garbage": {func(log string) error {
			return os.WriteFile(filepath.Join(log, "00000000000000000001.json"), []byte("\x00\xff{"), 0o600)
		}, delta.ErrLog, "00000000000000000001.json, line 1"},
		"no object": {func(log string) error {
			return os.WriteFile(filepath.Join(log, "00000000000000000001.json"), []byte("[1,2]"), 0o600)
		}, delta.ErrLog, "line 1"},
		"wrong type": {func(log string) error {
			return os.WriteFile(filepath.Join(log, "00000000000000000001.json"), []byte(`{"add":{"path":5}}`), 0o600)
		}, delta.ErrLog, "line 1"},
		"a gap":    {func(log string) error { return os.Remove(filepath.Join(log, "00000000000000000001.json")) }, delta.ErrLog, "commit 1 is missing"},
		"no start": {func(log string) error { return os.Remove(filepath.Join(log, "00000000000000000000.json")) }, delta.ErrVersion, "begins behind"},
		"no metadata": {func(log string) error {
			return os.WriteFile(filepath.Join(log, "00000000000000000000.json"), []byte(`{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}`), 0o600)
		}, delta.ErrLog, "no metadata"},
		"bad schema": {func(log string) error {
			return swap(filepath.Join(log, "00000000000000000000.json"), `\"type\":\"struct\"`, `\"type\":\"heap\"`)
		}, delta.ErrFeature, "heap"},
		"deep schema": {func(log string) error {
			return swap(filepath.Join(log, "00000000000000000000.json"), `"schemaString":"`, `"schemaString":"`+strings.Repeat(`{\"type\":\"array\",\"elementType\":`, 60))
		}, delta.ErrSchema, ""},
		"outside": {func(log string) error {
			return swap(filepath.Join(log, "00000000000000000001.json"), `"path":"part`, `"path":"../../part`)
		}, delta.ErrLog, "not the name of a file"},
		"elsewhere": {func(log string) error {
			return swap(filepath.Join(log, "00000000000000000001.json"), `"path":"part`, `"path":"s3://other/part`)
		}, delta.ErrFeature, "elsewhere"},
		"a long line": {func(log string) error {
			return os.WriteFile(filepath.Join(log, "00000000000000000003.json"), bytes.Repeat([]byte(" "), 33<<20), 0o600)
		}, delta.ErrTooLarge, "line 1"},
		"newer": {func(log string) error {
			return swap(filepath.Join(log, "00000000000000000000.json"), `"minReaderVersion":1`, `"minReaderVersion":3`)
		}, delta.ErrProtocol, "protocol 3"},
		"empty commit": {func(log string) error {
			return os.WriteFile(filepath.Join(log, "00000000000000000003.json"), nil, 0o600)
		}, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			tbl := mustCreate(t, delta.Local(dir), delta.Options{}, nil)
			add(t, tbl, 0, 50)
			add(t, tbl, 50, 60)
			must(t, c.damage(filepath.Join(dir, "_delta_log")))
			n, err := readWhole(t, dir)
			if c.want == nil {
				if err != nil || n != 60 {
					t.Errorf("%d rows, %v", n, err)
				}
				return
			}
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %s with %q", err, c.want.Code, c.says)
			}
		})
	}
}

func cut(path string, by int) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return os.WriteFile(path, data[:len(data)-by], 0o600)
}

func swap(path, old, new string) error {
	data, err := os.ReadFile(path)
	if err == nil && !bytes.Contains(data, []byte(old)) {
		err = errors.New("nothing to damage")
	}
	if err != nil {
		return err
	}
	return os.WriteFile(path, bytes.Replace(data, []byte(old), []byte(new), 1), 0o600)
}

// A checkpoint that is damaged is no loss while the commits are there.
func TestDamagedCheckpoints(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tbl := mustCreate(t, delta.Local(dir), delta.Options{CheckpointEvery: 2}, nil)
	for i := int64(0); i < 4; i++ {
		add(t, tbl, i*10, i*10+10)
	}
	checkpoints, err := filepath.Glob(filepath.Join(dir, "_delta_log", "*.checkpoint.parquet"))
	must(t, err)
	if len(checkpoints) != 2 {
		t.Fatalf("checkpoints: %v", checkpoints)
	}
	for _, data := range []string{"", "PAR1", "PAR1 and then PAR1", strings.Repeat("x", 5000)} {
		for _, c := range checkpoints {
			must(t, os.WriteFile(c, []byte(data), 0o600))
		}
		if n, err := readWhole(t, dir); err != nil || n != 40 {
			t.Errorf("%d rows, %v", n, err)
		}
	}
	must(t, os.WriteFile(filepath.Join(dir, "_delta_log", "_last_checkpoint"), []byte(`{"version":99`), 0o600))
	if n, err := readWhole(t, dir); err != nil || n != 40 {
		t.Errorf("%d rows, %v", n, err)
	}
	must(t, os.WriteFile(filepath.Join(dir, "_delta_log", "_last_checkpoint"), []byte(`{"version":99}`), 0o600))
	if n, err := readWhole(t, dir); err != nil || n != 40 {
		t.Errorf("%d rows, %v", n, err)
	}
	for v := range 3 {
		must(t, os.Remove(filepath.Join(dir, "_delta_log", []string{"00000000000000000000.json", "00000000000000000001.json", "00000000000000000002.json"}[v])))
	}
	if _, err := readWhole(t, dir); err == nil {
		t.Error("a table without a start was read")
	}
}

// Every byte of a data file is damaged in turn: the rows are read, or the error
// is a clear one; there is no panic and no large allocation.
func TestDamagedDataFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tbl := mustCreate(t, delta.Local(dir), delta.Options{}, nil)
	add(t, tbl, 0, 40)
	files, err := filepath.Glob(filepath.Join(dir, "*.parquet"))
	must(t, err)
	good, err := os.ReadFile(files[0])
	must(t, err)
	step := max(1, len(good)/soak(300, len(good)))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	tries := uint64(0)
	for at := 0; at < len(good); at += step {
		for _, bits := range []byte{0x80, 0x01, 0xff} {
			bad := bytes.Clone(good)
			bad[at] ^= bits
			must(t, os.WriteFile(files[0], bad, 0o600))
			if _, err := readWhole(t, dir); err != nil && errs.KindOf(err) != errs.Invalid && errs.KindOf(err) != errs.TooLarge {
				t.Fatalf("byte %d: %v", at, err)
			}
			tries++
		}
	}
	for n := range 40 {
		must(t, os.WriteFile(files[0], good[:len(good)*n/40], 0o600))
		if _, err := readWhole(t, dir); !errors.Is(err, delta.ErrData) {
			t.Fatalf("cut at %d of 40: %v", n, err)
		}
		tries++
	}
	runtime.ReadMemStats(&after)
	if mean := (after.TotalAlloc - before.TotalAlloc) / tries; mean > 16<<20 {
		t.Errorf("%d bytes were allocated for a file of %d, on average", mean, len(good))
	}
}
