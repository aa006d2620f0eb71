package feature

import (
	"math"
	"slices"
	"strings"
)

// Other is the level of categories that are too rare to learn from, and of
// those never seen.
const Other = "(other)"

const (
	rare      = 10   // rows that a category needs for a level of its own, where there are thousands
	maxLevels = 1000 // the most frequent categories have levels of their own
)

// Dropped is a column that is no input, and why.
type Dropped struct {
	Name string `json:"name"`
	Why  string `json:"why"` // "empty", "constant"
}

// Encode learns the levels of categories from the first so many rows, gives all
// rows codes of them, and lets columns go that are the same in all those rows.
func (f *Frame) Encode(train int) []Dropped {
	var out []Dropped
	least := min(rare, max(2, train/200))
	kept := 0
	for i := range f.Features {
		ft, c := &f.Features[i], &f.columns[i]
		if ft.Kind == Category {
			c.encode(ft, train, least)
		}
		if why := f.same(i, train); why != "" {
			out = append(out, Dropped{ft.Name, why})
			continue
		}
		f.Features[kept], f.columns[kept] = f.Features[i], f.columns[i]
		kept++
	}
	f.Features, f.columns = f.Features[:kept], f.columns[:kept]
	return out
}

func (c *column) encode(ft *Feature, train, least int) {
	count := make([]int, len(c.list))
	others := 0
	for _, code := range c.codes[:train] {
		if code >= 0 {
			count[code]++
		} else if code == beyond {
			others++
		}
	}
	byCount := make([]int32, 0, len(c.list))
	for code, n := range count {
		if n >= least {
			byCount = append(byCount, int32(code))
		} else {
			others += n
		}
	}
	slices.SortStableFunc(byCount, func(a, b int32) int { return count[b] - count[a] })
	for _, code := range byCount[min(len(byCount), maxLevels):] {
		others += count[code]
	}
	byCount = byCount[:min(len(byCount), maxLevels)]
	ft.Levels = make([]string, 0, len(byCount)+1)
	for _, code := range byCount {
		ft.Levels = append(ft.Levels, c.list[code])
	}
	slices.SortFunc(ft.Levels, strings.Compare)
	rest := none
	if others > 0 {
		rest = int32(len(ft.Levels))
		ft.Levels = append(ft.Levels, Other)
	}
	to := make([]int32, len(c.list))
	for code := range to {
		to[code] = rest
	}
	for level, word := range ft.Levels {
		if code, ok := c.words[word]; ok {
			to[code] = int32(level)
		}
	}
	for i, code := range c.codes {
		switch {
		case code >= 0:
			c.codes[i] = to[code]
		case code == beyond:
			c.codes[i] = rest
		}
	}
	c.words, c.list = nil, nil
	ft.codes = nil
}

// same says why a column can't tell rows apart; "" where it can.
func (f *Frame) same(i, train int) string {
	filled := 0
	differ := false
	first := -1
	for row := range train {
		if f.missing(i, row) {
			continue
		}
		filled++
		if first < 0 {
			first = row
		} else if f.Features[i].Kind == Number {
			differ = differ || f.columns[i].number[row] != f.columns[i].number[first]
		} else {
			differ = differ || f.columns[i].codes[row] != f.columns[i].codes[first]
		}
	}
	switch {
	case filled == 0:
		return "empty"
	case !differ && filled == train:
		return "constant"
	}
	return ""
}

// Prepare makes a feature that was read from text ready for Code. It is called
// once, before the feature is shared.
func (f *Feature) Prepare() {
	if f.Kind != Category {
		return
	}
	f.codes = make(map[string]int32, len(f.Levels))
	for i, l := range f.Levels {
		f.codes[l] = int32(i)
	}
}

// Input gives the value of a row for a model: a number, or the code of a level;
// NaN is missing. The feature must be prepared.
func (f *Feature) Input(v View) float64 {
	if f.Kind != Category {
		return f.Value(v)
	}
	text := f.Text(v)
	if text == "" {
		return math.NaN()
	}
	return f.Level(text)
}

// Level gives the code of a word of a prepared category: that of the rest for
// one without a level of its own, NaN where there is no rest.
func (f *Feature) Level(word string) float64 {
	if code, ok := f.codes[word]; ok {
		return float64(code)
	}
	if code, ok := f.codes[Other]; ok {
		return float64(code)
	}
	return math.NaN()
}
