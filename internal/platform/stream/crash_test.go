package stream_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/rapport-platform/rapport/internal/platform/stream"
)

const crashDir = "RAPPORT_STREAM_CRASH_DIR"

// TestMain lets the test binary play the process that is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		publishUntilKilled(dir)
	}
	os.Exit(m.Run())
}

const crashBatch = 7

// publishUntilKilled writes batches from several goroutines and prints the name
// of each on standard output as soon as it is acknowledged.
func publishUntilKilled(dir string) {
	ctx := context.Background()
	s := stream.New(stream.Options{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
	if err := s.Start(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := s.EnsureTopic(ctx, topic); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var out sync.Mutex
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := 0; ; i++ {
				name := fmt.Sprintf("%d-%d-%d", os.Getpid(), w, i)
				if err := s.Publish(ctx, topic, events(name, crashBatch, 100)...); err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
				out.Lock()
				fmt.Println(name)
				out.Unlock()
			}
		})
	}
	wg.Wait()
}

// TestKill kills the writing process three times in the same folder. What was
// acknowledged is there, and every batch is there whole or not at all.
func TestKill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	acknowledged := map[string]bool{}
	for round, lines := range []int{50, 400, 1} {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), crashDir+"="+dir)
		var complaints strings.Builder
		cmd.Stderr = &complaints
		pipe, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		scanner := bufio.NewScanner(pipe)
		for n := 0; scanner.Scan(); n++ {
			acknowledged[scanner.Text()] = true
			if n+1 == lines {
				// SIGKILL; what was printed before it still arrives through the pipe.
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		_ = cmd.Wait() // killed: always an error
		if complaints.Len() > 0 {
			t.Fatalf("round %d: %s", round, complaints.String())
		}
	}
	s := start(t, stream.Options{Dir: dir})
	found := map[string]int{}
	for _, e := range read(t, s, 0) {
		found[e.Event.ID[:strings.LastIndexByte(e.Event.ID, '/')]]++
	}
	for name, n := range found {
		if n != crashBatch {
			t.Errorf("%d events of batch %s", n, name)
		}
		delete(acknowledged, name)
	}
	if len(acknowledged) > 0 {
		t.Errorf("%d batches were acknowledged and are gone: %v", len(acknowledged), acknowledged)
	}
	t.Logf("%d batches found", len(found))
}
