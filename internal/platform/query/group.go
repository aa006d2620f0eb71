package query

import (
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// Group turns rows into one row for each combination of its keys' values. With
// no keys there is one row in all.
type Group struct {
	Keys   []Key
	Values []Aggregate
}

// Key is a value by which rows are grouped. Text is grouped by its folded form
// and shown by the least spelling of the group.
type Key struct {
	Name   string // in the result
	Link   string // alias of the link that the column belongs to
	Column string
	Part   DatePart
	Zone   *time.Location // whose calendar Part goes by; nil means UTC
	Fiscal Fiscal         // of the fiscal parts
}

// DatePart is what of a date rows are grouped by.
type DatePart uint8

// The parts. Each is a whole number: the day of the month, the week of the year
// (from Sunday; the first holds 1 January), the month, the quarter, the year.
// FiscalPeriod is year × 100 + period.
const (
	Whole DatePart = iota // the value itself
	DayPart
	WeekPart
	MonthPart
	QuarterPart
	YearPart
	FiscalPeriodPart
	FiscalYearPart
)

// Function combines the values of a group.
type Function uint8

// The functions. Null values count for none of them but CountRows. Sums are
// exact, averages rounded half away from zero at the column's scale (whole
// numbers at 4 digits); both refuse a result beyond 64 bits.
const (
	CountRows Function = iota
	CountValues
	CountDistinct
	Sum
	Average
	Min
	Max
)

// Aggregate is one combined value of a group.
type Aggregate struct {
	Name   string // in the result
	Func   Function
	Link   string
	Column string // none for CountRows
}

// ErrOverflow is the answer to a sum or average beyond what a column can hold.
var ErrOverflow = errs.New(errs.Invalid, "query.overflow", "a sum of this query is beyond the range of its column: narrow the filter")

// averageScale is that of an average of whole numbers.
const averageScale = 4

// keyColumn gives the shape of a group's key in the result.
func keyColumn(k Key, c Column) Column {
	if k.Part != Whole {
		return Column{Name: k.Name, Kind: Int}
	}
	return Column{Name: k.Name, Kind: c.Kind, Scale: c.Scale, Folded: c.Folded, NotNull: c.NotNull && k.Link == ""}
}

func valueColumn(a Aggregate, c Column) Column {
	switch a.Func {
	case CountRows, CountValues, CountDistinct:
		return Column{Name: a.Name, Kind: Int, NotNull: true}
	case Average:
		if c.Kind == Int {
			return Column{Name: a.Name, Kind: Fixed, Scale: averageScale}
		}
	}
	return Column{Name: a.Name, Kind: c.Kind, Scale: c.Scale}
}
