package e2e

import (
	"context"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/rapport-platform/rapport"
	"github.com/rapport-platform/rapport/internal/test/testenv"
)

// TestDay is a day in a lender's life (LOAN-1..4): 500 applications of three
// campaigns on their way from forms to money paid out, with an outside back-end
// that is killed, slowed and made to lie, and a manager whose numbers add up.
func TestDay(t *testing.T) {
	t.Parallel()
	chromium := browser(t)
	backend := filepath.Join(t.TempDir(), "loanbackend")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", backend, "../../examples/loanbackend")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	loopback := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	e := testenv.Start(t, testenv.Options{Sample: true, Edit: func(o *rapport.Options) { o.WebhookNetworks, o.Proxies = loopback, loopback }})
	admin := e.Token("admin")
	e.Until("the sample's leads have arrived", func() bool { return e.Count(admin, "leads", "") >= 60 })
	run(t, "day/day.test.mjs", 20*time.Minute, append(environment(e, chromium, admin),
		"RAPPORT_LOANBACKEND="+backend, "RAPPORT_LOANBACKEND_FILE="+filepath.Join(t.TempDir(), "cases.db"), "RAPPORT_LOANBACKEND_PORT="+free(t),
		"RAPPORT_TOKEN_SELLER="+e.Token("jonas.weber"), "RAPPORT_TOKEN_MANAGER="+e.Token("maria.lindgren")))
}

// free gives a port that nobody listens on now; the back-end keeps it over its restarts.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// run has node run one script of browser tests against the product.
func run(t *testing.T, script string, limit time.Duration, env []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", "--test", "--test-reporter=spec", "--test-concurrency=1", script)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatal("the browser tests failed: ", err)
	}
}
