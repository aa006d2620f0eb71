package routing

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestParsePattern(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"10115": "10115", " sw1a 1aa ": "SW1A1AA", "10*": "10*", "SW1*": "SW1*", "10115-10999": "10115-10999", "10115 – 10999": "10115-10999", "10115..10999": "10115-10999",
		"00-001": "00001", "01310-100": "01310100", "02110-1234": "021101234", "1-2": "1-2",
	} {
		if got, err := ParsePattern(text); err != nil || got.String() != want {
			t.Errorf("%q: %v %v", text, got, err)
		}
	}
	for _, text := range []string{"", "*", "1*2", "**", "-", "10..9", "20-10", "1..", "123456789012345678", "ä", "1*2*"} {
		if got, err := ParsePattern(text); err == nil {
			t.Errorf("%q is taken as %v", text, got)
		}
	}
}

// drawPattern makes patterns of few letters, so that they often meet.
func drawPattern(t *rapid.T, name string) Pattern {
	digits := rapid.StringMatching(`[0-2]{1,4}`)
	switch rapid.IntRange(0, 2).Draw(t, name+" form") {
	case 0:
		return Pattern{form: exact, lo: digits.Draw(t, name)}
	case 1:
		return Pattern{form: prefix, lo: digits.Draw(t, name)}
	}
	lo := digits.Draw(t, name)
	hi := rapid.StringMatching(fmt.Sprintf(`[0-2]{%d}`, len(lo))).Draw(t, name+" end")
	return Pattern{form: span, lo: min(lo, hi), hi: max(lo, hi)}
}

// The index gives what looking at every entry gives.
func TestIndexFindsWhatAPlainSearchFinds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		cities := rapid.SampledFrom([]string{"", "ulm", "bonn"})
		var entries []entry
		for i := range rapid.IntRange(0, 30).Draw(t, "entries") {
			e := entry{rule: i}
			if rapid.IntRange(0, 3).Draw(t, "kind") > 0 {
				p := drawPattern(t, "pattern")
				e.postal = &p
			} else {
				e.city = cities.Draw(t, "city")
			}
			entries = append(entries, e)
		}
		x := newIndex(entries)
		postal, city := rapid.StringMatching(`[0-2]{0,5}`).Draw(t, "code"), cities.Draw(t, "of")
		var want []int32
		for i, e := range entries {
			if e.postal != nil && postal != "" && e.postal.Holds(postal) || e.postal == nil && (e.city == "" || e.city == city) {
				want = append(want, int32(i))
			}
		}
		if got := x.find(postal, city); !slices.Equal(got, want) {
			t.Fatalf("%q %q: %v, a plain search gives %v", postal, city, got, want)
		}
		p := drawPattern(t, "covered")
		want = nil
		for i, e := range entries {
			if e.postal != nil && e.postal.covers(p) {
				want = append(want, int32(i))
			}
		}
		if got := x.covering(p); !slices.Equal(got, want) {
			t.Fatalf("covering %v: %v, a plain search gives %v", p, got, want)
		}
	})
}

// A pattern that covers another holds every code of it, and one that does not
// lacks one, but for what only unequal lengths tell apart.
func TestCovering(t *testing.T) {
	t.Parallel()
	var codes []string
	var make func(string)
	make = func(s string) {
		if s != "" {
			codes = append(codes, s)
		}
		if len(s) < 6 {
			for _, d := range []string{"0", "1", "2", "3"} {
				make(s + d)
			}
		}
	}
	make("")
	rapid.Check(t, func(t *rapid.T) {
		p, q := drawPattern(t, "p"), drawPattern(t, "q")
		if !p.covers(q) {
			return
		}
		for _, c := range codes {
			if q.Holds(c) && !p.Holds(c) {
				t.Fatalf("%v is said to cover %v, but lacks %s", p, q, c)
			}
		}
		if p.width() < q.width() {
			t.Fatalf("%v covers %v and is said to be narrower", p, q)
		}
	})
}

func BenchmarkIndex(b *testing.B) {
	var entries []entry
	for i := range 5000 {
		var p Pattern
		switch i % 3 {
		case 0:
			p = Pattern{form: exact, lo: fmt.Sprintf("%05d", i*17%100000)}
		case 1:
			p = Pattern{form: prefix, lo: fmt.Sprintf("%03d", i%1000)}
		default:
			p = Pattern{form: span, lo: fmt.Sprintf("%05d", i*19), hi: fmt.Sprintf("%05d", i*19+18)}
		}
		entries = append(entries, entry{rule: i, postal: &p})
	}
	x := newIndex(entries)
	for i := range b.N {
		x.find(fmt.Sprintf("%05d", i%100000), "")
	}
}
