package query

import (
	"slices"
	"strconv"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// SetValue is the canonical value of kind Set: whole numbers in ascending order,
// each once, joined by commas ("1,3"). A set without members is null, never "".
//
// It is stored as text with a comma before, between and after the members
// (",1,3,"), so that on both databases a set holds 3 exactly where its text
// holds ",3,", and two sets are equal where their texts are.
type SetValue string

const setMost = 1000 // members

// NewSet makes a set of the numbers, in any order, doubles among them.
func NewSet(members ...int64) SetValue {
	sorted := slices.Compact(slices.Sorted(slices.Values(members)))
	texts := make([]string, len(sorted))
	for i, n := range sorted {
		texts[i] = strconv.FormatInt(n, 10)
	}
	return SetValue(strings.Join(texts, ","))
}

// ParseSet reads numbers separated by commas, in any order; "" is the empty set.
func ParseSet(s string) (SetValue, error) {
	bad := errs.New(errs.Invalid, "value.set", "a set looks like 1,3")
	if strings.TrimSpace(s) == "" {
		return "", nil
	}
	if strings.Count(s, ",") >= setMost {
		return "", bad
	}
	var members []int64
	for _, part := range strings.Split(s, ",") {
		n, err := strconv.ParseInt(strings.TrimSpace(part), 10, 64)
		if err != nil {
			return "", bad
		}
		members = append(members, n)
	}
	return NewSet(members...), nil
}

// Values gives the members in ascending order.
func (s SetValue) Values() []int64 {
	if s == "" {
		return nil
	}
	parts := strings.Split(string(s), ",")
	out := make([]int64, len(parts))
	for i, p := range parts {
		out[i], _ = strconv.ParseInt(p, 10, 64) // canonical values always parse
	}
	return out
}

// Has tells whether the set holds a number.
func (s SetValue) Has(n int64) bool {
	return strings.Contains(s.stored(), SetMark(n))
}

// SetMark gives the text by which a stored set shows that it holds a number.
func SetMark(n int64) string { return "," + strconv.FormatInt(n, 10) + "," }

func (s SetValue) stored() string { return "," + string(s) + "," }
