package files_test

import (
	"bytes"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

// childOf says to a test that it runs in a process of its own, which it may limit.
const childOf = "RAPPORT_TEST_CHILD"

// The system refuses to make a file larger: who sends it is told why, nothing of
// it stays, and an upload that comes in parts goes on when there is room.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	if os.Getenv(childOf) == "" {
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestFullDisk$", "-test.v")
		child.Env = append(os.Environ(), childOf+"=1")
		out, err := child.CombinedOutput()
		if err != nil || !bytes.Contains(out, []byte("--- PASS: TestFullDisk")) {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	catalog := fixture.With(t, papers)
	db, err := sqldb.Open(t.Context(), sqldb.Options{URL: dbtest.SQLite(t, fixture.Schema(t, catalog))})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	e := &env{t: t, db: db, ctx: access.AsSystem(t.Context(), "test"), dir: t.TempDir(), clock: clock.NewFake(time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC))}
	snap, err := access.Load(t.Context(), db)
	e.must(err)
	e.control = &access.Control{Current: func() *access.Snapshot { return snap }, Catalog: func() *metadata.Catalog { return catalog }}
	e.store = record.New(record.Options{DB: db, Catalog: e.control.Catalog, Access: e.control, Log: changelog.New(db), Clock: e.clock})
	s := e.open("", nil)
	content := bytes.Repeat([]byte("a page of text\n"), 170_000) // 2.5 MB
	key := e.paper()
	up, err := s.Receive(e.ctx, "app_paper", "app_file", "page.txt")
	e.must(err)
	_, err = db.Scrub(t.Context(), 0, nil) // the database's own log begins anew, below the limit
	e.must(err)

	signal.Ignore(syscall.SIGXFSZ)
	var was syscall.Rlimit
	e.must(syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was))
	e.must(syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 900_000, Max: was.Max}))
	_, whole := s.Put(e.ctx, "app_paper", key, "app_file", "page.txt", bytes.NewReader(content))
	kept, parts := s.Append(e.ctx, up, 0, int64(len(content)), bytes.NewReader(content))
	e.must(syscall.Setrlimit(syscall.RLIMIT_FSIZE, &was))

	for what, err := range map[string]error{"at once": whole, "in parts": parts} {
		if errs.CodeOf(err) != "disk.full" || !errs.Has(err, errs.Unavailable) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if kept != 0 {
		t.Errorf("%d bytes are said to be kept", kept)
	}
	e.must(filepath.WalkDir(filepath.Join(e.dir, "files"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			t.Error("left behind:", path)
		}
		return err
	}))
	if _, err := e.read(s, key); !errs.Has(err, errs.NotFound) {
		t.Errorf("the row has a file: %v", err)
	}
	kept, err = s.Append(e.ctx, up, 0, int64(len(content)), bytes.NewReader(content))
	if err != nil || kept != int64(len(content)) {
		t.Fatal("with room again:", kept, err)
	}
	in, err := s.Complete(e.ctx, up)
	e.must(err)
	body, err := s.Examine(e.ctx, in)
	e.must(err)
	defer body.Close()
	if got, err := io.ReadAll(body); err != nil || !bytes.Equal(got, content) {
		t.Error("what came in is another:", len(got), err)
	}
}
