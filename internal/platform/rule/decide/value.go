package decide

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
)

// value is what tables compare: a number (also of choices, and 0 or 1 of
// booleans) or a folded text.
type value struct {
	number float64
	text   string
	known  bool
}

// one is what a value is in cells: equal values are equal strings.
func (v value) one(kind string) string {
	if kind == Text {
		return v.text
	}
	return strconv.FormatFloat(v.number, 'g', -1, 64)
}

func fold(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

type floater interface{ Float() float64 }

// canonical makes what comes from records, services and people one of nil,
// float64, string, bool and time.Time; what does not fit the kind is nil.
func canonical(kind string, raw any) any {
	switch kind {
	case Number, Choice:
		if n, ok := numberOf(raw); ok {
			if kind == Choice && n != math.Trunc(n) {
				return nil
			}
			return n
		}
	case Boolean:
		if b, ok := raw.(bool); ok {
			return b
		}
	case Text:
		if s, ok := raw.(string); ok && strings.TrimSpace(s) != "" {
			return s
		}
	case Date:
		return dateOf(raw)
	}
	return nil
}

func numberOf(raw any) (float64, bool) {
	var f float64
	switch n := raw.(type) {
	case float64:
		f = n
	case int64:
		f = float64(n)
	case int:
		f = float64(n)
	case json.Number:
		x, err := n.Float64()
		if err != nil {
			return 0, false
		}
		f = x
	case floater:
		f = n.Float()
	default:
		return 0, false
	}
	return f, !math.IsNaN(f) && !math.IsInf(f, 0)
}

type texter interface{ String() string }

func dateOf(raw any) any {
	text := ""
	switch d := raw.(type) {
	case time.Time:
		return d.UTC()
	case string:
		text = d
	case texter:
		text = d.String()
	default:
		return nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC()
		}
	}
	return nil
}

// comparable makes a canonical value one that tables compare.
func comparableOf(kind string, v any) value {
	switch x := v.(type) {
	case float64:
		if kind == Number || kind == Choice {
			return value{number: x, known: true}
		}
	case bool:
		if kind == Boolean {
			return value{number: float64(bit(x)), known: true}
		}
	case string:
		if kind == Text {
			return value{text: fold(x), known: true}
		}
	}
	return value{}
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Show writes a canonical value for people.
func Show(v any) string {
	switch x := v.(type) {
	case nil:
		return "–"
	case float64:
		return showNumber(x)
	case bool:
		return strconv.FormatBool(x)
	case time.Time:
		return x.Format(time.DateOnly)
	case string:
		return x
	}
	return "?"
}

// inWords shows a value within a sentence: numbers with two decimals, shares with four.
func inWords(v any) string {
	f, is := v.(float64)
	if !is {
		return Show(v)
	}
	scale := 100.0
	if math.Abs(f) < 1 {
		scale = 10000
	}
	return showNumber(math.Round(f*scale) / scale)
}

// showNumber has at most six decimals, and none that are zero.
func showNumber(f float64) string {
	text := strconv.FormatFloat(f, 'f', 6, 64)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}
