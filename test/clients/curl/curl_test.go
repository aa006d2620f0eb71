// Package curl_test runs a session of shell and curl against the running
// product on both databases.
package curl_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/rapport-platform/rapport/internal/test/testenv"
)

func TestSession(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("skipped: curl is missing; install it from the system's packages")
	}
	testenv.Each(t, testenv.Options{}, func(t *testing.T, e *testenv.Env) {
		cmd := exec.CommandContext(t.Context(), "sh", "session.sh")
		cmd.Env = append(os.Environ(), "RAPPORT_URL="+e.URL, "RAPPORT_TOKEN="+e.Token("admin"))
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		if n := strings.Count(string(out), "\nok "); n < 12 {
			t.Errorf("only %d checks held:\n%s", n, out)
		}
	})
}
