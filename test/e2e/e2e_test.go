// Package e2e drives the running product in a browser, as people do, by the
// scripts beside it (node --test, playwright-core on Chromium).
package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/test/testenv"
	"github.com/rapport-platform/rapport/web"
)

// browser gives the path of Chromium, and skips where the interface, Node, the
// driver or Chromium is missing.
func browser(t *testing.T) string {
	t.Helper()
	if !web.Built() {
		t.Skip("skipped: the interface is not built; run `make ui`")
	}
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("skipped: Node is not installed; install Node 20.19 or newer")
	}
	if _, err := os.Stat("node_modules/playwright-core"); err != nil {
		t.Skip("skipped: the browser driver is not installed; run `make clients`")
	}
	// The shell without a window takes less of the processor than a whole browser that shows none.
	for _, chromium := range []string{os.Getenv("CHROMIUM"), "/usr/bin/chromium-headless-shell", "/usr/bin/chromium"} {
		if _, err := os.Stat(chromium); err == nil {
			return chromium
		}
	}
	t.Skip("skipped: there is no Chromium; install Debian's chromium-headless-shell or chromium, or set CHROMIUM to its path")
	return ""
}

// environment is what the scripts are told of a product.
func environment(e *testenv.Env, chromium, admin string) []string {
	return []string{"RAPPORT_URL=" + e.URL, "RAPPORT_USER=admin", "RAPPORT_PASSWORD=" + testenv.Password, "CHROMIUM=" + chromium, "RAPPORT_KEY=" + e.Key("leads"), "RAPPORT_TOKEN=" + admin, "RAPPORT_OUTBOX=" + filepath.Join(e.Data, "outbox")}
}

// longest names the scripts that take longest. They begin first, so that none is
// left running alone in the end.
var longest = []string{"quality", "record", "people", "reference", "shell", "app", "admin", "list", "parts"}

// TestInterface runs the scripts against two products with the sample, beside
// each other, as one alone leaves a part of the processor idle.
func TestInterface(t *testing.T) {
	t.Parallel()
	chromium := browser(t)
	scripts, err := filepath.Glob("*.test.mjs")
	if err != nil || len(scripts) == 0 {
		t.Fatal("no scripts: ", err)
	}
	name := func(script string) string { return strings.TrimSuffix(script, ".test.mjs") }
	place := func(script string) int {
		if i := slices.Index(longest, name(script)); i >= 0 {
			return i
		}
		return len(longest)
	}
	slices.SortStableFunc(scripts, func(a, b string) int { return place(a) - place(b) })
	waiting := make(chan string, len(scripts))
	for _, script := range scripts {
		waiting <- script
	}
	close(waiting)
	for _, product := range []string{"one", "other"} {
		t.Run(product, func(t *testing.T) {
			t.Parallel()
			e := testenv.Start(t, testenv.Options{Sample: true})
			admin := e.Token("admin")
			e.Until("the sample's leads have arrived", func() bool { return e.Count(admin, "leads", "") >= 60 })
			env := environment(e, chromium, admin)
			for script := range waiting { // the product that is free takes the next one
				t.Run(name(script), func(t *testing.T) { run(t, script, 10*time.Minute, env) })
			}
		})
	}
}
