// Package dataverse_test runs Microsoft's Python client for Dataverse, as it
// comes, against the running product on both databases. It needs Python with
// the client, which `make clients` installs where Python is found.
package dataverse_test

import (
	"encoding/pem"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/rapport-platform/rapport/internal/test/testenv"
)

func TestDataverseClient(t *testing.T) {
	t.Parallel()
	python, err := filepath.Abs(".venv/bin/python")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(python); err != nil {
		t.Skip("skipped: Microsoft's Python client is not installed; run `make clients` where python3 with venv is found")
	}
	testenv.Each(t, testenv.Options{}, func(t *testing.T, e *testenv.Env) {
		at, err := url.Parse(e.URL)
		if err != nil {
			t.Fatal(err)
		}
		// The client insists on TLS, which ends here as at a proxy in front of the product.
		proxy := httptest.NewTLSServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(at)
			r.Out.Host = r.In.Host
			r.SetXForwarded()
		}})
		t.Cleanup(proxy.Close)
		ca := filepath.Join(t.TempDir(), "ca.pem")
		if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: proxy.Certificate().Raw}), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), python, "client_test.py")
		cmd.Env = append(os.Environ(), "RAPPORT_URL="+proxy.URL, "RAPPORT_TOKEN="+e.Token("admin"), "REQUESTS_CA_BUNDLE="+ca)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		if !regexp.MustCompile(`Ran 1\d tests`).Match(out) {
			t.Errorf("the client's tests did not run:\n%s", out)
		}
	})
}
