package gbdt

import (
	"math"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// Limits of a data set. They bound memory and keep integer sums exact.
const (
	MaxRows    = 1 << 27
	MaxColumns = 1 << 16
	MaxLevels  = 1 << 20
)

// Column is one column of a data set: either Numeric or Codes is set.
type Column struct {
	Name    string
	Numeric []float64 // NaN is missing; infinities are the extremes
	Codes   []int32   // index into Levels; -1 is missing
	Levels  []string  // names of the categories, in the order of the codes
}

// Categorical tells whether the column holds codes.
func (c *Column) Categorical() bool { return c.Codes != nil }

func (c *Column) rows() int {
	if c.Codes != nil {
		return len(c.Codes)
	}
	return len(c.Numeric)
}

// Dataset is columns with labels and weights. It refers to the slices it was
// made of; they must not change while it is in use.
type Dataset struct {
	Columns []Column
	Label   []bool
	Weight  []float64 // nil: every row counts 1
}

// NewDataset checks that the columns, labels and weights fit together. label
// may be nil for data that are only to be scored. Errors are Invalid and name
// the column.
func NewDataset(cols []Column, label []bool, weight []float64) (*Dataset, error) {
	if len(cols) == 0 {
		return nil, errs.New(errs.Invalid, "gbdt.no_columns", "a data set needs at least one column")
	}
	if len(cols) > MaxColumns {
		return nil, errs.New(errs.TooLarge, "gbdt.too_many_columns", "%d columns; at most %d are possible", len(cols), MaxColumns)
	}
	n := cols[0].rows()
	if label != nil {
		n = len(label)
	}
	if n > MaxRows {
		return nil, errs.New(errs.TooLarge, "gbdt.too_many_rows", "%d rows; at most %d are possible", n, MaxRows)
	}
	seen := make(map[string]bool, len(cols))
	for i := range cols {
		c := &cols[i]
		if c.Name == "" || seen[c.Name] {
			return nil, errs.New(errs.Invalid, "gbdt.column_name", "column %d has no name of its own: %q", i, c.Name)
		}
		seen[c.Name] = true
		if (c.Numeric != nil) && (c.Codes != nil) {
			return nil, errs.New(errs.Invalid, "gbdt.column_kind", "column %q is both numeric and categorical", c.Name)
		}
		if c.rows() != n {
			return nil, errs.New(errs.Invalid, "gbdt.column_length", "column %q has %d rows where %d are expected", c.Name, c.rows(), n)
		}
		if len(c.Levels) > MaxLevels {
			return nil, errs.New(errs.TooLarge, "gbdt.too_many_levels", "column %q has %d levels; at most %d are possible", c.Name, len(c.Levels), MaxLevels)
		}
		for row, code := range c.Codes {
			if code < -1 || int(code) >= len(c.Levels) {
				return nil, errs.New(errs.Invalid, "gbdt.code", "column %q has the code %d in row %d, but only %d levels", c.Name, code, row, len(c.Levels))
			}
		}
	}
	if weight != nil {
		if len(weight) != n {
			return nil, errs.New(errs.Invalid, "gbdt.weight_length", "%d weights for %d rows", len(weight), n)
		}
		for i, w := range weight {
			if !(w >= 0) || math.IsInf(w, 0) {
				return nil, errs.New(errs.Invalid, "gbdt.weight", "the weight of row %d is negative, infinite or not a number", i)
			}
		}
	}
	return &Dataset{Columns: cols, Label: label, Weight: weight}, nil
}

// Rows gives the number of rows.
func (d *Dataset) Rows() int { return d.Columns[0].rows() }

// Row writes one row into dst, as Model.Margin takes it, and returns it. dst is
// made anew if it is too short.
func (d *Dataset) Row(i int, dst []float64) []float64 {
	if cap(dst) < len(d.Columns) {
		dst = make([]float64, len(d.Columns))
	}
	dst = dst[:len(d.Columns)]
	for j := range d.Columns {
		c := &d.Columns[j]
		switch {
		case c.Codes == nil:
			dst[j] = c.Numeric[i]
		case c.Codes[i] < 0:
			dst[j] = math.NaN()
		default:
			dst[j] = float64(c.Codes[i])
		}
	}
	return dst
}

// Features describes the columns as a model keeps them.
func (d *Dataset) Features() []Feature {
	out := make([]Feature, len(d.Columns))
	for i := range d.Columns {
		c := &d.Columns[i]
		out[i] = Feature{Name: c.Name, Categorical: c.Categorical(), Levels: c.Levels}
	}
	return out
}

// trainable complains about data that nothing can be learned from, and gives
// the weight of either class.
func (d *Dataset) trainable(positiveWeight float64) (pos, neg float64, err error) {
	if len(d.Label) == 0 {
		return 0, 0, errs.New(errs.Invalid, "gbdt.no_rows", "there are no rows with an outcome to learn from")
	}
	for i, y := range d.Label {
		w := 1.0
		if d.Weight != nil {
			w = d.Weight[i]
		}
		if y {
			pos += w * positiveWeight
		} else {
			neg += w
		}
	}
	switch {
	case pos == 0 && neg == 0:
		return 0, 0, errs.New(errs.Invalid, "gbdt.no_weight", "every row has the weight zero")
	case pos == 0:
		return 0, 0, errs.New(errs.Invalid, "gbdt.one_class", "no row has the positive outcome; both outcomes are needed")
	case neg == 0:
		return 0, 0, errs.New(errs.Invalid, "gbdt.one_class", "every row has the positive outcome; both outcomes are needed")
	case math.IsInf(pos+neg, 0):
		return 0, 0, errs.New(errs.Invalid, "gbdt.weight", "the weights are too large: their sum is infinite")
	}
	return pos, neg, nil
}
