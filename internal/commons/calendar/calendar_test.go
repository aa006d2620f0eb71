package calendar

import (
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/platform/record"
)

func TestOpen(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	c := &Calendar{Zone: berlin}
	for _, row := range []record.Row{
		{"pattern": "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "offset": int64(9 * 60), "duration": int64(8 * 60)},
		{"pattern": "freq=weekly;interval=1;byday=SA", "offset": int64(22 * 60), "duration": int64(4 * 60)},
		{"timecode": int64(2), "starttime": time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC), "duration": int64(24 * 60)},
	} {
		if err := c.take(row); err != nil {
			t.Fatal(err)
		}
	}
	at := func(d, h, m int) time.Time { return time.Date(2026, 11, d, h, m, 0, 0, berlin) }
	for _, x := range []struct {
		at   time.Time
		open bool
	}{
		{at(23, 9, 0), true}, {at(23, 8, 59), false}, {at(23, 16, 59), true}, {at(23, 17, 0), false}, // Monday
		{at(24, 10, 0), false}, {at(25, 10, 0), true}, // Tuesday away
		{at(21, 21, 59), false}, {at(21, 23, 0), true}, {at(22, 1, 59), true}, {at(22, 2, 0), false}, // Saturday night
		{time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC), true}, {time.Date(2026, 11, 23, 7, 59, 0, 0, time.UTC), false},
	} {
		if got := c.Open(x.at); got != x.open {
			t.Errorf("%v: open %v", x.at, got)
		}
	}
	if !c.Absent(at(24, 20, 0)) || c.Absent(at(23, 20, 0)) {
		t.Error("away and after hours are not told apart")
	}
	if !(*Calendar)(nil).Open(at(1, 1, 1)) || !new(Calendar).Open(at(1, 1, 1)) {
		t.Error("no calendar is always open")
	}
}

func TestRulesThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]record.Row{
		"no time":         {},
		"end first":       {"timecode": int64(2), "starttime": time.Unix(100, 0), "effectiveintervalend": time.Unix(50, 0)},
		"available once":  {"starttime": time.Unix(100, 0), "effectiveintervalend": time.Unix(200, 0)},
		"monthly":         {"pattern": "FREQ=MONTHLY", "duration": int64(60)},
		"no days":         {"pattern": "FREQ=WEEKLY", "duration": int64(60)},
		"no such day":     {"pattern": "FREQ=WEEKLY;BYDAY=UM", "duration": int64(60)},
		"no length":       {"pattern": "FREQ=WEEKLY;BYDAY=MO"},
		"away every week": {"pattern": "FREQ=WEEKLY;BYDAY=MO", "duration": int64(60), "timecode": int64(2)},
	} {
		if err := new(Calendar).take(row); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
