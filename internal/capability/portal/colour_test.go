package portal

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// TestEveryAccentIsReadable holds WCAG AA for any accent a marketer may choose.
func TestEveryAccentIsReadable(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := paletteOf(fmt.Sprintf("#%06x", rapid.IntRange(0, 0xffffff).Draw(t, "accent")))
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
