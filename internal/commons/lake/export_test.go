package lake

import (
	"testing"

	"github.com/rapport-platform/rapport/internal/kit/delta"
)

// BaseAlways has bases renewed for any change.
func BaseAlways(t testing.TB, l *Lake) { l.tail = 1 }

// VacuumNow deletes at once what no table needs.
func VacuumNow(t testing.TB, l *Lake) {
	t.Helper()
	names, err := l.names()
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		table, err := l.open(t.Context(), n)
		if err == nil {
			_, err = table.Vacuum(t.Context(), delta.Vacuum{Force: true})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
