// Package clamdserver starts a private ClamAV daemon for tests. Its only signature is
// one made here, of the text that scanners agree to take for a virus: so it needs
// no download, and starts at once.
package clamdserver

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Missing says how to get the daemon.
const Missing = "no clamd found: install Debian's clamav-daemon"

// body is the part of the text that the signature knows, put together so that no
// scanner takes this file for it.
const body = "EICAR-STANDARD-" + "ANTIVIRUS-TEST-FILE!"

// Eicar is the whole text.
const Eicar = `X5O!P%@AP[4\PZX54(P^)7CC)7}$` + body + `$H+H*`

// Found is what the daemon calls it.
const Found = "Rapport.Test.Eicar.UNOFFICIAL"

// Start starts a daemon, which ends with the test, and gives its address. The test
// is skipped where there is none.
func Start(t *testing.T) string {
	t.Helper()
	path, err := find()
	if err != nil {
		t.Skip(Missing)
	}
	dir, err := os.MkdirTemp("", "clamd-") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	signatures, socket := filepath.Join(dir, "db"), filepath.Join(dir, "s")
	config := fmt.Sprintf("LocalSocket %s\nDatabaseDirectory %s\nTemporaryDirectory %s\nForeground yes\nStreamMaxLength 30M\nMaxThreads 2\n", socket, signatures, dir)
	for name, text := range map[string]string{"db/test.ndb": "Rapport.Test.Eicar:0:*:" + hex.EncodeToString([]byte(body)) + "\n", "clamd.conf": config} {
		name = filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	var said bytes.Buffer
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), path, "-c", filepath.Join(dir, "clamd.conf"))
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		<-ended
	})
	for deadline := time.Now().Add(2 * time.Minute); !answers(socket); time.Sleep(20 * time.Millisecond) {
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("clamd ended: %v\n%s", err, said.String())
		default:
		}
		if time.Now().After(deadline) {
			t.Fatal("clamd does not answer")
		}
	}
	return "unix:" + socket
}

func find() (string, error) {
	if path, err := exec.LookPath("clamd"); err == nil {
		return path, nil
	}
	return exec.LookPath("/usr/sbin/clamd")
}

func answers(socket string) bool {
	c, err := net.DialTimeout("unix", socket, time.Minute)
	if err != nil {
		return false
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	if _, err := c.Write([]byte("zPING\x00")); err != nil {
		return false
	}
	answer, err := io.ReadAll(io.LimitReader(c, 100))
	return err == nil && string(answer) == "PONG\x00"
}
