package feature

import "time"

// Range is rows from, to but not including.
type Range struct{ From, To int }

// Len gives the number of rows.
func (r Range) Len() int { return r.To - r.From }

// Split parts rows in the order of time: the oldest to learn from, newer ones to
// choose by, and the newest, which nothing is chosen by. Where times are known,
// rows whose outcome was still open when the next part begins are left out.
type Split struct {
	Train, Valid, Test Range
	Purged             int
}

// Chronological splits 70, 15 and 15 in a hundred rows.
func Chronological(at []int64, horizon time.Duration) Split {
	n := len(at)
	a, b := n*70/100, n*85/100
	s := Split{Train: Range{0, a}, Valid: Range{a, b}, Test: Range{b, n}}
	gap := horizon.Microseconds()
	s.Purged += purge(at, &s.Train, b, a, gap)
	s.Purged += purge(at, &s.Valid, n, b, gap)
	return s
}

// purge shortens a part so that its last outcome was known when the next begins.
func purge(at []int64, r *Range, end, next int, gap int64) (dropped int) {
	if next >= end || gap == 0 || at[next] == 0 {
		return 0
	}
	for r.To > r.From && at[r.To-1] != 0 && at[r.To-1]+gap >= at[next] {
		r.To--
		dropped++
	}
	return dropped
}

// Stratified splits by outcome without regard to time, always in the same way:
// of each twenty rows of an outcome fourteen, three and three.
func Stratified(label []bool) (train, valid, test []int32) {
	var count [2]int
	for i, y := range label {
		k := 0
		if y {
			k = 1
		}
		switch bucket := count[k] % 20; {
		case bucket < 14:
			train = append(train, int32(i))
		case bucket < 17:
			valid = append(valid, int32(i))
		default:
			test = append(test, int32(i))
		}
		count[k]++
	}
	return train, valid, test
}
