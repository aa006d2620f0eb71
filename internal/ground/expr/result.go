package expr

import (
	"encoding/base64"
	"math"
	"time"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

const resultDepth = 32

// result turns the evaluator's value into a Go value that JSON knows. A number
// without a JSON form (infinite, or none at all) is unknown.
func result(v ref.Val, depth int) (any, error) {
	if depth > resultDepth {
		return nil, errs.New(errs.Invalid, "expr.too_deep", "the value is nested too deeply")
	}
	switch x := v.(type) {
	case types.Null:
		return nil, nil
	case types.Bool:
		return bool(x), nil
	case types.Int:
		return int64(x), nil
	case types.Uint:
		if x > math.MaxInt64 {
			return float64(x), nil
		}
		return int64(x), nil
	case types.Double:
		if f := float64(x); !math.IsNaN(f) && !math.IsInf(f, 0) {
			return f, nil
		}
		return nil, ErrUnknown
	case types.String:
		return string(x), nil
	case types.Bytes:
		return base64.StdEncoding.EncodeToString(x), nil
	case types.Timestamp:
		return x.UTC().Truncate(time.Microsecond), nil
	case types.Duration:
		return x.Duration.String(), nil
	case traits.Mapper:
		return object(x, depth)
	case traits.Lister:
		return list(x, depth)
	}
	return nil, errs.New(errs.Invalid, "expr.result", "the expression gives no value that can be kept")
}

func object(m traits.Mapper, depth int) (any, error) {
	out := map[string]any{}
	for it := m.Iterator(); it.HasNext() == types.True; {
		key := it.Next()
		name, ok := key.(types.String)
		if !ok {
			return nil, errs.New(errs.Invalid, "expr.result", "the names of an object must be texts")
		}
		v, err := result(m.Get(key), depth+1)
		if err != nil {
			return nil, err
		}
		out[string(name)] = v
	}
	return out, nil
}

func list(l traits.Lister, depth int) (any, error) {
	out := []any{}
	for it := l.Iterator(); it.HasNext() == types.True; {
		v, err := result(it.Next(), depth+1)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}
