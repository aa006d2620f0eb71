package snapshot_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/rapport-platform/rapport/internal/platform/snapshot"
)

type config struct{ Name string }

func of(file string, load func(context.Context) (config, error)) *snapshot.Value[config] {
	return snapshot.New(nil, snapshot.Options[config]{Name: "test", File: file, Load: load})
}

func TestKeptAndRecalled(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "config", "test.json")
	v := of(file, func(context.Context) (config, error) { return config{"one"}, nil })
	if ok, err := v.Recall(); ok || err != nil || v.Get().Name != "" {
		t.Errorf("recalled from nothing: %v, %v, %v", ok, err, v.Get())
	}
	if err := v.Refresh(t.Context()); err != nil || v.Get().Name != "one" {
		t.Fatalf("refreshed: %v, %v", v.Get(), err)
	}
	away := of(file, func(context.Context) (config, error) { return config{}, errors.New("away") })
	if ok, err := away.Recall(); !ok || err != nil {
		t.Fatalf("recalled: %v, %v", ok, err)
	}
	if err := away.Refresh(t.Context()); err == nil || away.Get().Name != "one" {
		t.Errorf("a refresh that fails: %v, %v; want the value as it was", away.Get(), err)
	}
}

// What can't be read or written on disk must keep nobody from working.
func TestTroubleWithTheFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	damaged := filepath.Join(dir, "damaged.json")
	if err := os.WriteFile(damaged, []byte(`{"Name":"on`), 0o600); err != nil {
		t.Fatal(err)
	}
	load := func(context.Context) (config, error) { return config{"fresh"}, nil }
	v := of(damaged, load)
	if ok, err := v.Recall(); ok || err != nil {
		t.Errorf("a damaged file: %v, %v", ok, err)
	}
	if err := v.Refresh(t.Context()); err != nil || v.Get().Name != "fresh" {
		t.Errorf("after a damaged file: %v, %v", v.Get(), err)
	}
	nowhere := of(filepath.Join(damaged, "below a file", "x.json"), load)
	if err := nowhere.Refresh(t.Context()); err != nil || nowhere.Get().Name != "fresh" {
		t.Errorf("where nothing can be kept: %v, %v", nowhere.Get(), err)
	}
}

// Whoever gives up does not wait for a load that hangs.
func TestGivingUpBehindALoadThatHangs(t *testing.T) {
	t.Parallel()
	loading := make(chan struct{})
	v := of("", func(ctx context.Context) (config, error) {
		close(loading)
		<-ctx.Done()
		return config{}, ctx.Err()
	})
	hanging, end := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() { first <- v.Refresh(hanging) }()
	<-loading
	impatient, cancel := context.WithCancel(t.Context())
	cancel()
	if err := v.Refresh(impatient); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want cancelled", err)
	}
	end()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("the first got %v, want cancelled", err)
	}
}

// What was written before Settle is in the value after it, and many who wait do
// not make it many times.
func TestSettle(t *testing.T) {
	t.Parallel()
	var written, loads atomic.Int64
	v := snapshot.New(nil, snapshot.Options[int64]{Name: "test", Load: func(context.Context) (int64, error) {
		loads.Add(1)
		return written.Load(), nil
	}})
	if err := v.Settle(t.Context()); err != nil || loads.Load() != 0 {
		t.Fatalf("nothing was written, and yet: %v, made %d times", err, loads.Load())
	}
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			mine := written.Add(1)
			v.Expire()
			if err := v.Settle(t.Context()); err != nil || v.Get() < mine {
				t.Errorf("after change %d: %v, value %d", mine, err, v.Get())
			}
		})
	}
	all.Wait()
	before := loads.Load()
	if err := v.Settle(t.Context()); err != nil || loads.Load() != before || before > 50 {
		t.Errorf("settled again: %v, made %d times", err, loads.Load())
	}
}
