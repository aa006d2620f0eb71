package stream_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/kit/cloudevents"
	"github.com/rapport-platform/rapport/internal/platform/stream"
)

const topic = "leads"

// start opens a stream with one topic and closes it with the test.
func start(t testing.TB, o stream.Options) *stream.Stream {
	t.Helper()
	if o.URL == "" && o.Dir == "" {
		o.Dir = t.TempDir()
	}
	o.Logger = slog.New(slog.DiscardHandler)
	s := stream.New(o)
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, s) })
	if err := s.EnsureTopic(t.Context(), topic); err != nil {
		t.Fatal(err)
	}
	return s
}

func stop(t testing.TB, s *stream.Stream) {
	t.Helper()
	if err := s.Stop(context.WithoutCancel(t.Context())); err != nil {
		t.Error(err)
	}
}

// event makes one whose data is its id and a filling.
func event(id string, filling int) cloudevents.Event {
	data, err := json.Marshal(map[string]string{"id": id, "filling": strings.Repeat("x", filling)})
	if err != nil {
		panic(err)
	}
	return cloudevents.Event{ID: id, Source: "/test", Type: "lead.created", Data: data}
}

func events(prefix string, n, filling int) []cloudevents.Event {
	out := make([]cloudevents.Event, n)
	for i := range out {
		out[i] = event(fmt.Sprintf("%s/%d", prefix, i), filling)
	}
	return out
}

// read gives all entries after a position, until none comes for a moment.
func read(t testing.TB, s *stream.Stream, after uint64) []stream.Entry {
	t.Helper()
	st, err := s.State(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.NewReader(t.Context(), topic, after)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var all []stream.Entry
	for st.Count > 0 && (len(all) == 0 || all[len(all)-1].Seq < st.Last) && after < st.Last {
		entries, err := r.Next(t.Context(), 500, 10*time.Second)
		if err != nil || len(entries) == 0 {
			t.Fatalf("after %d entries of %+v: %d more, %v", len(all), st, len(entries), err)
		}
		all = append(all, entries...)
	}
	for i := 1; i < len(all); i++ {
		if all[i].Seq <= all[i-1].Seq {
			t.Fatalf("entry %d has number %d after %d", i, all[i].Seq, all[i-1].Seq)
		}
	}
	return all
}

func ids(entries []stream.Entry) []string {
	out := make([]string, len(entries))
	for i, e := range entries {
		out[i] = e.Event.ID
	}
	return out
}

func TestWhatIsPublishedIsRead(t *testing.T) {
	t.Parallel()
	s := start(t, stream.Options{})
	when := time.Date(2026, 11, 22, 9, 0, 0, 123000, time.UTC)
	sent := []cloudevents.Event{
		{ID: "1", Source: "/a", Type: "t", Subject: "ü", Time: when, DataContentType: "application/json", DataSchema: "https://example.com/s", Extensions: map[string]string{"a": "1", "b": "2"}, Data: json.RawMessage(`{"x": [1, 2]}`)},
		{ID: "2", Source: "/a", Type: "t", DataContentType: "image/png", DataBinary: []byte{0, 1, 255}},
	}
	span := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}, TraceFlags: trace.FlagsSampled})
	before := time.Now().Add(-time.Second)
	if err := s.Publish(trace.ContextWithSpanContext(t.Context(), span), topic, sent...); err != nil {
		t.Fatal(err)
	}
	if err := s.Publish(t.Context(), topic, event("3", 1)); err != nil {
		t.Fatal(err)
	}
	got := read(t, s, 0)
	if len(got) != 3 || !reflect.DeepEqual(got[0].Event, sent[0]) || !reflect.DeepEqual(got[1].Event, sent[1]) {
		t.Fatalf("got %+v", got)
	}
	for i, e := range got {
		want := "00-01000000000000000000000000000000-0200000000000000-01"
		if i == 2 {
			want = ""
		}
		if e.TraceParent != want || e.Topic != topic || e.Stored.Before(before) || e.Stored.After(time.Now()) {
			t.Errorf("entry %d: trace %q, topic %s, stored %s", i, e.TraceParent, e.Topic, e.Stored)
		}
		again, err := s.Get(t.Context(), topic, e.Seq)
		if err != nil || !reflect.DeepEqual(again, e) {
			t.Errorf("Get(%d) gave %+v, %v", e.Seq, again, err)
		}
		if _, err := s.Get(t.Context(), topic, e.Seq+7); !errs.Has(err, errs.NotFound) {
			t.Errorf("Get of what is not there: %v", err)
		}
	}
	if rest := read(t, s, got[0].Seq); !reflect.DeepEqual(rest, got[1:]) {
		t.Errorf("from the middle of a pack: %+v", rest)
	}
	if err := s.Publish(t.Context(), topic); err != nil {
		t.Errorf("publishing nothing: %v", err)
	}
	if st, err := s.State(t.Context(), topic); err != nil || st.Count != 3 || st.First != got[0].Seq || st.Last != got[2].Seq || st.Bytes == 0 {
		t.Errorf("state %+v, %v", st, err)
	}
}

func TestSurvivesRestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := start(t, stream.Options{Dir: dir})
	if err := s.Publish(t.Context(), topic, events("before", 100, 50)...); err != nil {
		t.Fatal(err)
	}
	want := read(t, s, 0)
	stop(t, s)
	if err := s.Publish(t.Context(), topic, event("late", 1)); !errs.Has(err, errs.Unavailable) {
		t.Fatalf("publishing to a stopped stream: %v", err)
	}
	if s.Ready() == nil {
		t.Fatal("a stopped stream says that it is ready")
	}
	again := start(t, stream.Options{Dir: dir})
	if got := read(t, again, 0); !reflect.DeepEqual(got, want) {
		t.Fatalf("%d entries of %d came back", len(got), len(want))
	}
	if err := again.Publish(t.Context(), topic, event("after", 1)); err != nil {
		t.Fatal(err)
	}
	if got := read(t, again, want[len(want)-1].Seq); len(got) != 1 || got[0].Event.ID != "after" {
		t.Fatalf("after the restart: %v", ids(got))
	}
	if err := again.Ready(); err != nil {
		t.Error(err)
	}
	if err := s.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("a second server in the same folder: %v", err)
	}
}

// TestBatchesStayWhole has readers look on while batches of 5,000 and single
// events are written together: no reader ever sees a batch without its end.
func TestBatchesStayWhole(t *testing.T) {
	t.Parallel()
	s := start(t, stream.Options{})
	const batch, batches, singles = 5000, 3, 200
	var writers sync.WaitGroup
	for w := range 3 {
		writers.Go(func() {
			for i := range batches {
				if err := s.Publish(t.Context(), topic, events(fmt.Sprintf("batch/%d-%d", w, i), batch, 60)...); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Go(func() {
		for i := range singles {
			if err := s.Publish(t.Context(), topic, event(fmt.Sprintf("single/%d", i), 10)); err != nil {
				t.Error(err)
			}
		}
	})
	r, err := s.NewReader(t.Context(), topic, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	seen, open, next := 0, "", 0
	for seen < 3*batches*batch+singles {
		entries, err := r.Next(t.Context(), 100_000, 10*time.Second)
		if err != nil || len(entries) == 0 {
			t.Fatalf("after %d: %v", seen, err)
		}
		for _, e := range entries {
			seen++
			name, place := e.Event.ID[:strings.LastIndexByte(e.Event.ID, '/')], 0
			if name == "single" {
				if open != "" {
					t.Fatalf("%s lies inside batch %s", e.Event.ID, open)
				}
				continue
			}
			if _, err := fmt.Sscanf(e.Event.ID[len(name):], "/%d", &place); err != nil || place != next || next > 0 && name != open {
				t.Fatalf("%s after %d events of %s", e.Event.ID, next, open)
			}
			if open, next = name, next+1; next == batch {
				open, next = "", 0
			}
		}
		// A look with a large max ends where what is stored ends, never inside a batch.
		if open != "" {
			t.Fatalf("a reader saw only %d events of batch %s", next, open)
		}
	}
	writers.Wait()
}

func TestManyPublishers(t *testing.T) {
	t.Parallel()
	s := start(t, stream.Options{})
	const publishers, each = 16, 100
	var wg sync.WaitGroup
	for p := range publishers {
		wg.Go(func() {
			for i := range each {
				if err := s.Publish(t.Context(), topic, events(fmt.Sprintf("%d/%d", p, i), 1+i%5, 20)...); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	want := publishers * each * 3
	entries := read(t, s, 0)
	seen := map[string]bool{}
	last := map[string]int{}
	for _, e := range entries {
		if seen[e.Event.ID] {
			t.Fatalf("%s came twice", e.Event.ID)
		}
		seen[e.Event.ID] = true
		p, rest, _ := strings.Cut(e.Event.ID, "/")
		var call, place int
		if _, err := fmt.Sscanf(rest, "%d/%d", &call, &place); err != nil {
			t.Fatal(err)
		}
		if now := call*10 + place + 1; now <= last[p] {
			t.Fatalf("publisher %s: %s is out of order", p, e.Event.ID)
		} else {
			last[p] = now
		}
	}
	if len(entries) != want {
		t.Fatalf("%d of %d events", len(entries), want)
	}
	stats := s.Stats()
	if stats.Events != uint64(want) || stats.Commits >= publishers*each || stats.Failed+stats.Refused != 0 {
		t.Errorf("%d calls: %+v; waiting calls should share writes", publishers*each, stats)
	}
	if st, err := s.State(t.Context(), topic); err != nil || st.Count != uint64(want) {
		t.Errorf("state %+v, %v", st, err)
	}
}

func TestFullTopicRefusesAndLosesNothing(t *testing.T) {
	t.Parallel()
	s := start(t, stream.Options{MaxBytes: 200_000})
	var stored []string
	var refusal error
	for i := 0; refusal == nil && i < 1000; i++ {
		batch := events(fmt.Sprint(i), 1+i%3, 1000)
		if refusal = s.Publish(t.Context(), topic, batch...); refusal == nil {
			for _, e := range batch {
				stored = append(stored, e.ID)
			}
		}
	}
	var e *errs.Error
	if !errors.As(refusal, &e) || e.Kind != errs.Unavailable || e.Code != "stream.full" || e.RetryAfter <= 0 {
		t.Fatalf("a full topic gave %v", refusal)
	}
	entries := read(t, s, 0)
	if !reflect.DeepEqual(ids(entries), stored) {
		t.Fatalf("%d acknowledged, %d there", len(stored), len(entries))
	}
	if s.Stats().Refused == 0 {
		t.Error("the refusal was not counted")
	}
	if err := s.Trim(t.Context(), topic, entries[len(entries)/2].Seq); err != nil {
		t.Fatal(err)
	}
	if err := s.Publish(t.Context(), topic, event("room again", 1000)); err != nil {
		t.Fatalf("after a trim: %v", err)
	}
}

func TestTwoReadersAndTrim(t *testing.T) {
	t.Parallel()
	s := start(t, stream.Options{})
	for i := range 40 {
		if err := s.Publish(t.Context(), topic, events(fmt.Sprint(i), 5, 10)...); err != nil {
			t.Fatal(err)
		}
	}
	all := read(t, s, 0)
	slow, err := s.NewReader(t.Context(), topic, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	if first, err := slow.Next(t.Context(), 3, 5*time.Second); err != nil || !reflect.DeepEqual(first, all[:3]) {
		t.Fatalf("%v, %v", ids(first), err)
	}
	quick, err := s.NewReader(t.Context(), topic, all[149].Seq)
	if err != nil {
		t.Fatal(err)
	}
	defer quick.Close()
	if rest, err := quick.Next(t.Context(), 50, 5*time.Second); err != nil || rest[0].Seq != all[150].Seq {
		t.Fatalf("the second reader began with %v, %v", ids(rest), err)
	}
	if second, err := slow.Next(t.Context(), 4, 5*time.Second); err != nil || !reflect.DeepEqual(second, all[3:7]) {
		t.Fatalf("the first reader went on with %v, %v", ids(second), err)
	}
	// Into the middle of pack 20: that pack stays whole.
	if err := s.Trim(t.Context(), topic, all[102].Seq); err != nil {
		t.Fatal(err)
	}
	if left := read(t, s, 0); !reflect.DeepEqual(left, all[100:]) {
		t.Fatalf("%d entries are left, the first is %s", len(left), left[0].Event.ID)
	}
	if _, err := s.Get(t.Context(), topic, all[99].Seq); !errs.Has(err, errs.NotFound) {
		t.Errorf("a trimmed entry: %v", err)
	}
	if st, err := s.State(t.Context(), topic); err != nil || st.Count != 100 || st.First != all[100].Seq || st.Last != all[199].Seq {
		t.Errorf("state %+v, %v", st, err)
	}
	// With the last of a pack, the pack goes.
	if err := s.Trim(t.Context(), topic, all[104].Seq); err != nil {
		t.Fatal(err)
	}
	if left := read(t, s, 0); !reflect.DeepEqual(left, all[105:]) {
		t.Fatalf("%d entries are left", len(left))
	}
	if err := s.Trim(t.Context(), topic, all[199].Seq); err != nil {
		t.Fatal(err)
	}
	st, err := s.State(t.Context(), topic)
	if err != nil || st.Count != 0 || st.First != 0 || st.Last < all[199].Seq {
		t.Errorf("an empty topic: %+v, %v", st, err)
	}
	if err := s.Trim(t.Context(), topic, 0); err != nil {
		t.Error(err)
	}
	if err := s.Publish(t.Context(), topic, event("new", 1)); err != nil {
		t.Fatal(err)
	}
	if left := read(t, s, all[199].Seq); len(left) != 1 || left[0].Seq <= st.Last {
		t.Fatalf("numbers must not come again: %+v after %d", left, st.Last)
	}
}

func TestReaderWaits(t *testing.T) {
	t.Parallel()
	s := start(t, stream.Options{})
	r, err := s.NewReader(t.Context(), topic, 0)
	if err != nil {
		t.Fatal(err)
	}
	if none, err := r.Next(t.Context(), 10, 20*time.Millisecond); err != nil || none != nil {
		t.Fatalf("from an empty topic: %v, %v", none, err)
	}
	got := make(chan []stream.Entry)
	go func() {
		entries, err := r.Next(t.Context(), 10, time.Minute)
		if err != nil {
			t.Error(err)
		}
		got <- entries
	}()
	if err := s.Publish(t.Context(), topic, event("1", 1)); err != nil {
		t.Fatal(err)
	}
	if entries := <-got; len(entries) != 1 || entries[0].Event.ID != "1" {
		t.Fatalf("woke with %v", ids(entries))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Next(ctx, 10, time.Minute); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled wait: %v", err)
	}
	ended := make(chan error)
	go func() {
		_, err := r.Next(t.Context(), 10, time.Minute)
		ended <- err
	}()
	stop(t, s)
	if err := <-ended; !errs.Has(err, errs.Unavailable) {
		t.Errorf("a wait that outlived the stream: %v", err)
	}
	r.Close()
	r.Close()
}

func TestTopics(t *testing.T) {
	t.Parallel()
	s := start(t, stream.Options{})
	for _, name := range []string{"", "Leads", "a.b", "a*", ">", "../x", "a b", "1a", strings.Repeat("a", 51)} {
		if err := s.EnsureTopic(t.Context(), name); !errs.Has(err, errs.Invalid) {
			t.Errorf("topic %q: %v", name, err)
		}
		if err := s.Publish(t.Context(), name, event("1", 1)); !errs.Has(err, errs.NotFound) {
			t.Errorf("publishing to %q: %v", name, err)
		}
	}
	if err := s.Publish(t.Context(), "interactions", event("1", 1)); !errs.Has(err, errs.NotFound) {
		t.Errorf("a topic that nobody made: %v", err)
	}
	if err := s.EnsureTopic(t.Context(), "leads-2"); err != nil {
		t.Fatal(err)
	}
	if err := s.EnsureTopic(t.Context(), topic); err != nil {
		t.Errorf("making a topic again: %v", err)
	}
	if err := s.Publish(t.Context(), "leads-2", event("1", 1)); err != nil {
		t.Fatal(err)
	}
	if st, err := s.State(t.Context(), topic); err != nil || st != (stream.State{}) {
		t.Errorf("the other topic has %+v, %v", st, err)
	}
	if err := s.Publish(t.Context(), topic, events("x", 8193, 1)...); !errs.Has(err, errs.TooLarge) {
		t.Errorf("more than a pack can number: %v", err)
	}
}

// TestRandomSizes mixes sizes around the limit of a group and of the largest request.
func TestRandomSizes(t *testing.T) {
	t.Parallel()
	s := start(t, stream.Options{})
	var mu sync.Mutex
	want := map[string]int{}
	var wg sync.WaitGroup
	for p := range 4 {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(uint64(p), 1))
			for i := range 12 {
				size := 1 << random.IntN(21)
				e := event(fmt.Sprintf("%d/%d", p, i), size)
				if err := s.Publish(t.Context(), topic, e); err != nil {
					t.Errorf("%d bytes: %v", size, err)
					return
				}
				mu.Lock()
				want[e.ID] = len(e.Data)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for _, e := range read(t, s, 0) {
		if want[e.Event.ID] != len(e.Event.Data) {
			t.Errorf("%s has %d bytes, want %d", e.Event.ID, len(e.Event.Data), want[e.Event.ID])
		}
		delete(want, e.Event.ID)
	}
	if len(want) != 0 {
		t.Errorf("missing: %v", want)
	}
}
