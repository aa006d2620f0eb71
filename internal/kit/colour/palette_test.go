package colour

import (
	"fmt"
	"regexp"
	"testing"

	"pgregory.net/rapid"
)

// TestEveryAccentIsReadable holds WCAG AA for any accent a marketer may choose.
func TestEveryAccentIsReadable(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := Of(fmt.Sprintf("#%06x", rapid.IntRange(0, 0xffffff).Draw(t, "accent")))
		for name, pair := range map[string][2]rgb{
			"accent on the card": {p.light, white}, "text on the accent": {p.onLight, p.light},
			"accent on the dark card": {p.dark, darkCard}, "text on the dark accent": {p.onDark, p.dark},
			"text on the panel": {white, p.panel}, "text at the panel's end": {white, p.panelEnd}, "text on the dark panel": {white, p.panelDark},
		} {
			// What the browser gets is rounded to whole steps.
			a, b := parseColour(pair[0].String()), parseColour(pair[1].String())
			if c := contrast(a, b); c < 4.5 {
				t.Fatalf("%s: %s on %s has a contrast of %.2f", name, a, b, c)
			}
		}
	})
}

// TestAccentsAreReadable holds the same for pages on several grounds.
func TestAccentsAreReadable(t *testing.T) {
	t.Parallel()
	pattern := regexp.MustCompile(`--(accent|on-accent|accent-soft):(#[0-9a-f]{6})`)
	rapid.Check(t, func(t *rapid.T) {
		found := pattern.FindAllStringSubmatch(Accents(fmt.Sprintf("#%06x", rapid.IntRange(0, 0xffffff).Draw(t, "accent"))), -1)
		if len(found) != 6 {
			t.Fatal(found)
		}
		for scheme, s := range [][]rgb{{white, rgb{243, 246, 248}, tinted, rgb{20, 33, 43}}, {darkCard, rgb{13, 19, 24}, lifted, rgb{233, 239, 243}}} {
			accent, on, soft := parseColour(found[3*scheme][2]), parseColour(found[3*scheme+1][2]), parseColour(found[3*scheme+2][2])
			for _, pair := range [][2]rgb{{accent, s[0]}, {accent, s[1]}, {accent, s[2]}, {on, accent}, {s[3], soft}} {
				if c := contrast(pair[0], pair[1]); c < 4.5 {
					t.Fatalf("scheme %d: %s on %s has a contrast of %.2f", scheme, pair[0], pair[1], c)
				}
			}
		}
	})
	for text, ok := range map[string]bool{"#0f5f73": true, "#0f5f7": false, "0f5f731": false, "#0f5f7g": false, "": false, "#+f5f73": false} {
		if Plain(text) != ok {
			t.Errorf("%q: %v", text, !ok)
		}
	}
}
