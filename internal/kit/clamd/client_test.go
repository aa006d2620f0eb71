package clamd_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/kit/clamd"
	"github.com/rapport-platform/rapport/internal/test/clamdserver"
)

// daemon speaks clamd's INSTREAM: it finds the test virus, and takes up to most bytes.
func daemon(t *testing.T, network, address string, most int) (where string, got func() []byte) {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var last []byte
	var all sync.WaitGroup
	serve := func(c net.Conn) {
		defer c.Close()
		command := make([]byte, len("zINSTREAM\x00"))
		if _, err := io.ReadFull(c, command); err != nil || string(command) != "zINSTREAM\x00" {
			_, _ = c.Write([]byte("UNKNOWN COMMAND\x00"))
			return
		}
		var content bytes.Buffer
		for {
			var size uint32
			if binary.Read(c, binary.BigEndian, &size) != nil {
				return
			}
			if size == 0 {
				break
			}
			if content.Len()+int(size) > most {
				_, _ = c.Write([]byte("INSTREAM size limit exceeded. ERROR\x00"))
				return
			}
			if _, err := io.CopyN(&content, c, int64(size)); err != nil {
				return
			}
		}
		mu.Lock()
		last = content.Bytes()
		mu.Unlock()
		answer := "stream: OK\x00"
		if bytes.Contains(content.Bytes(), []byte(clamdserver.Eicar)) {
			answer = "stream: Eicar-Test-Signature FOUND\x00"
		}
		_, _ = c.Write([]byte(answer))
	}
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { serve(c) })
		}
	})
	t.Cleanup(func() { l.Close(); all.Wait() })
	where = l.Addr().String()
	if network == "unix" {
		where = "unix:" + address
	}
	return where, func() []byte { mu.Lock(); defer mu.Unlock(); return last }
}

func client(t *testing.T, where string) *clamd.Client {
	t.Helper()
	c, err := clamd.New(where)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestScan(t *testing.T) {
	t.Parallel()
	for network, address := range map[string]string{"tcp": "127.0.0.1:0", "unix": filepath.Join(t.TempDir(), "s")} {
		t.Run(network, func(t *testing.T) {
			where, got := daemon(t, network, address, 1<<20)
			c := client(t, where)
			for _, size := range []int{0, 1, 128 << 10, 128<<10 + 1, 700_000} {
				content := bytes.Repeat([]byte{'a'}, size)
				if found, err := c.Scan(t.Context(), bytes.NewReader(content)); err != nil || found != "" || !bytes.Equal(got(), content) {
					t.Errorf("%d bytes: %q, %v; %d came", size, found, err, len(got()))
				}
			}
			if found, err := c.Scan(t.Context(), strings.NewReader("before "+clamdserver.Eicar)); err != nil || found != "Eicar-Test-Signature" {
				t.Errorf("the test virus: %q, %v", found, err)
			}
			// More than the daemon takes is not known to be clean.
			if found, err := c.Scan(t.Context(), bytes.NewReader(make([]byte, 2<<20))); !errs.Has(err, errs.Unavailable) || found != "" {
				t.Errorf("too much: %q, %v", found, err)
			}
			broken := errors.New("the disk")
			if _, err := c.Scan(t.Context(), iotest.ErrReader(broken)); !errors.Is(err, broken) || errs.Has(err, errs.Unavailable) {
				t.Errorf("content that can't be read: %v", err)
			}
		})
	}
}

func TestAway(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	where := l.Addr().String()
	l.Close()
	if _, err := client(t, where).Scan(t.Context(), strings.NewReader("x")); !errs.Has(err, errs.Unavailable) {
		t.Errorf("nobody listens: %v", err)
	}
	// One that takes the connection and says nothing is left when the context ends.
	l, err = net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		_, _ = io.CopyN(io.Discard, c, 12)
		cancel()
		_, _ = io.Copy(io.Discard, c)
	})
	if _, err := client(t, l.Addr().String()).Scan(ctx, strings.NewReader("x")); !errs.Has(err, errs.Unavailable) {
		t.Errorf("a silent one: %v", err)
	}
	l.Close()
	all.Wait()
	for _, bad := range []string{"", "here", "unix:", ":3310", "http://x"} {
		if _, err := clamd.New(bad); !errs.Has(err, errs.Invalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// TestTheRealDaemon asks ClamAV's own.
func TestTheRealDaemon(t *testing.T) {
	t.Parallel()
	c := client(t, clamdserver.Start(t))
	for what, content := range map[string]string{"nothing": "", "a text": "clean", "a large one": strings.Repeat("clean ", 200_000)} {
		if found, err := c.Scan(t.Context(), strings.NewReader(content)); err != nil || found != "" {
			t.Errorf("%s: %q, %v", what, found, err)
		}
	}
	for what, content := range map[string]string{"the test virus": clamdserver.Eicar, "behind a megabyte": strings.Repeat("clean ", 200_000) + clamdserver.Eicar} {
		if found, err := c.Scan(t.Context(), strings.NewReader(content)); err != nil || found != clamdserver.Found {
			t.Errorf("%s: %q, %v", what, found, err)
		}
	}
	// More than it takes is not known to be clean.
	if found, err := c.Scan(t.Context(), io.LimitReader(zeros{}, 31<<20)); !errs.Has(err, errs.Unavailable) || found != "" {
		t.Errorf("too much: %q, %v", found, err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
