package metadata

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Shape says how values of a column are stored and what they are on the wire.
type Shape struct {
	Kind   query.Kind
	Scale  uint8  // of query.Fixed
	Folded bool   // a companion column holds the folded text
	Edm    string // type in CSDL, such as "Edm.String"
}

// types lists every column type by the name that definitions use.
func types() map[string]Type {
	return map[string]Type{
		"text": textType{}, "memo": memoType{}, "whole": wholeType{}, "bigint": bigintType{}, "decimal": decimalType{}, "double": doubleType{}, "money": moneyType{},
		"boolean": booleanType{}, "date": dateType{}, "datetime": datetimeType{}, "choice": choiceType{}, "multichoice": multichoiceType{},
		"lookup": lookupType{}, "customer": lookupType{}, "owner": lookupType{}, "id": idType{}, "json": jsonType{}, "file": fileType{}, "image": imageType{},
	}
}

// TypeNames lists the column types, sorted.
func TypeNames() []string { return slices.Sorted(maps.Keys(types())) }

// checkFormat refuses a format that is not one of the type's.
func (c *Column) checkFormat(known ...string) error {
	if c.Format != "" && !slices.Contains(known, c.Format) {
		return wrong(c, "definition", "the format %q is not one of %s", c.Format, strings.Join(known, ", "))
	}
	return nil
}

func (c *Column) checkBounds() error {
	if c.Least != nil && c.Most != nil && *c.Least > *c.Most {
		return wrong(c, "definition", "least is greater than most")
	}
	return nil
}

func equalFold(a, b string) bool {
	return query.FoldEqual(strings.TrimSpace(a), strings.TrimSpace(b))
}

func lower(s string) string { return strings.ToLower(s) }

// asInt reads a whole number out of what JSON, YAML and Go give for one.
func asInt(v any) (int64, bool) {
	switch n := v.(type) {
	case int64:
		return n, true
	case int:
		return int64(n), true
	case uint64:
		return int64(n), n <= math.MaxInt64
	case float64:
		return int64(n), n == math.Trunc(n) && math.Abs(n) < 1<<53
	case json.Number:
		i, err := n.Int64()
		if err != nil {
			f, err := n.Float64()
			return int64(f), err == nil && f == math.Trunc(f) && math.Abs(f) < 1<<53
		}
		return i, true
	}
	return 0, false
}
