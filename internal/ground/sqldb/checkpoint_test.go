package sqldb_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/sqldb"
)

// What is written comes back into the database itself beside the writer, long
// before a commit would have to do it.
func TestTheLogIsCopiedBack(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.db")
	db, err := sqldb.Open(t.Context(), sqldb.Options{URL: path, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	write := func(text string, args ...any) {
		t.Helper()
		if err := db.Write(t.Context(), func(tx *sqldb.Tx) error { _, err := tx.Exec(text, args...); return err }); err != nil {
			t.Fatal(err)
		}
	}
	size := func() int64 {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	write("CREATE TABLE x (n INTEGER PRIMARY KEY, s TEXT)")
	for n := range 100 {
		write("INSERT INTO x VALUES (?, ?)", n, strings.Repeat("s", 8000))
	}
	for deadline := time.Now().Add(time.Minute); size() < 100*8000; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the database has %d bytes", size())
		}
	}
	var n int
	if _, err := db.QueryRow(t.Context(), "SELECT COUNT(*) FROM x", nil, &n); err != nil || n != 100 {
		t.Errorf("%d rows, %v", n, err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}
