// Package webapi_test runs the npm client dynamics-web-api, as it comes, against
// the running product on both databases. It needs Node and `make clients`.
package webapi_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/rapport-platform/rapport/internal/test/testenv"
)

func TestDynamicsWebAPI(t *testing.T) {
	t.Parallel()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("skipped: Node is missing; install Node 20.19 or newer")
	}
	if _, err := os.Stat("node_modules/dynamics-web-api"); err != nil {
		t.Skip("skipped: the client is not installed; run `make clients`")
	}
	testenv.Each(t, testenv.Options{}, func(t *testing.T, e *testenv.Env) {
		cmd := exec.CommandContext(t.Context(), node, "--test", "client.test.mjs", "surface.test.mjs")
		cmd.Env = append(os.Environ(), "RAPPORT_URL="+e.URL, "RAPPORT_TOKEN="+e.Token("admin"))
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		if !strings.Contains(string(out), "# pass 30") {
			t.Errorf("the client's tests did not run:\n%s", out)
		}
	})
}
