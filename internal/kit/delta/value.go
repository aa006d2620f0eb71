package delta

import (
	"bytes"
	"cmp"
	"math/big"
	"strconv"
	"strings"
	"time"
)

// The Go value of each kind; nil is null in every kind:
//
//	String string · Long, Integer, Short, Byte int64 · Float float32 · Double float64
//	Boolean bool · Binary []byte · DateKind Date · Timestamp time.Time in UTC
//	DecimalKind Decimal · Array []any · Map []Entry · Struct map[string]any

// Date is a calendar day, counted from 1970-01-01.
type Date int32

// String gives the day as 2006-01-02.
func (d Date) String() string {
	return time.Unix(int64(d)*86400, 0).UTC().Format(time.DateOnly)
}

// DateOf gives the day of an instant in UTC.
func DateOf(t time.Time) Date {
	s := t.Unix()
	if s < 0 {
		s -= 86399
	}
	return Date(s / 86400)
}

// ParseDate reads 2006-01-02.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return 0, err
	}
	return DateOf(t), nil
}

// Decimal is Units × 10^-Scale. Units is never nil in what a scan gives.
type Decimal struct {
	Units *big.Int
	Scale int
}

// DecimalFrom gives a decimal of 64 bits.
func DecimalFrom(units int64, scale int) Decimal { return Decimal{big.NewInt(units), scale} }

// String gives all digits after the point, as the scale says.
func (d Decimal) String() string {
	s := new(big.Int).Abs(d.Units).String()
	if d.Scale > 0 {
		if len(s) <= d.Scale {
			s = strings.Repeat("0", d.Scale-len(s)+1) + s
		}
		s = s[:len(s)-d.Scale] + "." + s[len(s)-d.Scale:]
	}
	if d.Units.Sign() < 0 {
		s = "-" + s
	}
	return s
}

// ParseDecimal reads a decimal at a scale; more digits than the scale has are refused.
func ParseDecimal(s string, scale int) (Decimal, bool) {
	whole, frac, _ := strings.Cut(s, ".")
	if len(s) > 60 || len(frac) > scale {
		return Decimal{}, false
	}
	units, ok := new(big.Int).SetString(whole+frac+strings.Repeat("0", scale-len(frac)), 10)
	return Decimal{units, scale}, ok
}

// Entry is one pair of a map.
type Entry struct{ Key, Value any }

// Compare orders two values of one flat kind; null stands first.
func Compare(a, b any) int {
	if a == nil || b == nil {
		return cmp.Compare(rank(a), rank(b))
	}
	switch x := a.(type) {
	case string:
		if y, ok := b.(string); ok {
			return strings.Compare(x, y)
		}
	case int64:
		if y, ok := b.(int64); ok {
			return cmp.Compare(x, y)
		}
	case float32:
		if y, ok := b.(float32); ok {
			return cmp.Compare(x, y)
		}
	case float64:
		if y, ok := b.(float64); ok {
			return cmp.Compare(x, y)
		}
	case bool:
		if y, ok := b.(bool); ok {
			return cmp.Compare(truth(x), truth(y))
		}
	case []byte:
		if y, ok := b.([]byte); ok {
			return bytes.Compare(x, y)
		}
	case Date:
		if y, ok := b.(Date); ok {
			return cmp.Compare(x, y)
		}
	case time.Time:
		if y, ok := b.(time.Time); ok {
			return x.Compare(y)
		}
	case Decimal:
		if y, ok := b.(Decimal); ok {
			return compareDecimals(x, y)
		}
	}
	return 0
}

func compareDecimals(a, b Decimal) int {
	if a.Scale == b.Scale {
		return a.Units.Cmp(b.Units)
	}
	return a.rat().Cmp(b.rat())
}

func (d Decimal) rat() *big.Rat {
	return new(big.Rat).SetFrac(d.Units, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(d.Scale)), nil))
}

func rank(v any) int {
	if v == nil {
		return 0
	}
	return 1
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}

// fits tells whether a value is one of the kind.
func (t Type) fits(v any) bool {
	switch t.Kind {
	case String:
		_, ok := v.(string)
		return ok
	case Long, Integer, Short, Byte:
		n, ok := v.(int64)
		bits := map[Kind]uint{Long: 64, Integer: 32, Short: 16, Byte: 8}[t.Kind]
		return ok && (bits == 64 || n >= -1<<(bits-1) && n < 1<<(bits-1))
	case Float:
		_, ok := v.(float32)
		return ok
	case Double:
		_, ok := v.(float64)
		return ok
	case Boolean:
		_, ok := v.(bool)
		return ok
	case Binary:
		_, ok := v.([]byte)
		return ok
	case DateKind:
		_, ok := v.(Date)
		return ok
	case Timestamp:
		x, ok := v.(time.Time)
		return ok && x.Year() >= 1 && x.Year() <= 9999
	case DecimalKind:
		d, ok := v.(Decimal)
		return ok && d.Scale == t.Scale && d.Units != nil && d.Units.CmpAbs(pow10(t.Precision)) < 0
	}
	return false
}

func pow10(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// partitionValue reads the text by which the log gives a value of a partition
// column; an empty text is null.
func (t Type) partitionValue(text *string) (any, error) {
	if text == nil || *text == "" {
		return nil, nil
	}
	s := *text
	var v any
	var err error
	switch t.Kind {
	case String:
		return s, nil
	case Binary:
		return []byte(s), nil
	case Long, Integer, Short, Byte:
		v, err = strconv.ParseInt(s, 10, 64)
	case Float:
		var f float64
		f, err = strconv.ParseFloat(s, 32)
		v = float32(f)
	case Double:
		v, err = strconv.ParseFloat(s, 64)
	case Boolean:
		v, err = strconv.ParseBool(s)
	case DateKind:
		v, err = ParseDate(s)
	case Timestamp:
		v, err = parseTimestamp(s)
	case DecimalKind:
		d, ok := ParseDecimal(s, t.Scale)
		if !ok {
			return nil, fault(ErrLog, "a partition has a value that is not a %s", t)
		}
		return d, nil
	default:
		return nil, fault(ErrFeature, "partitions by a column of type %s are not offered", t)
	}
	if err != nil {
		return nil, faultBy(err, ErrLog, "a partition has a value that is not a %s", t)
	}
	return v, nil
}

// parseTimestamp reads the forms that the format allows; one without a zone is
// taken as UTC.
func parseTimestamp(s string) (t time.Time, err error) {
	for _, layout := range []string{"2006-01-02 15:04:05.999999", time.RFC3339Nano, "2006-01-02T15:04:05.999999", "2006-01-02 15:04:05.999999Z07:00"} {
		if t, err = time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return t, err
}
