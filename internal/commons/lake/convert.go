package lake

import (
	"fmt"
	"math/big"
	"strconv"
	"time"

	"github.com/rapport-platform/rapport/internal/kit/delta"
)

// convert gives what turns values into a type that a column had before its
// definition changed; null where that can't be without loss of meaning.
func convert(to delta.Type) func(any) any {
	return func(v any) any {
		switch to.Kind {
		case delta.String:
			return asText(v)
		case delta.DecimalKind:
			return asDecimal(v, to)
		case delta.Double:
			switch x := v.(type) {
			case float64:
				return x
			case int64:
				return float64(x)
			case delta.Decimal:
				if f, err := strconv.ParseFloat(x.String(), 64); err == nil {
					return f
				}
			}
		case delta.Long:
			switch x := v.(type) {
			case int64:
				return x
			case bool:
				if x {
					return int64(1)
				}
				return int64(0)
			}
		case delta.Timestamp:
			switch x := v.(type) {
			case time.Time:
				return x
			case delta.Date:
				return time.Unix(int64(x)*86400, 0).UTC()
			}
		case delta.DateKind:
			switch x := v.(type) {
			case delta.Date:
				return x
			case time.Time:
				return delta.DateOf(x)
			}
		case delta.Boolean:
			if b, ok := v.(bool); ok {
				return b
			}
		}
		return nil
	}
}

func asText(v any) any {
	switch x := v.(type) {
	case nil:
		return nil
	case string:
		return x
	case time.Time:
		return x.Format(time.RFC3339Nano)
	}
	return fmt.Sprint(v)
}

// asDecimal gives a number at the scale of the type; digits beyond are rounded.
func asDecimal(v any, to delta.Type) any {
	var d delta.Decimal
	switch x := v.(type) {
	case delta.Decimal:
		d = x
	case int64:
		d = delta.DecimalFrom(x, 0)
	default:
		return nil
	}
	units := new(big.Int).Set(d.Units)
	ten := big.NewInt(10)
	for s := d.Scale; s < to.Scale; s++ {
		units.Mul(units, ten)
	}
	if cut := d.Scale - to.Scale; cut > 0 {
		div := new(big.Int).Exp(ten, big.NewInt(int64(cut)), nil)
		half := new(big.Int).Rsh(div, 1)
		if units.Sign() < 0 {
			half.Neg(half)
		}
		units.Quo(units.Add(units, half), div)
	}
	if units.CmpAbs(new(big.Int).Exp(ten, big.NewInt(int64(to.Precision)), nil)) >= 0 {
		return nil
	}
	return delta.Decimal{Units: units, Scale: to.Scale}
}
