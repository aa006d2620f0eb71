package stream_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/kit/cloudevents"
	"github.com/rapport-platform/rapport/internal/platform/stream"
)

// An erased event is gone from the topic and from the disk, those that were
// stored together with it are there, and trimming to the end leaves nothing.
func TestErase(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := stream.New(stream.Options{Dir: dir})
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer s.Stop(t.Context())
	if err := s.EnsureTopic(t.Context(), "leads"); err != nil {
		t.Fatal(err)
	}
	event := func(id, who string) cloudevents.Event {
		return cloudevents.Event{ID: id, Source: "test", Type: "lead.created", DataContentType: "application/json", Data: []byte(`{"emailaddress1":"` + who + `@example.com"}`)}
	}
	if err := s.Publish(t.Context(), "leads", event("1", "anna"), event("2", "zacharias"), event("3", "berta")); err != nil {
		t.Fatal(err)
	}
	if err := s.Publish(t.Context(), "leads", event("4", "carl")); err != nil {
		t.Fatal(err)
	}
	quoted := func(who string) bool {
		found := false
		err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return nil // files come and go
			}
			text, _ := os.ReadFile(path)
			found = found || bytes.Contains(text, []byte(who+"@example.com"))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	if !quoted("zacharias") {
		t.Fatal("the event is not on the disk to begin with: the test shows nothing")
	}
	match := func(e cloudevents.Event) bool { return bytes.Contains(e.Data, []byte("zacharias")) }
	gone, err := s.Erase(t.Context(), "leads", match)
	if err != nil || len(gone) != 1 || gone[0].ID != "2" {
		t.Fatal(gone, err)
	}
	if quoted("zacharias") {
		t.Error("the disk still quotes the person")
	}
	if again, err := s.Erase(t.Context(), "leads", match); err != nil || len(again) != 0 {
		t.Error(again, err)
	}
	r, err := s.NewReader(t.Context(), "leads", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	left := map[string]bool{}
	for len(left) < 3 {
		entries, err := r.Next(t.Context(), 10, time.Minute)
		if err != nil || len(entries) == 0 {
			t.Fatal(left, err)
		}
		for _, e := range entries {
			left[e.Event.ID] = true
		}
	}
	if !left["1"] || !left["3"] || !left["4"] {
		t.Error(left)
	}
	st, err := s.State(t.Context(), "leads")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Trim(t.Context(), "leads", st.Last); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); quoted("anna") || quoted("carl"); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("what was trimmed is still on the disk")
		}
	}
}
