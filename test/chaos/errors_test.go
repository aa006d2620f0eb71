package chaos

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
)

// What can't be started says so in one clear line and ends with an error.
func TestClearErrors(t *testing.T) {
	t.Parallel()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { busy.Close() }) // after the parallel parts, which a defer would not wait for
	newer := dbtest.SQLite(t, dbtest.Empty)
	p := launch(t, newer)
	p.start()
	p.ready("records")
	p.kill()
	db, err := sqldb.Open(t.Context(), sqldb.Options{URL: newer})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Write(t.Context(), func(tx *sqldb.Tx) error {
		_, err := tx.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "a-file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		env, args []string
		says      string
	}{
		"busy port":         {[]string{"RAPPORT_ADDR=" + busy.Addr().String()}, []string{"serve"}, "RAPPORT_ADDR"},
		"bad address":       {[]string{"RAPPORT_ADDR=nowhere"}, []string{"serve"}, "RAPPORT_ADDR"},
		"unwritable folder": {[]string{"RAPPORT_DATA=" + filepath.Join(file, "below")}, []string{"serve"}, "RAPPORT_DATA"},
		"newer database":    {[]string{"RAPPORT_DATABASE=" + newer}, []string{"serve"}, "newer"},
		"no such scheme":    {[]string{"RAPPORT_DATABASE=mysql://x/y"}, []string{"serve"}, "postgres://"},
		"no server":         {[]string{"RAPPORT_DATABASE=postgres://u:s3cret@127.0.0.1:1/x"}, []string{"serve"}, "database"},
		"half of TLS":       {[]string{"RAPPORT_TLS_CERT=" + file}, []string{"serve"}, "RAPPORT_TLS_KEY"},
		"unknown command":   {nil, []string{"dance"}, "rapport help"},
		"unknown user":      {[]string{"RAPPORT_DATABASE=" + newer}, []string{"token", "create", "--user", "nobody"}, "nobody"},
		"empty folder":      {nil, []string{"token", "create", "--user", "admin"}, "rapport serve"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // one that starts after all would stay
			defer cancel()
			cmd := exec.CommandContext(ctx, path, c.args...)
			cmd.Env = append(append(os.Environ(), "RAPPORT_ADDR=127.0.0.1:0", "RAPPORT_DATA="+t.TempDir()), c.env...)
			var out, problem bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &problem
			if err := cmd.Run(); err == nil || ctx.Err() != nil {
				t.Fatalf("it started as if all were well: %s %s", out.String(), problem.String())
			}
			lines := strings.Split(strings.TrimSpace(problem.String()), "\n")
			if len(lines) != 1 || !strings.Contains(lines[0], c.says) || strings.Contains(lines[0], "s3cret") {
				t.Errorf("it says:\n%s", problem.String())
			}
		})
	}
}

// TLS by two files (issue: RAPPORT_TLS_CERT, RAPPORT_TLS_KEY).
func TestTLS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	certificate := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, certificate, certificate, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := launch(t, dbtest.SQLite(t, dbtest.Empty))
	p.env = append(p.env, "RAPPORT_TLS_CERT="+filepath.Join(dir, "cert.pem"), "RAPPORT_TLS_KEY="+filepath.Join(dir, "key.pem"))
	p.start()
	own, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(own)
	secure := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	p.until("the form over TLS", func() bool {
		res, err := secure.Get(strings.Replace(p.url, "http://", "https://", 1) + "/f/contact")
		if err != nil {
			return false
		}
		res.Body.Close()
		return res.StatusCode == http.StatusOK && res.Header.Get("Strict-Transport-Security") != ""
	})
}
