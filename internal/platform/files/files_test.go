package files_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/secret"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/files"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

const papers = `
table: app_paper
set: app_papers
label: {en: Paper}
plural: {en: Papers}
id: app_paperid
name: app_name
ownership: organization
columns:
  - {name: app_name, type: text, label: {en: Name}}
  - {name: app_file, type: file, max_kb: 4096, label: {en: File}}
  - {name: app_image, type: image, label: {en: Image}}
`

// scanner finds what holds the word virus; while it is away it knows nothing.
type scanner struct {
	away  atomic.Bool
	asked atomic.Int64
}

func (s *scanner) Scan(_ context.Context, r io.Reader) (string, error) {
	text, err := io.ReadAll(r)
	s.asked.Add(1)
	switch {
	case err != nil:
		return "", err
	case s.away.Load():
		return "", errs.New(errs.Unavailable, "test.away", "away")
	case bytes.Contains(text, []byte("virus")):
		return "Test-Virus", nil
	}
	return "", nil
}

type env struct {
	t       *testing.T
	ctx     context.Context
	db      *sqldb.DB
	store   *record.Store
	control *access.Control
	clock   *clock.Fake
	dir     string
	jobs    *job.Queue
}

func each(t *testing.T, run func(t *testing.T, e *env)) {
	t.Helper()
	catalog := fixture.With(t, papers)
	dbtest.Each(t, fixture.Schema(t, catalog), func(t *testing.T, db *sqldb.DB) {
		e := &env{t: t, db: db, ctx: access.AsSystem(t.Context(), "test"), dir: t.TempDir(), clock: clock.NewFake(time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC))}
		snap, err := access.Load(t.Context(), db)
		e.must(err)
		e.control = &access.Control{Current: func() *access.Snapshot { return snap }, Catalog: func() *metadata.Catalog { return catalog }}
		e.store = record.New(record.Options{DB: db, Catalog: e.control.Catalog, Access: e.control, Log: changelog.New(db), Clock: e.clock})
		e.jobs = job.NewQueue(db, e.clock)
		run(t, e)
	})
}

func (e *env) must(err error) {
	e.t.Helper()
	if err != nil {
		e.t.Fatal(err)
	}
}

// open gives the store under the keys; "" keeps content open.
func (e *env) open(keys string, scan files.Scanner) *files.Store {
	e.t.Helper()
	bucket, err := files.OpenFolder(filepath.Join(e.dir, "files"))
	e.must(err)
	e.t.Cleanup(func() { bucket.Close() })
	o := files.Options{DB: e.db, Bucket: bucket, Records: e.store, Catalog: e.control.Catalog, Clock: e.clock, Scanner: scan, Jobs: e.jobs}
	if keys != "" {
		o.Keys, err = secret.Open(e.dir, keys)
		e.must(err)
	}
	s := files.New(o)
	e.store.KeepFiles(s)
	return s
}

func (e *env) paper() id.ID {
	e.t.Helper()
	var out record.Row
	e.must(e.store.Write(e.ctx, func(tx *record.Tx) (err error) {
		out, err = tx.Create(e.ctx, "app_paper", record.Row{"app_name": "x"})
		return err
	}))
	return out.ID("app_paperid")
}

func (e *env) read(s *files.Store, key id.ID) ([]byte, error) {
	in, err := s.Info(e.ctx, "app_paper", key, "app_file")
	if err != nil {
		return nil, err
	}
	r, err := s.Open(e.ctx, in)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

func (e *env) object(s *files.Store, key id.ID) string {
	e.t.Helper()
	in, err := s.Info(e.ctx, "app_paper", key, "app_file")
	e.must(err)
	return filepath.Join(e.dir, "files", "c", in.ID.String())
}

var older, newer = strings.Repeat("0f", 32), strings.Repeat("a1", 32)

// random gives text that can't be mistaken for any other.
func random(t *testing.T, size int) []byte {
	t.Helper()
	out := make([]byte, size)
	if _, err := rand.Read(out); err != nil {
		t.Fatal(err)
	}
	for i := range out {
		out[i] = 'a' + out[i]%26
	}
	return out
}

func TestContentIsSealedAtRest(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		s := e.open(older, nil)
		for _, size := range []int{0, 1, 64<<10 - 1, 64 << 10, 64<<10 + 1, 300_000} {
			content := random(t, size)
			key := e.paper()
			_, err := s.Put(e.ctx, "app_paper", key, "app_file", "a.txt", bytes.NewReader(content))
			e.must(err)
			got, err := e.read(s, key)
			if err != nil || !bytes.Equal(got, content) {
				t.Fatalf("%d bytes: %d came back, %v", size, len(got), err)
			}
			kept, err := os.ReadFile(e.object(s, key))
			e.must(err)
			if size > 100 && bytes.Contains(kept, content[:40]) {
				t.Error("the content lies open on the disk")
			}
		}
		// Anywhere in it can be read.
		content := random(t, 300_000)
		key := e.paper()
		_, err := s.Put(e.ctx, "app_paper", key, "app_file", "a.txt", bytes.NewReader(content))
		e.must(err)
		in, err := s.Info(e.ctx, "app_paper", key, "app_file")
		e.must(err)
		r, err := s.Open(e.ctx, in)
		e.must(err)
		defer r.Close()
		for _, at := range []int64{0, 5, 65535, 65536, 65537, 131072, 299_990, 200_000} {
			if _, err := r.Seek(at, io.SeekStart); err != nil {
				t.Fatal(err)
			}
			part := make([]byte, 10)
			if _, err := io.ReadFull(r, part); err != nil || !bytes.Equal(part, content[at:at+10]) {
				t.Errorf("at %d: %q, %v", at, part, err)
			}
		}
		if end, err := r.Seek(0, io.SeekEnd); err != nil || end != 300_000 {
			t.Errorf("the end is %d, %v", end, err)
		}
	})
}

func TestChangedContentIsNotRead(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		s := e.open(older, nil)
		content := random(t, 200_000)
		put := func() (id.ID, string, []byte) {
			key := e.paper()
			_, err := s.Put(e.ctx, "app_paper", key, "app_file", "a.txt", bytes.NewReader(content))
			e.must(err)
			path := e.object(s, key)
			kept, err := os.ReadFile(path)
			e.must(err)
			return key, path, kept
		}
		one, onePath, oneKept := put()
		two, twoPath, twoKept := put()
		package2 := 28 + 65568
		for what, change := range map[string][]byte{
			"a byte changed":      append(append(bytes.Clone(oneKept[:100_000]), oneKept[100_000]^1), oneKept[100_001:]...),
			"cut off":             oneKept[:package2],
			"cut in a package":    oneKept[:150_000],
			"a package left out":  append(bytes.Clone(oneKept[:28+65568]), oneKept[28+2*65568:]...),
			"another's content":   twoKept,
			"put in open":         content,
			"nothing":             {},
			"the head alone":      oneKept[:28],
			"bytes put behind it": append(bytes.Clone(oneKept), oneKept[28:28+100]...),
		} {
			e.must(os.WriteFile(onePath, change, 0o600))
			if got, err := e.read(s, one); err == nil {
				t.Errorf("%s: %d bytes are read", what, len(got))
			}
		}
		if _, err := e.read(s, two); err != nil {
			t.Error(err)
		}
		e.must(os.Remove(twoPath))
		if _, err := e.read(s, two); !errs.Has(err, errs.NotFound) {
			t.Errorf("content that is gone: %v", err)
		}
	})
}

// What lay open, and what is under an earlier key, comes under the newest by and by.
func TestKeysAreChanged(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		content := random(t, 100_000)
		keys := []id.ID{e.paper(), e.paper()}
		for i, ring := range []string{"", older} {
			_, err := e.open(ring, nil).Put(e.ctx, "app_paper", keys[i], "app_file", "a.txt", bytes.NewReader(content))
			e.must(err)
		}
		s := e.open(newer+","+older, nil)
		for _, key := range keys {
			if got, err := e.read(s, key); err != nil || !bytes.Equal(got, content) {
				t.Fatalf("before: %d bytes, %v", len(got), err)
			}
		}
		e.clock.Advance(2 * time.Hour)
		e.must(s.Collect(e.ctx))
		s = e.open(newer, nil) // without the earlier key
		for _, key := range keys {
			if got, err := e.read(s, key); err != nil || !bytes.Equal(got, content) {
				t.Errorf("after: %d bytes, %v", len(got), err)
			}
			kept, err := os.ReadFile(e.object(s, key))
			e.must(err)
			if bytes.Contains(kept, content[:40]) {
				t.Error("it still lies open")
			}
		}
	})
}

func TestUploadInChunksIsSealedToo(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		s := e.open(older, nil)
		content := random(t, 250_000)
		key := e.paper()
		token, err := s.Begin(e.ctx, "app_paper", key, "app_file", "a.txt")
		e.must(err)
		for at := 0; at < len(content); at += 100_000 {
			end := min(at+100_000, len(content))
			if at == 100_000 {
				s = e.open(newer+","+older, nil) // the key is changed in its midst
				_ = filepath.WalkDir(filepath.Join(e.dir, "files", "u"), func(path string, d os.DirEntry, err error) error {
					if err == nil && !d.IsDir() {
						if part, err := os.ReadFile(path); err != nil || bytes.Contains(part, content[:40]) {
							t.Errorf("a part of an upload lies open: %v", err)
						}
					}
					return nil
				})
			}
			_, err := s.Chunk(e.ctx, "app_paper", key, "app_file", token, int64(at), int64(end-1), int64(len(content)), bytes.NewReader(content[at:end]))
			e.must(err)
		}
		if got, err := e.read(s, key); err != nil || !bytes.Equal(got, content) {
			t.Errorf("%d bytes, %v", len(got), err)
		}
	})
}

func TestContentIsHeldBackUntilScanned(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		look := new(scanner)
		look.away.Store(true)
		s := e.open(older, look)
		var told atomic.Int64
		s.OnScanned(func(_ context.Context, _ *sqldb.Tx, in files.Info) error {
			told.Add(int64(in.Scan))
			return nil
		})
		clean, bad := e.paper(), e.paper()
		_, err := s.Put(e.ctx, "app_paper", clean, "app_file", "a.txt", strings.NewReader("harmless"))
		e.must(err)
		_, err = s.Put(e.ctx, "app_paper", bad, "app_file", "b.txt", strings.NewReader("a virus"))
		e.must(err)
		badObject := e.object(s, bad)
		runner := job.NewRunner(job.Options{Queue: e.jobs, Logger: slog.New(slog.DiscardHandler), Poll: 10 * time.Millisecond, Lease: 1000 * time.Hour, Handlers: map[string]job.Handler{files.ScanKind: s.Scans()}})
		e.must(runner.Start(context.WithoutCancel(t.Context())))
		t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
			defer cancel()
			if err := runner.Stop(ctx); err != nil {
				t.Error(err)
			}
		})
		until := func(what string, is func() bool) {
			t.Helper()
			for deadline := time.Now().Add(2 * time.Minute); !is(); time.Sleep(10 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatal("never: " + what)
				}
				e.clock.Advance(time.Second) // towards the next try
			}
		}
		until("both were tried", func() bool { return look.asked.Load() >= 4 })
		for _, key := range []id.ID{clean, bad} {
			if _, err := e.read(s, key); errs.CodeOf(err) != "files.held" {
				t.Errorf("while the scanner is away: %v", err)
			}
		}
		if text, err := s.Base64(e.ctx, fileOf(e, s, clean), false); err != nil || text != "" {
			t.Errorf("within a row: %q, %v", text, err)
		}
		look.away.Store(false)
		until("the clean one can be read", func() bool { got, err := e.read(s, clean); return err == nil && string(got) == "harmless" })
		until("the other is known", func() bool { _, err := e.read(s, bad); return errs.CodeOf(err) == "files.infected" })
		until("its bytes are gone", func() bool { _, err := os.Stat(badObject); return errors.Is(err, os.ErrNotExist) })
		if told.Load() != int64(files.Clean+files.Infected) {
			t.Errorf("told %d", told.Load())
		}
		// Pictures and rows without a scanner are not held.
		s = e.open(older, nil)
		free := e.paper()
		_, err = s.Put(e.ctx, "app_paper", free, "app_file", "a.txt", strings.NewReader("free"))
		e.must(err)
		if got, err := e.read(s, free); err != nil || string(got) != "free" {
			t.Errorf("without a scanner: %q, %v", got, err)
		}
	})
}

func fileOf(e *env, s *files.Store, key id.ID) id.ID {
	e.t.Helper()
	in, err := s.Info(e.ctx, "app_paper", key, "app_file")
	e.must(err)
	return in.ID
}

func TestKind(t *testing.T) {
	t.Parallel()
	for head, want := range map[string]string{
		"%PDF-1.7\n": "application/pdf", "\xff\xd8\xff\xe0": "image/jpeg", "\x89PNG\r\n\x1a\n": "image/png", "\x00\x00\x00\x18ftypheic\x00\x00": "image/heic", "\x00\x00\x00\x18ftypmif1\x00\x00": "image/heic",
		"\x00\x00\x00\x18ftypavif\x00\x00": "image/avif", "II*\x00aaaa": "image/tiff", "MM\x00*aaaa": "image/tiff", "<!doctype html>": "text/html", "hello": "text/plain", "\x00\x01\x02": "application/octet-stream",
	} {
		if got := files.Kind([]byte(head)); got != want {
			t.Errorf("%q is %s, not %s", head, got, want)
		}
	}
}
