package query

import (
	"bytes"
	"cmp"
	"math/big"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/id"
)

// Less tells whether a row comes before another in an order, as SQL sorts: null
// first ascending and last descending, text by its folded form.
func Less(t *Table, order []Order, a, b map[string]any) bool {
	for _, o := range order {
		x, y := a[o.Column], b[o.Column]
		var c int
		switch {
		case x == nil && y == nil:
			continue
		case x == nil:
			c = -1
		case y == nil:
			c = 1
		default:
			col := t.Columns[o.Column]
			c, _ = compareValues(comparisonForm(col, x), comparisonForm(col, y))
		}
		if o.Desc {
			c = -c
		}
		if c != 0 {
			return c < 0
		}
	}
	return false
}

// compareValues compares two canonical values of one kind; ok is false when
// their types differ.
func compareValues(a, b any) (c int, ok bool) {
	switch x := a.(type) {
	case string:
		y, ok := b.(string)
		return strings.Compare(x, y), ok
	case int64:
		y, ok := b.(int64)
		return cmp.Compare(x, y), ok
	case bool:
		y, ok := b.(bool)
		return boolRank(x) - boolRank(y), ok
	case id.ID:
		y, ok := b.(id.ID)
		return bytes.Compare(x[:], y[:]), ok
	case time.Time:
		y, ok := b.(time.Time)
		return cmp.Compare(x.UnixMicro(), y.UnixMicro()), ok
	case Date:
		y, ok := b.(Date)
		return strings.Compare(string(x), string(y)), ok
	case Number:
		y, ok := b.(Number)
		return x.Compare(y), ok
	case float64:
		y, ok := b.(float64)
		return cmp.Compare(x, y), ok
	case SetValue:
		y, ok := b.(SetValue)
		return strings.Compare(x.stored(), y.stored()), ok
	}
	return 0, false
}

func boolRank(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Compare gives -1, 0 or 1; the scales may differ.
func (n Number) Compare(m Number) int {
	if n.Scale == m.Scale {
		return cmp.Compare(n.Units, m.Units)
	}
	top := max(n.Scale, m.Scale)
	return n.at(top).Cmp(m.at(top))
}

func (n Number) at(scale uint8) *big.Int {
	factor := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale-n.Scale)), nil)
	return factor.Mul(factor, big.NewInt(n.Units))
}
