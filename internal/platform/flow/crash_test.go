package flow_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/flow"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

const (
	crashEnv  = "RAPPORT_TEST_FLOW_CRASH"
	crashRuns = 300
)

// Four checkpoints: each is a moment at which the process may die.
const crashFlow = `
name: crash
input: {lead: {type: object, required: true}, event: {}}
steps:
  - {id: make, type: create, table: lead, row: "${trigger.lead}"}
  - {id: w1, type: wait, for: 1ms}
  - {id: first, type: action, action: first, target: "${steps.make.leadid}"}
  - {id: w2, type: wait, for: 1ms}
  - {id: note, type: create, table: task, row: {subject: "note ${steps.make.leadid}"}}
  - {id: w3, type: wait, for: 1ms}
  - {id: refresh, type: update, table: lead, target: "${steps.make.leadid}", row: {jobtitle: "done ${steps.first.called}"}}
`

// A process that is killed at random, again and again, while it works on runs:
// afterwards every run has had every effect exactly once.
func TestKilledBetweenCheckpoints(t *testing.T) {
	if testing.Short() {
		t.Skip("kills processes for some seconds")
	}
	t.Parallel()
	catalog := fixture.Catalog(t)
	dbtest.EachURL(t, fixture.Schema(t, catalog), func(t *testing.T, url string) {
		db, err := sqldb.Open(t.Context(), sqldb.Options{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		w := newWorld(t, db, catalog)
		killed := 0
		for round := 0; ; round++ {
			if round == 100 {
				t.Fatal("the runs do not end")
			}
			patience := time.Minute
			if killed < 9 { // fewer than lost leases make a job dead
				patience = time.Duration(20+rand.IntN(250)) * time.Millisecond
			}
			if finished := child(t, url, patience); finished {
				if killed > 0 {
					break
				}
				t.Fatal("the runs had ended before a process could be killed")
			}
			killed++
		}
		t.Logf("killed %d times", killed)
		w.checkCrash()
	})
}

func (w *world) checkCrash() {
	w.Helper()
	runs := w.find("rpt_flowrun", "", nil)
	if len(runs) != crashRuns {
		w.Errorf("%d runs of %d", len(runs), crashRuns)
	}
	for _, r := range runs {
		var names []string // a wait that is over when it is reached makes no checkpoint
		for _, checkpoint := range w.steps(r.ID("rpt_flowrunid")) {
			for _, e := range checkpoint {
				names = append(names, e.Name)
			}
		}
		if got := strings.Join(names, " "); got != "make w1 first w2 note w3 refresh" || flow.Status(r.Int("rpt_status")) != flow.Succeeded {
			w.Errorf("%s: status %d, %s", r.Text("rpt_key"), r.Int("rpt_status"), got)
		}
	}
	leads := map[string]int{}
	for _, l := range w.find("lead", "jobtitle", "done first") {
		leads[l.Text("rpt_matchkey")]++
		if n := len(w.find("task", "subject", "note "+l.ID("leadid").String())); n != 1 {
			w.Errorf("%d notes on one lead", n)
		}
	}
	if len(leads) != crashRuns || len(w.find("lead", "", nil)) != crashRuns || len(w.find("task", "subject", "first")) != crashRuns {
		w.Errorf("%d finished leads, %d leads, %d calls", len(leads), len(w.find("lead", "", nil)), len(w.find("task", "subject", "first")))
	}
	var creates int
	if _, err := w.db.QueryRow(w.Context(), "SELECT COUNT(*) FROM changelog WHERE tablename = 'lead' AND op = 1", nil, &creates); err != nil || creates != crashRuns {
		w.Errorf("%d creates in the change log, %v", creates, err)
	}
	if n := w.jobs(); n != 0 {
		w.Errorf("%d jobs are left", n)
	}
}

// child runs the workload in a process of its own and kills it when patience
// ends; it tells whether the workload had come to its end.
func child(t *testing.T, url string, patience time.Duration) bool {
	t.Helper()
	c := exec.Command(os.Args[0], "-test.run=^TestCrashChild$", "-test.v")
	c.Env = append(os.Environ(), crashEnv+"="+url)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string, 100)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			lines <- s.Text()
		}
	}()
	finished, begun := false, false
	var limit <-chan time.Time
	for lines != nil {
		select {
		case line, ok := <-lines:
			switch {
			case !ok:
				lines = nil
			case strings.Contains(line, "BEGUN"):
				begun, limit = true, time.After(patience)
			case strings.Contains(line, "FINISHED"):
				finished = true
			case strings.Contains(line, "FAIL") || strings.Contains(line, "_test.go"):
				t.Log(line)
			}
		case <-limit:
			if err := c.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
				t.Fatal(err)
			}
			limit = nil
		}
	}
	if err := c.Wait(); err != nil && (finished || !begun) {
		t.Fatal(err)
	}
	return finished
}

// TestCrashChild is the process that is killed; by itself it does nothing.
func TestCrashChild(t *testing.T) {
	url := os.Getenv(crashEnv)
	if url == "" {
		t.Skip("runs only as the child of another test")
	}
	catalog := fixture.Catalog(t)
	db, err := sqldb.Open(t.Context(), sqldb.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	w := wire(t, db, catalog, clock.System{})
	w.use(1, crashFlow)
	r := job.NewRunner(job.Options{Queue: w.queue, Lease: 500 * time.Millisecond, Poll: 20 * time.Millisecond, Handlers: map[string]job.Handler{flow.Kind: w.engine.Handler()}})
	if err := r.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	fmt.Println("BEGUN")
	var wg sync.WaitGroup
	for part := range 8 {
		wg.Go(func() {
			for n := part; n < crashRuns; n += 8 {
				for {
					_, err := w.start("crash", lead(fmt.Sprintf("p%d@example.com", n)), fmt.Sprint(n))
					if errs.Has(err, errs.Unavailable) {
						continue // what whoever starts flows does: try again
					}
					if err != nil {
						t.Error(err)
					}
					break
				}
			}
		})
	}
	wg.Wait()
	for tick := time.NewTicker(10 * time.Millisecond); ; <-tick.C {
		var open int
		if _, err := db.QueryRow(t.Context(), "SELECT COUNT(*) FROM rpt_flowrun WHERE rpt_status = 0 OR rpt_status = 3", nil, &open); err != nil {
			t.Fatal(err)
		}
		if open == 0 && w.jobs() == 0 {
			break
		}
	}
	if err := r.Stop(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	if !t.Failed() {
		fmt.Println("FINISHED")
	}
}
