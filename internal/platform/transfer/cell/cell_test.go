package cell

import (
	"strings"
	"testing"
	"time"
)

func TestNumber(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, sign, want string }{
		{"1,234.50", ".", "1234.50"}, {"1.234,50", ",", "1234.50"}, {"12,34,567", ".", "1234567"}, {"1 234,5", ",", "1234.5"}, {"1'234.5", ".", "1234.5"}, {"(5)", ".", "-5"}, {"-€5.20", ".", "-5.20"},
		{"€ 7", "", "7"}, {"12 %", "", "12"}, {"1e5", "", "1e5"}, {".5", "", ".5"}, {"-3", "", "-3"}, {"123456789012345.6789", "", "123456789012345.6789"},
		{"1,5", ".", ""}, {"1.5", ",", ""}, {"lots", "", ""}, {"0x1F", "", ""}, {"1_000", "", ""}, {"NaN", "", ""}, {"Inf", "", ""}, {"--1", "", ""}, {"", "", ""}, {"1,23,4", "", ""},
	} {
		got, ok := Number(c.in, c.sign)
		if ok != (c.want != "") || ok && got != c.want {
			t.Errorf("%q with %q: %q %v, want %q", c.in, c.sign, got, ok, c.want)
		}
	}
}

func TestTimes(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Time("24.12.2025 18:00", "dmy", berlin); err != nil || !got.Equal(time.Date(2025, 12, 24, 17, 0, 0, 0, time.UTC)) {
		t.Error(got, err)
	}
	if got, err := Time("2025-12-24T18:00:00+02:00", "iso", berlin); err != nil || !got.Equal(time.Date(2025, 12, 24, 16, 0, 0, 0, time.UTC)) {
		t.Error(got, err)
	}
	for order, values := range map[string][]string{"mdy": {"1/2/2024", "12/31/2024"}, "dmy": {"1.2.2024", "31.12.2024"}, "iso": {"2024-01-02", ""}, "": {"1/2/2024", "x"}} {
		if got := Order(values); got != order {
			t.Errorf("%v: %q", values, got)
		}
	}
	for text, want := range map[string]string{"45678": "2025-01-21", "60": "1900-02-28", "61": "1900-03-01"} {
		if got, ok := Serial(text, false, nil); !ok || got.Format(time.DateOnly) != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	if got, ok := Serial("0.5", false, nil); ok {
		t.Error(got)
	}
	if got, ok := Serial("44216", true, nil); !ok || got.Format(time.DateOnly) != "2025-01-21" {
		t.Error(got)
	}
}

func TestGuard(t *testing.T) {
	t.Parallel()
	for _, v := range []string{"=1+1", "+1", "-x", "@a", "\tx", "\rx", "plain", "", "'quoted", "a=b", "'=kept", "''@kept", "''"} {
		g, bare := Guard(v), strings.TrimLeft(v, "'")
		if guarded := g != v; guarded != (bare != "" && strings.Contains("=+-@\t\r", bare[:1])) || Unguard(g) != v {
			t.Errorf("%q became %q and %q", v, g, Unguard(g))
		}
	}
}
