package secret_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/secret"
)

func open(t *testing.T, dir, key string) *secret.Box {
	t.Helper()
	b, err := secret.Open(dir, key)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSealed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := open(t, dir, "")
	for _, plain := range [][]byte{nil, []byte("x"), bytes.Repeat([]byte("long "), 10_000)} {
		a, again := b.Seal("here", plain), b.Seal("here", plain)
		if a == again || len(plain) > 3 && strings.Contains(a, string(plain[:4])) {
			t.Error("equal secrets look equal, or show")
		}
		got, err := open(t, dir, "").Unseal("here", a) // after a restart
		if err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%d bytes: %v", len(plain), err)
		}
		if _, err := b.Unseal("there", a); err == nil {
			t.Error("a secret opens in another place")
		}
		if _, err := open(t, t.TempDir(), "").Unseal("here", a); err == nil {
			t.Error("a secret opens with another key")
		}
		for _, broken := range []string{"", "s1:", a[:len(a)-2], "s2:" + a[3:], a[:10] + "A" + a[11:], a + "!"} {
			if got, err := b.Unseal("here", broken); broken != a && err == nil {
				t.Errorf("%.20q opens: %q", broken, got)
			}
		}
	}
	if info, err := os.Stat(filepath.Join(dir, secret.File)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key file: %v, %v", info, err)
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	dir, key := t.TempDir(), strings.Repeat("0f", 32)
	a := open(t, dir, key).Seal("p", []byte("shared"))
	if got, err := open(t, t.TempDir(), key).Unseal("p", a); err != nil || string(got) != "shared" {
		t.Errorf("a node with the same key: %q, %v", got, err)
	}
	if _, err := os.Stat(filepath.Join(dir, secret.File)); err == nil {
		t.Error("a file was made although the key was given")
	}
	for _, bad := range []string{"short", strings.Repeat("0g", 32), strings.Repeat("0f", 33)} {
		if _, err := secret.Open(dir, bad); !errs.Has(err, errs.Invalid) || strings.Contains(err.Error(), bad) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, secret.File), []byte("torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := secret.Open(dir, ""); !errs.Has(err, errs.Invalid) {
		t.Errorf("a damaged file: %v", err)
	}
}

// Several processes start at once on a fresh folder: all get the same key.
func TestFirstStarts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	boxes := make([]*secret.Box, 8)
	var all sync.WaitGroup
	for i := range boxes {
		all.Go(func() {
			b, err := secret.Open(dir, "")
			if err != nil {
				t.Error(err)
			}
			boxes[i] = b
		})
	}
	all.Wait()
	sealed := boxes[0].Seal("p", []byte("one"))
	for i, b := range boxes {
		if _, err := b.Unseal("p", sealed); err != nil {
			t.Errorf("process %d has another key", i)
		}
	}
}

// A ring opens what its earlier keys sealed, and seals under the newest.
func TestRing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	older, newer := strings.Repeat("0f", 32), strings.Repeat("a1", 32)
	before := open(t, dir, older)
	sealed, signature := before.Seal("p", []byte("kept")), before.Sign("s", []byte("data"))
	salt := []byte("0123456789abcdef")
	key, err := before.FileKey(before.KeyID(), "file", salt)
	if err != nil {
		t.Fatal(err)
	}
	ring := open(t, dir, newer+","+older)
	if got, err := ring.Unseal("p", sealed); err != nil || string(got) != "kept" || !ring.Signed("s", []byte("data"), signature) {
		t.Errorf("the ring does not know its earlier key: %q, %v", got, err)
	}
	if again, err := ring.FileKey(before.KeyID(), "file", salt); err != nil || string(again) != string(key) {
		t.Errorf("the key of a file: %v", err)
	}
	if other, err := ring.FileKey(ring.KeyID(), "file", salt); err != nil || string(other) == string(key) || ring.KeyID() == before.KeyID() {
		t.Errorf("the newest key is not another one: %v", err)
	}
	if other, err := before.FileKey(before.KeyID(), "another file", salt); err != nil || string(other) == string(key) {
		t.Errorf("two files share a key: %v", err)
	}
	if _, err := before.Unseal("p", ring.Seal("p", []byte("new"))); err == nil {
		t.Error("the ring seals under the earlier key")
	}
	if _, err := before.FileKey(ring.KeyID(), "file", salt); !errs.Has(err, errs.Internal) {
		t.Errorf("a key that is not there: %v", err)
	}
	if _, err := secret.Open(dir, newer+",short"); !errs.Has(err, errs.Invalid) {
		t.Errorf("a damaged ring: %v", err)
	}
}
