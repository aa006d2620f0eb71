package feature

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Kind says how a feature is read.
type Kind string

// The kinds.
const (
	Number   Kind = "number"
	Category Kind = "category"
	Auto     Kind = "auto" // a number if all that is there are numbers; decided by the data
)

// The ways to work a feature out of a View.
const (
	OpAttribute = "attribute" // the value
	OpFilled    = "filled"    // whether there is one
	OpDomain    = "domain"    // of an e-mail address
	OpIs        = "is"        // 1 where the attribute is the value Is, else 0: a column of a one-hot coding
	OpViews     = "views"     // events in the last Days
	OpSeconds   = "seconds"   // time in view in the last Days
	OpPages     = "pages"     // different pages in the last Days
	OpIdle      = "idle"      // days since the last event
	OpAge       = "age"       // days since the lead came
	OpHour      = "hour"      // of the day on which it came, UTC
	OpWeekday   = "weekday"   // on which it came, UTC
)

// Feature is one input of a model, as text can describe it.
type Feature struct {
	Name    string            `json:"name"`   // unique in a model
	Source  string            `json:"source"` // what people know it by: a column, "engagement", "time"; reasons are grouped by it
	Op      string            `json:"op"`
	Of      string            `json:"of,omitempty"` // attribute that it is made of
	Days    int               `json:"days,omitempty"`
	Is      string            `json:"is,omitempty"`    // of OpIs; Other is any value that Known lacks
	Known   []string          `json:"known,omitempty"` // of OpIs for Other
	Kind    Kind              `json:"kind"`
	Label   map[string]string `json:"label"`            // by language
	Words   map[string]string `json:"words,omitempty"`  // labels of values, in English, where they are options
	Arrival bool              `json:"arrival"`          // known when a lead arrives
	Levels  []string          `json:"levels,omitempty"` // of a category, in the order of the codes; set by encoding

	codes map[string]int32
}

// Text gives the raw value of a category; "" is missing.
func (f *Feature) Text(v View) string {
	switch f.Op {
	case OpFilled:
		if v.Attribute(f.Of) == "" {
			return "no"
		}
		return "yes"
	case OpDomain:
		_, domain, _ := strings.Cut(v.Attribute(f.Of), "@")
		return strings.ToLower(domain)
	case OpWeekday:
		if v.arrived.IsZero() {
			return ""
		}
		return v.arrived.UTC().Weekday().String()
	}
	return v.Attribute(f.Of)
}

// Value gives a number; NaN is missing.
func (f *Feature) Value(v View) float64 {
	switch f.Op {
	case OpAttribute:
		return parse(v.Attribute(f.Of))
	case OpIs:
		text := v.Attribute(f.Of)
		if text == f.Is || f.Is == Other && text != "" && !slices.Contains(f.Known, text) {
			return 1
		}
		return 0
	case OpViews:
		return float64(len(v.within(f.Days)))
	case OpSeconds:
		sum := 0.0
		for _, e := range v.within(f.Days) {
			sum += e.Seconds
		}
		return sum
	case OpPages:
		pages := map[string]bool{}
		for _, e := range v.within(f.Days) {
			pages[e.Page] = true
		}
		return float64(len(pages))
	case OpIdle:
		if len(v.events) == 0 {
			return math.NaN()
		}
		return days(v.at.Sub(v.events[len(v.events)-1].At))
	case OpAge:
		if v.arrived.IsZero() {
			return math.NaN()
		}
		return days(v.at.Sub(v.arrived))
	}
	if f.Op == OpHour && !v.arrived.IsZero() {
		return float64(v.arrived.UTC().Hour())
	}
	return math.NaN()
}

func days(d time.Duration) float64 { return math.Round(d.Hours()/24*100) / 100 }

// parse reads a finite number; everything else is missing.
func parse(s string) float64 {
	if s == "" {
		return math.NaN()
	}
	switch s {
	case "true":
		return 1
	case "false":
		return 0
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(n, 0) {
		return math.NaN()
	}
	return n
}

// In gives the label in a language, else in English, else the name.
func (f *Feature) In(language string) string {
	for _, l := range []string{language, "en"} {
		if s := f.Label[l]; s != "" {
			return s
		}
	}
	return f.Name
}
