package query

import "time"

// postgresList turns encoded values into one array parameter, and says the cast
// that gives it its type.
func postgresList(k Kind, values []any) (list any, cast string) {
	switch k {
	case Int, Fixed:
		return listOf[int64](values), "::bigint[]"
	case Float:
		return listOf[float64](values), "::double precision[]"
	case Bool:
		return listOf[bool](values), "::boolean[]"
	case Time:
		return listOf[time.Time](values), "::timestamptz[]"
	case ID:
		return listOf[string](values), "::text[]::uuid[]"
	default:
		return listOf[string](values), "::text[]"
	}
}

func listOf[T any](values []any) []T {
	out := make([]T, 0, len(values))
	for _, v := range values {
		if x, ok := v.(T); ok {
			out = append(out, x)
		}
	}
	return out
}
