package query

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
)

// Coerce turns a literal (of OData text, JSON, YAML or Go) into the canonical
// value with which the column is compared. Nil stays nil. Numbers may arrive as
// text, because named functions of the Web API quote all their values.
func Coerce(c Column, v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	switch c.Kind {
	case Text, Memo:
		return coerceText(c, v)
	case Int:
		return coerceInt(c, v)
	case Bool:
		return coerceBool(c, v)
	case ID:
		return coerceID(c, v)
	case Time:
		return coerceTime(c, v)
	case Day:
		return coerceDay(c, v)
	case Fixed:
		return coerceFixed(c, v)
	case Float:
		return coerceFloat(c, v)
	case Set:
		return coerceSet(c, v)
	default:
		return nil, errs.New(errs.Invalid, "query.column_kind", "column %s holds documents and can't be compared", c.Name)
	}
}

func badValue(c Column, expected string) error {
	e := errs.New(errs.Invalid, "query.value", "column %s: %s is expected", c.Name, expected)
	e.Fields = []errs.Field{{Name: c.Name, Code: "type", Message: expected + " is expected"}}
	return e
}

func coerceText(c Column, v any) (any, error) {
	switch s := v.(type) {
	case string:
		if !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 {
			return nil, badValue(c, "valid UTF-8 without NUL characters")
		}
		return s, nil
	case id.ID:
		return s.String(), nil
	case Date:
		return string(s), nil
	}
	return nil, badValue(c, "a text")
}

func coerceInt(c Column, v any) (any, error) {
	switch n := v.(type) {
	case int64:
		return n, nil
	case int:
		return int64(n), nil
	case uint64:
		if n <= math.MaxInt64 {
			return int64(n), nil
		}
	case float64:
		if n == math.Trunc(n) && math.Abs(n) < 1<<53 {
			return int64(n), nil
		}
	case Number:
		return coerceInt(c, n.String())
	case json.Number:
		return coerceInt(c, n.String())
	case string:
		if i, err := strconv.ParseInt(n, 10, 64); err == nil {
			return i, nil
		}
		if x, err := ParseNumber(n, 0); err == nil {
			if fine, err := ParseNumber(n, 6); err == nil && fine.Units%1_000_000 == 0 {
				return x.Units, nil
			}
		}
	}
	return nil, badValue(c, "a whole number")
}

func coerceBool(c Column, v any) (any, error) {
	switch b := v.(type) {
	case bool:
		return b, nil
	case int64:
		if b == 0 || b == 1 {
			return b == 1, nil
		}
	case json.Number:
		return coerceBool(c, b.String())
	case string:
		switch b {
		case "true", "1":
			return true, nil
		case "false", "0":
			return false, nil
		}
	}
	return nil, badValue(c, "true or false")
}

func coerceID(c Column, v any) (any, error) {
	switch x := v.(type) {
	case id.ID:
		return x, nil
	case string:
		if parsed, err := id.Parse(x); err == nil {
			return parsed, nil
		}
	}
	return nil, badValue(c, "a GUID")
}

func coerceTime(c Column, v any) (any, error) {
	var t time.Time
	switch x := v.(type) {
	case time.Time:
		t = x
	case Date:
		return coerceTime(c, string(x))
	case string:
		var err error
		if t, err = time.Parse(time.RFC3339Nano, x); err != nil {
			if t, err = time.Parse(time.DateOnly, x); err != nil {
				return nil, badValue(c, "an instant such as 2006-01-02T15:04:05Z")
			}
		}
	default:
		return nil, badValue(c, "an instant such as 2006-01-02T15:04:05Z")
	}
	t = t.UTC()
	if y := t.Year(); y < 1 || y > 9999 {
		return nil, badValue(c, "a year from 1 to 9999")
	}
	return t.Truncate(time.Microsecond), nil
}

func coerceDay(c Column, v any) (any, error) {
	switch x := v.(type) {
	case Date:
		return coerceDay(c, string(x))
	case time.Time:
		return Date(x.UTC().Format(time.DateOnly)), nil
	case string:
		if day, err := ParseDate(x); err == nil {
			return day, nil
		}
		if t, err := time.Parse(time.RFC3339Nano, x); err == nil {
			return Date(t.Format(time.DateOnly)), nil
		}
	}
	return nil, badValue(c, "a date such as 2006-01-02")
}

func coerceFixed(c Column, v any) (any, error) {
	var s string
	switch n := v.(type) {
	case Number:
		if n.Scale == c.Scale {
			return n, nil
		}
		s = n.String()
	case json.Number:
		s = n.String()
	case string:
		s = n
	case float64:
		s = strconv.FormatFloat(n, 'f', -1, 64)
	case int64:
		s = strconv.FormatInt(n, 10)
	case int:
		s = strconv.Itoa(n)
	default:
		return nil, badValue(c, "a number")
	}
	n, err := ParseNumber(s, c.Scale)
	if err != nil {
		return nil, badValue(c, "a number in the allowed range")
	}
	return n, nil
}

func coerceFloat(c Column, v any) (any, error) {
	var s string
	switch n := v.(type) {
	case float64:
		s = strconv.FormatFloat(n, 'g', -1, 64)
	case json.Number:
		s = n.String()
	case string:
		s = n
	case Number:
		s = n.String()
	case int64:
		s = strconv.FormatInt(n, 10)
	case int:
		s = strconv.Itoa(n)
	default:
		return nil, badValue(c, "a number")
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, badValue(c, "a number in the allowed range")
	}
	return f + 0, nil // minus nought and nought are one value
}

// coerceSet takes what a set is compared with as a whole: "1,3", or one number.
func coerceSet(c Column, v any) (any, error) {
	text := ""
	switch x := v.(type) {
	case SetValue:
		return x, nil
	case string:
		text = x
	case json.Number:
		text = x.String()
	case int64:
		text = strconv.FormatInt(x, 10)
	case int:
		text = strconv.Itoa(x)
	case Number:
		text = x.String()
	}
	set, err := ParseSet(text)
	if err != nil || set == "" {
		return nil, badValue(c, "values of options such as 1,3")
	}
	return set, nil
}
