package colour

import (
	"fmt"
	"math"
	"strconv"
)

// rgb is a colour with channels from 0 to 255.
type rgb struct{ r, g, b float64 }

// The grounds that pages stand on; their style sheets use the same.
var (
	white    = rgb{255, 255, 255}
	black    = rgb{0, 0, 0}
	inkDark  = rgb{8, 18, 24}     // text on a light accent
	darkCard = rgb{21, 29, 36}    // the card of the dark scheme
	tinted   = rgb{226, 234, 238} // the darkest ground of the light scheme that holds text in the accent
	lifted   = rgb{51, 39, 15}    // the lightest ground of the dark scheme
)

func parseColour(s string) rgb {
	v, err := strconv.ParseUint(s[1:], 16, 32)
	if err != nil {
		return black
	}
	return rgb{float64(v >> 16 & 255), float64(v >> 8 & 255), float64(v & 255)}
}

func (c rgb) String() string {
	return fmt.Sprintf("#%02x%02x%02x", int(math.Round(c.r)), int(math.Round(c.g)), int(math.Round(c.b)))
}

// mix goes a part of the way from one colour to another.
func (c rgb) mix(to rgb, part float64) rgb {
	return rgb{c.r + (to.r-c.r)*part, c.g + (to.g-c.g)*part, c.b + (to.b-c.b)*part}
}

// luminance is WCAG's relative luminance.
func (c rgb) luminance() float64 {
	channel := func(v float64) float64 {
		v /= 255
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*channel(c.r) + 0.7152*channel(c.g) + 0.0722*channel(c.b)
}

// contrast is WCAG's ratio of two colours, from 1 to 21.
func contrast(a, b rgb) float64 {
	x, y := a.luminance(), b.luminance()
	if x < y {
		x, y = y, x
	}
	return (x + 0.05) / (y + 0.05)
}

// readable moves a colour towards another one until it stands out enough on a
// ground. 4.6 leaves a little for rounding above the 4.5 that WCAG AA asks.
func readable(c, towards, ground rgb) rgb {
	for part := 0.0; part <= 1; part += 0.05 {
		if m := c.mix(towards, part); contrast(m, ground) >= 4.6 {
			return m
		}
	}
	return towards
}

// Palette is what a style sheet needs to know of an accent.
type Palette struct {
	light, onLight       rgb // accent and text on it, light scheme
	dark, onDark         rgb // the same, dark scheme
	panel, panelEnd      rgb // the panel beside the form, which carries white text
	panelDark, panelDeep rgb
}

// Of makes the palette of an accent, which is written as #rrggbb.
func Of(accent string) Palette {
	a := parseColour(accent)
	p := Palette{light: readable(a, black, white), dark: readable(a, white, darkCard)}
	p.onLight, p.onDark = inkOn(p.light), inkOn(p.dark)
	p.panel = readable(a, black, white)
	p.panelEnd = p.panel.mix(black, 0.45)
	p.panelDark = p.panel.mix(black, 0.35)
	p.panelDeep = p.panel.mix(black, 0.7)
	return p
}

// inkOn gives the text colour that reads better on a ground.
func inkOn(ground rgb) rgb {
	if contrast(white, ground) >= contrast(inkDark, ground) {
		return white
	}
	return inkDark
}

// Theme is the colour that a browser may give its own frame.
func (p Palette) Theme() string { return p.panel.String() }

// CSS gives the variables of a page that consists of a panel and a card.
func (p Palette) CSS() string {
	light := fmt.Sprintf("--accent:%s;--on-accent:%s;--panel:%s;--panel-end:%s", p.light, p.onLight, p.panel, p.panelEnd)
	dark := fmt.Sprintf("--accent:%s;--on-accent:%s;--panel:%s;--panel-end:%s", p.dark, p.onDark, p.panelDark, p.panelDeep)
	return ":root{" + light + "}@media(prefers-color-scheme:dark){:root{" + dark + "}}"
}

// Plain tells whether a text is a colour as Of takes it.
func Plain(text string) bool {
	if len(text) != 7 || text[0] != '#' {
		return false
	}
	_, err := strconv.ParseUint(text[1:], 16, 32)
	return err == nil
}

// Accents gives the variables of pages that stand on several grounds: the accent,
// the text on it, and a soft ground of its hue for text in ink.
func Accents(accent string) string {
	a := parseColour(accent)
	light, dark := readable(a, black, tinted), readable(a, white, lifted)
	return fmt.Sprintf(":root{--accent:%s;--on-accent:%s;--accent-soft:%s}@media(prefers-color-scheme:dark){:root{--accent:%s;--on-accent:%s;--accent-soft:%s}}",
		light, inkOn(light), light.mix(white, 0.9), dark, inkOn(dark), dark.mix(darkCard, 0.84))
}
