package feature

import "time"

// Outcome tells whether a lead seen at a moment converted within the horizon.
// ok is false while the horizon is not over: such a lead is neither a success
// nor a failure yet. A lead that had converted before is no example at all.
func Outcome(seen, converted time.Time, horizon time.Duration, now time.Time) (yes, ok bool) {
	if !converted.IsZero() && converted.Before(seen) {
		return false, false
	}
	end := seen.Add(horizon)
	if end.After(now) {
		return false, false
	}
	return !converted.IsZero() && !converted.After(end), true
}
