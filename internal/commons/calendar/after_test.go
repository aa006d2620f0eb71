package calendar_test

import (
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/commons/calendar"
)

// Working time stands still at night, at weekends and on days off, and moves with
// the clocks of its zone.
func TestAfter(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	at := func(text string) time.Time {
		x, err := time.ParseInLocation("2006-01-02 15:04", text, berlin)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	work := &calendar.Calendar{Zone: berlin, Hours: []calendar.Hours{{Days: [7]bool{false, true, true, true, true, true, false}, Begin: 9 * 60, Length: 8 * 60}},
		Away: []calendar.Span{{From: at("2026-12-24 00:00"), To: at("2026-12-27 00:00")}}}
	for _, c := range []struct {
		from, want string
		hours      time.Duration
	}{
		{"2026-11-23 10:00", "2026-11-23 14:00", 4},
		{"2026-11-23 15:30", "2026-11-24 11:30", 4},
		{"2026-11-20 16:00", "2026-11-23 12:00", 4}, // over the weekend
		{"2026-11-22 03:00", "2026-11-23 13:00", 4}, // begins on a Sunday night
		{"2026-12-23 16:30", "2026-12-28 12:30", 4}, // over days off
		{"2026-03-27 16:00", "2026-03-30 12:00", 4}, // the clocks change that Sunday
		{"2026-11-23 10:00", "2026-12-03 10:00", 64},
	} {
		got, ok := work.After(at(c.from), c.hours*time.Hour)
		if !ok || !got.Equal(at(c.want)) {
			t.Errorf("%d hours after %s: %s, not %s", c.hours, c.from, got.In(berlin), c.want)
		}
	}
	if got, ok := (*calendar.Calendar)(nil).After(at("2026-11-22 03:00"), time.Hour); !ok || !got.Equal(at("2026-11-22 04:00")) {
		t.Errorf("without a calendar: %s", got)
	}
	never := &calendar.Calendar{Hours: work.Hours, Away: []calendar.Span{{From: at("2026-01-01 00:00"), To: at("2030-01-01 00:00")}}}
	if got, ok := never.After(at("2026-11-22 03:00"), time.Hour); ok {
		t.Errorf("never: %s", got)
	}
}
