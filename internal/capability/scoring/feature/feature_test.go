package feature

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/test/fixture"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func proposed(t testing.TB) []Feature {
	t.Helper()
	lead, ok := fixture.Catalog(t).Table("lead")
	if !ok {
		t.Fatal("there is no table lead")
	}
	out := append(Propose(lead), Further("x_job"), Further("x_age"))
	for i := range out {
		out[i].Kind = map[Kind]Kind{Auto: Category, Category: Category, Number: Number}[out[i].Kind]
		out[i].Levels = []string{"a", "b", "no", "yes", Other}
		out[i].Prepare()
	}
	return out
}

// vector is all features of a timeline at a moment, as text, so that NaN equals NaN.
func vector(features []Feature, t *Timeline, at time.Time) string {
	var b strings.Builder
	v := t.Before(at)
	for i := range features {
		fmt.Fprintf(&b, "%s=%v ", features[i].Name, features[i].Input(v))
	}
	return b.String()
}

// What becomes known at a moment or later changes no feature of that moment,
// whatever it is and in whichever order it stands.
func TestLaterFactsChangeNothing(t *testing.T) {
	t.Parallel()
	features := proposed(t)
	seen := map[string]bool{}
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 7))
		names := []string{"industrycode", "revenue", "address1_city", "x_job", "x_age", "emailaddress1", "context.utm_source", "rpt_productinterest", "firstname"}
		fact := func(at time.Time) Fact {
			return Fact{at, names[r.IntN(len(names))], []string{"", "a", "b", "17", "c@x.org"}[r.IntN(5)]}
		}
		event := func(at time.Time) Event {
			return Event{at, "page.viewed", []string{"/", "/rates"}[r.IntN(2)], float64(r.IntN(100))}
		}
		var facts []Fact
		var events []Event
		for range 20 + r.IntN(20) {
			facts = append(facts, fact(noon.Add(-time.Duration(1+r.IntN(60*24))*time.Hour)))
			events = append(events, event(noon.Add(-time.Duration(1+r.IntN(40*24))*time.Hour)))
		}
		want := vector(features, NewTimeline(noon.AddDate(0, 0, -30), facts, events), noon)
		seen[want] = true
		for range 30 {
			later := noon.Add(time.Duration(r.IntN(1000)) * time.Minute) // noon itself among them
			facts, events = append(facts, fact(later)), append(events, event(later))
		}
		// Later facts in any order; what was known keeps its own.
		old := func(i int) bool { return facts[i].At.Before(noon) }
		early, late := []Fact{}, []Fact{}
		for i := range facts {
			if old(i) {
				early = append(early, facts[i])
			} else {
				late = append(late, facts[i])
			}
		}
		r.Shuffle(len(late), func(i, j int) { late[i], late[j] = late[j], late[i] })
		r.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
		if got := vector(features, NewTimeline(noon.AddDate(0, 0, -30), append(late, early...), events), noon); got != want {
			t.Fatalf("seed %d:\n%s\n%s", seed, want, got)
		}
	}
	if len(seen) < 250 {
		t.Errorf("only %d different vectors: the features see too little", len(seen))
	}
}

func TestEngagementWindows(t *testing.T) {
	t.Parallel()
	events := []Event{{noon.AddDate(0, 0, -27), "v", "/a", 10}, {noon.AddDate(0, 0, -6), "v", "/a", 20}, {noon.Add(-time.Hour), "v", "/b", 30}, {noon, "v", "/c", 99}}
	line := NewTimeline(noon.AddDate(0, 0, -10), nil, events)
	for _, c := range []struct {
		f    Feature
		want float64
	}{{engagement(OpViews, 1, "", ""), 1}, {engagement(OpViews, 7, "", ""), 2}, {engagement(OpViews, 28, "", ""), 3}, {engagement(OpSeconds, 28, "", ""), 60},
		{engagement(OpPages, 28, "", ""), 2}, {engagement(OpIdle, 0, "", ""), 0.04}, {Feature{Op: OpAge}, 10}, {Feature{Op: OpHour}, 12}} {
		if got := c.f.Value(line.Before(noon)); got != c.want {
			t.Errorf("%s %d: %v, want %v", c.f.Op, c.f.Days, got, c.want)
		}
	}
}

func TestFlatten(t *testing.T) {
	t.Parallel()
	got := Flatten(map[string]any{"industrycode": int64(16), "donotemail": false, "revenue": 1.5, "address1_city": nil,
		"rpt_context": `{"page":"https://x.org/rates/?a=1","utm_source":"News","referrer":"https://www.y.org/z","useragent":"Mozilla iPhone Mobile"}`, "rpt_extra": `{"Shoe size":44,"job":"admin.","deep":{}}`})
	for k, want := range map[string]string{"industrycode": "16", "donotemail": "false", "revenue": "1.5", "address1_city": "", "context.page": "/rates", "context.utm_source": "news", "context.referrer": "y.org",
		"context.device": "phone", "x_shoe_size": "44", "x_job": "admin."} {
		if v, ok := got[k]; !ok || v != want {
			t.Errorf("%s is %q, want %q", k, v, want)
		}
	}
	if _, ok := got["x_deep"]; ok {
		t.Error("an object is taken for a value")
	}
}

func line(order int, values ...string) (View, int64) {
	return Line(noon.AddDate(0, 0, order), map[string]int{"x_a": 0, "x_b": 1, "x_c": 2, "x_d": 3}, values), int64(order)
}

func TestFrameEncodes(t *testing.T) {
	t.Parallel()
	f := NewFrame([]Feature{Further("x_a"), Further("x_b"), Further("x_c"), Further("x_d")})
	for i := 299; i >= 0; i-- { // newest first: Finish puts them in order
		word := []string{"red", "blue"}[i%2]
		if i%50 == 0 {
			word = fmt.Sprintf("rare %d", i)
		}
		number := fmt.Sprint(i)
		if i == 7 {
			number = "Inf"
		}
		v, order := line(i, number, word, "same", "")
		f.Add(v, order, i%3 == 0)
	}
	f.Finish()
	dropped := f.Encode(200)
	if len(dropped) != 2 || dropped[0] != (Dropped{"x_c", "constant"}) || dropped[1] != (Dropped{"x_d", "empty"}) {
		t.Errorf("%v", dropped)
	}
	if f.Features[0].Kind != Number || f.Features[1].Kind != Category || !slices.Equal(f.Features[1].Levels, []string{"blue", "red", Other}) {
		t.Errorf("%+v", f.Features)
	}
	if n := f.Numbers(0); n[0] != 0 || n[299] != 299 || !math.IsNaN(n[7]) || f.Odd(0) != 1 || !f.Label[3] || f.Label[4] {
		t.Error("the rows are not in order, or infinity is a number")
	}
	f.Features[1].Prepare()
	for word, want := range map[string]float64{"blue": 0, "red": 1, "never seen": 2} {
		v, _ := line(0, "1", word, "", "")
		if got := f.Features[1].Input(v); got != want {
			t.Errorf("%s is %v", word, got)
		}
	}
	v, _ := line(0, "1e400", "", "", "")
	if !math.IsNaN(f.Features[1].Input(v)) || !math.IsNaN(f.Features[0].Input(v)) {
		t.Error("what is missing has a value")
	}
}

func TestTenThousandCategories(t *testing.T) {
	t.Parallel()
	f := NewFrame([]Feature{Further("x_a")})
	for i := range 60_000 {
		v := Line(noon, map[string]int{"x_a": 0}, []string{fmt.Sprintf("word %d", i%30_000)})
		f.Add(v, int64(i), i%2 == 0)
	}
	f.Finish()
	f.Encode(40_000)
	if n := len(f.Features); n != 0 && len(f.Features[0].Levels) > maxLevels+1 {
		t.Errorf("%d levels", len(f.Features[0].Levels))
	}
}

func TestSplitLeavesAGap(t *testing.T) {
	t.Parallel()
	at := make([]int64, 100)
	for i := range at {
		at[i] = noon.AddDate(0, 0, i).UnixMicro()
	}
	s := Chronological(at, 10*24*time.Hour)
	if s.Train != (Range{0, 60}) || s.Valid != (Range{70, 75}) || s.Test != (Range{85, 100}) || s.Purged != 20 {
		t.Errorf("%+v", s)
	}
	if s := Chronological(make([]int64, 100), time.Hour); s.Purged != 0 || s.Train.Len() != 70 {
		t.Errorf("without times: %+v", s)
	}
	train, valid, test := Stratified(make([]bool, 100))
	if len(train) != 70 || len(valid) != 15 || len(test) != 15 {
		t.Errorf("%d %d %d", len(train), len(valid), len(test))
	}
}

func TestOutcomeNeedsTime(t *testing.T) {
	t.Parallel()
	h, now := 30*24*time.Hour, noon
	for _, c := range []struct {
		seen, converted time.Time
		yes, ok         bool
	}{
		{now.AddDate(0, 0, -40), now.AddDate(0, 0, -20), true, true},
		{now.AddDate(0, 0, -40), now.AddDate(0, 0, -5), false, true}, // too late
		{now.AddDate(0, 0, -40), time.Time{}, false, true},
		{now.AddDate(0, 0, -10), now.AddDate(0, 0, -5), false, false}, // not over yet
		{now.AddDate(0, 0, -40), now.AddDate(0, 0, -50), false, false},
	} {
		if yes, ok := Outcome(c.seen, c.converted, h, now); yes != c.yes || ok != c.ok {
			t.Errorf("%v %v: %v %v", c.seen, c.converted, yes, ok)
		}
	}
}

func TestLeaksAreSeen(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 1))
	f := NewFrame([]Feature{Further("x_a"), Further("x_b"), Further("x_c"), Further("x_d")})
	for i := range 4000 {
		yes := r.IntN(5) == 0
		tag, after := "cold", ""
		if yes {
			after = "2024-01-01"
		}
		if yes != (r.IntN(20) == 0) {
			tag = "will revert"
		}
		v, order := line(i, fmt.Sprint(r.IntN(100)), tag, after, fmt.Sprintf("w%d", r.IntN(900)))
		f.Add(v, order, yes)
	}
	f.Finish()
	f.Encode(2800)
	why := map[string]string{}
	for _, h := range f.Hints() {
		why[h.Name] = h.Why
	}
	if len(why) != 2 || why["x_b"] != "auc" || why["x_c"] != "filled_after" {
		t.Errorf("%v", why)
	}
}
