package dbtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/test/pgserver"
)

// Disk is a small disk that a test fills.
type Disk struct{ dir string }

const filler = "filler"

// Fill leaves no room.
func (d *Disk) Fill() error {
	f, err := os.Create(filepath.Join(d.dir, filler))
	if err != nil {
		return err
	}
	defer f.Close()
	for part := make([]byte, 1<<20); err == nil || len(part) > 512; {
		if _, err = f.Write(part); err != nil && len(part) > 512 {
			if !errors.Is(err, syscall.ENOSPC) {
				return err
			}
			part = part[:len(part)/2]
			err = nil
		}
	}
	if !errors.Is(err, syscall.ENOSPC) {
		return err
	}
	return nil
}

// Free gives the room back.
func (d *Disk) Free() error { return os.Remove(filepath.Join(d.dir, filler)) }

// SmallPostgres gives the address of a fresh database whose tables lie on a disk
// of their own, of so many bytes; the server's log lies elsewhere. It takes the
// right to mount: the test is skipped where that is lacking.
func SmallPostgres(tb testing.TB, schema Schema, bytes int64) (string, *Disk) {
	tb.Helper()
	if os.Getenv("RAPPORT_TEST_POSTGRES") != "" {
		tb.Skip("skipped: the server is not the test's own, and its disk can't be bounded")
	}
	base, err := shared.server(tb.Context())
	if errors.Is(err, pgserver.ErrMissing) {
		tb.Skip("skipped on PostgreSQL: " + err.Error())
	}
	if err != nil {
		tb.Fatal(err)
	}
	dir, err := shared.folder()
	if err != nil {
		tb.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, "pg"))
	if err != nil {
		tb.Fatal(err)
	}
	who, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		tb.Skip("skipped: this system does not tell who owns a file")
	}
	number := strconv.FormatInt(shared.next.Add(1), 10)
	d := &Disk{filepath.Join(dir, small+number)}
	if err := os.Mkdir(d.dir, 0o755); err != nil {
		tb.Fatal(err)
	}
	out, err := exec.CommandContext(tb.Context(), "mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=%d,uid=%d,gid=%d,mode=0700", bytes, who.Uid, who.Gid), "tmpfs", d.dir).CombinedOutput()
	if err != nil {
		tb.Skipf("skipped: no disk of its own can be mounted here: %v %s", err, out)
	}
	tb.Cleanup(func() { unmount(tb, d.dir) })
	if err := os.Mkdir(filepath.Join(d.dir, "data"), 0o700); err != nil {
		tb.Fatal(err)
	}
	if err := os.Chown(filepath.Join(d.dir, "data"), int(who.Uid), int(who.Gid)); err != nil {
		tb.Fatal(err)
	}
	from := postgresTemplate(tb, base, schema)
	space, name := fmt.Sprintf("s_%d_%s", os.Getpid(), number), fmt.Sprintf("t_%d_%s", os.Getpid(), number)
	if err := admin(tb.Context(), base("postgres"), "CREATE TABLESPACE "+space+" LOCATION '"+filepath.Join(d.dir, "data")+"'"); err != nil {
		tb.Fatal(err)
	}
	cloned(tb, base, name, from, " TABLESPACE "+space, func(ctx context.Context) error {
		return admin(ctx, base("postgres"), "DROP TABLESPACE "+space)
	})
	return base(name), d
}

const small = "small-"

// unmount takes a disk away; one that is still in use goes when it is not any more.
func unmount(tb testing.TB, dir string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(tb.Context()), 30*time.Second)
	defer cancel()
	if out, err := exec.CommandContext(ctx, "umount", "-l", dir).CombinedOutput(); err != nil {
		tb.Log("the small disk stays mounted: ", err, string(out))
	}
}
