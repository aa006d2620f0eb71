package stream

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/kit/cloudevents"
)

func opened(t *testing.T, change func(*Stream)) (*Stream, *topic) {
	t.Helper()
	s := New(Options{Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler)})
	if change != nil {
		change(s)
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	if err := s.EnsureTopic(t.Context(), "leads"); err != nil {
		t.Fatal(err)
	}
	topic, err := s.topic(t.Context(), "leads")
	if err != nil {
		t.Fatal(err)
	}
	return s, topic
}

func named(id string) cloudevents.Event { return cloudevents.Event{ID: id, Source: "/", Type: "t"} }

// queued tells when a topic has n calls waiting.
func queued(t *topic, n int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.queue) == n
}

// TestCallerGoesAway holds the lead, so that calls wait: one whose caller goes
// away leaves nothing behind, the others are written together.
func TestCallerGoesAway(t *testing.T) {
	t.Parallel()
	s, topic := opened(t, nil)
	held := &request{payload: s.buffer(), count: 1, done: make(chan error, 1)}
	*held.payload = appendFrames([]byte{packPlain}, "", []cloudevents.Event{named("held")})
	if lead, err := topic.enter(held); err != nil || !lead {
		t.Fatal(lead, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	gone, stayed := make(chan error), make(chan error)
	go func() { gone <- s.Publish(ctx, "leads", named("gone")) }()
	go func() { stayed <- s.Publish(t.Context(), "leads", named("stayed")) }()
	for !queued(topic, 3) {
		time.Sleep(time.Millisecond) // until both have come; there is nothing to wait on
	}
	cancel()
	if err := <-gone; !errs.Has(err, errs.Unavailable) || !errors.Is(err, context.Canceled) {
		t.Fatalf("the caller who went: %v", err)
	}
	if !queued(topic, 2) {
		t.Error("the call of the caller who went is still there")
	}
	stopped := make(chan error)
	go func() { stopped <- s.Stop(t.Context()) }()
	s.writeRest(topic)
	if err := errors.Join(<-held.done, <-stayed, <-stopped); err != nil {
		t.Fatal(err)
	}
	if st := s.Stats(); st.Events != 2 || st.Commits != 1 {
		t.Errorf("%+v", st)
	}
	// The same Stream can be started again.
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if st, err := s.State(t.Context(), "leads"); err != nil || st.Count != 2 {
		t.Errorf("%+v, %v", st, err)
	}
}

func TestDiskNearlyFull(t *testing.T) {
	t.Parallel()
	free := uint64(diskReserve)
	s, _ := opened(t, func(s *Stream) { s.diskFree = func(string) (uint64, bool) { return free, true } })
	if err := errors.Join(s.Ready(), s.Publish(t.Context(), "leads", named("1"))); err != nil {
		t.Fatal(err)
	}
	free--
	if err := s.Publish(t.Context(), "leads", named("2")); errs.CodeOf(err) != "stream.full" {
		t.Errorf("a disk that is nearly full: %v", err)
	}
	if errs.CodeOf(s.Ready()) != "stream.full" {
		t.Errorf("ready: %v", s.Ready())
	}
	if st := s.Stats(); st.Refused != 1 || st.Events != 1 {
		t.Errorf("%+v", st)
	}
}
