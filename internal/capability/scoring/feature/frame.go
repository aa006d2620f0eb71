package feature

import (
	"cmp"
	"math"
	"slices"
	"time"
)

const (
	// autoSample is after how many rows a column of unknown kind is a number or not.
	autoSample = 20_000
	// maxDictionary bounds the different values of a category that are told apart.
	maxDictionary = 20_000
	// none and beyond are codes of what is missing and of what came after the dictionary was full.
	none, beyond = int32(-1), int32(-2)
)

// Frame collects rows to learn from, column by column. Its memory is eight
// bytes a number and four a category, whatever the texts are.
type Frame struct {
	Features []Feature
	Label    []bool
	At       []int64 // microseconds since 1970; 0 where only the order is known
	Order    []int64 // which row came first where moments are equal or unknown
	First    []bool  // the row is of the moment at which the lead came

	columns []column
	decided bool
}

type column struct {
	number  []float64
	codes   []int32
	words   map[string]int32
	list    []string
	waiting []string // raw values of a column of unknown kind
	odd     int      // values of a number that are none
}

// NewFrame begins a frame of the features.
func NewFrame(features []Feature) *Frame {
	f := &Frame{Features: slices.Clone(features), columns: make([]column, len(features))}
	for i := range f.columns {
		f.columns[i].words = map[string]int32{}
	}
	return f
}

// Rows gives the number of rows.
func (f *Frame) Rows() int { return len(f.Label) }

// Add adds a row: what was known, and what became of it.
func (f *Frame) Add(v View, order int64, label bool) {
	at := int64(0)
	if !v.at.IsZero() {
		at = v.at.UnixMicro()
	}
	f.Label, f.At, f.Order, f.First = append(f.Label, label), append(f.At, at), append(f.Order, order), append(f.First, !v.later())
	for i := range f.Features {
		ft, c := &f.Features[i], &f.columns[i]
		switch ft.Kind {
		case Number:
			if ft.Op == OpAttribute {
				c.addNumber(v.Attribute(ft.Of))
			} else {
				c.number = append(c.number, ft.Value(v))
			}
		case Category:
			c.addWord(ft.Text(v))
		default:
			c.waiting = append(c.waiting, ft.Text(v))
		}
	}
	if !f.decided && len(f.Label) >= autoSample {
		f.decide()
	}
}

func (c *column) addNumber(text string) {
	n := parse(text)
	if n != n && text != "" {
		c.odd++
	}
	c.number = append(c.number, n)
}

func (c *column) addWord(text string) {
	if text == "" {
		c.codes = append(c.codes, none)
		return
	}
	code, ok := c.words[text]
	if !ok {
		if code = beyond; len(c.list) < maxDictionary {
			code = int32(len(c.list))
			c.words[text] = code
			c.list = append(c.list, text)
		}
	}
	c.codes = append(c.codes, code)
}

// decide settles the kind of columns of which it was not known.
func (f *Frame) decide() {
	f.decided = true
	for i := range f.Features {
		ft, c := &f.Features[i], &f.columns[i]
		if ft.Kind != Auto {
			continue
		}
		filled, numbers := 0, 0
		for _, v := range c.waiting {
			if v == "" {
				continue
			}
			filled++
			if n := parse(v); n == n && v != "true" && v != "false" {
				numbers++
			}
		}
		ft.Kind = Category
		if filled > 0 && numbers*1000 >= filled*995 {
			ft.Kind = Number
		}
		for _, v := range c.waiting {
			if ft.Kind == Number {
				c.addNumber(v)
			} else {
				c.addWord(v)
			}
		}
		c.waiting = nil
	}
}

// Finish settles what is open and puts the rows in the order of time.
func (f *Frame) Finish() {
	if !f.decided {
		f.decide()
	}
	perm := make([]int32, f.Rows())
	for i := range perm {
		perm[i] = int32(i)
	}
	slices.SortStableFunc(perm, func(a, b int32) int {
		return cmp.Or(cmp.Compare(f.At[a], f.At[b]), cmp.Compare(f.Order[a], f.Order[b]))
	})
	f.Label, f.At, f.Order, f.First = take(f.Label, perm), take(f.At, perm), take(f.Order, perm), take(f.First, perm)
	for i := range f.columns {
		c := &f.columns[i]
		if f.Features[i].Kind == Number {
			c.number = take(c.number, perm)
		} else {
			c.codes = take(c.codes, perm)
		}
	}
}

// take gives the elements in the order of the indices.
func take[T any](values []T, perm []int32) []T {
	out := make([]T, len(perm))
	for i, p := range perm {
		out[i] = values[p]
	}
	return out
}

// Numbers gives the values of a numeric column; nil for a category.
func (f *Frame) Numbers(i int) []float64 {
	if f.Features[i].Kind != Number {
		return nil
	}
	return f.columns[i].number
}

// Codes gives the codes of a category, after Encode into its Levels; -1 is missing.
func (f *Frame) Codes(i int) []int32 { return f.columns[i].codes }

// Odd gives how many values of a numeric column were no finite numbers.
func (f *Frame) Odd(i int) int { return f.columns[i].odd }

// missing tells whether a row has no value in a column.
func (f *Frame) missing(i, row int) bool {
	if f.Features[i].Kind == Number {
		return math.IsNaN(f.columns[i].number[row])
	}
	return f.columns[i].codes[row] == none
}

// Span gives the first and last moment of a range of rows; zero where none is known.
func (f *Frame) Span(from, to int) (first, last time.Time) {
	if from >= to || f.At[to-1] == 0 {
		return first, last
	}
	return time.UnixMicro(f.At[from]).UTC(), time.UnixMicro(f.At[to-1]).UTC()
}

// Filling tells how much there is in a column.
type Filling struct {
	Share   float64 // of rows with a value
	Levels  int     // of a category
	Differs bool    // not all rows are the same
}

// Filled looks at every column of a finished frame, before Encode.
func (f *Frame) Filled() []Filling {
	out := make([]Filling, len(f.Features))
	for i := range f.Features {
		n := 0
		for row := range f.Rows() {
			if !f.missing(i, row) {
				n++
			}
		}
		out[i] = Filling{Share: round(float64(n) / float64(max(1, f.Rows()))), Differs: f.Rows() > 0 && f.same(i, f.Rows()) == ""}
		if f.Features[i].Kind == Category {
			out[i].Levels = len(f.columns[i].list)
		}
	}
	return out
}
