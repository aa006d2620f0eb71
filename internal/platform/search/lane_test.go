package search_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/search"
)

// What a person writes while an import goes on is found before the follower has
// come to it; what the import writes waits its turn.
func TestLane(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		lane := e.index.NewLane(slog.New(slog.DiscardHandler))
		tail := e.log.Tailer()
		if err := tail.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		defer tail.Stop(t.Context())
		through := func() { // waits until the tailer has handed on all changes
			t.Helper()
			began := time.Now()
			if _, err := e.log.Through(t.Context()); err != nil {
				t.Fatal(err)
			}
			last, err := e.log.Last(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for lane.Seen() < last {
				if time.Since(began) > 2*time.Minute {
					t.Fatalf("the tailer has handed on %d of %d changes", lane.Seen(), last)
				}
				time.Sleep(time.Millisecond)
			}
		}
		done := tail.Load("import 1")
		bulk := changelog.WithOrigin(e.system(), "import 1")
		err := e.store.Write(bulk, func(tx *record.Tx) error {
			_, err := tx.CreateMany(bulk, "account", []record.Row{{"name": "Steinmetz"}, {"name": "Zimmerer"}})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		e.must("account", record.Row{"name": "Baumeister"})
		through()
		if err := lane.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
		if a, b := e.names(e.system(), search.Request{Text: "baumeister"}), e.names(e.system(), search.Request{Text: "steinmetz"}); a != "Baumeister" || b != "" {
			t.Errorf("meanwhile: %q, %q", a, b)
		}
		done()
		e.must("account", record.Row{"name": "Dachdecker"}) // nothing is far behind: it comes by the follower
		through()
		if err := lane.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := e.names(e.system(), search.Request{Text: "dachdecker"}); got != "" {
			t.Errorf("by the lane: %q", got)
		}
		e.settle()
		for _, name := range []string{"Steinmetz", "Zimmerer", "Baumeister", "Dachdecker"} {
			if got := e.names(e.system(), search.Request{Text: name, All: true}); got != name {
				t.Errorf("in the end %q finds %q", name, got)
			}
		}
	})
}
