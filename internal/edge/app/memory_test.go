package app

import "testing"

// The heap may grow to the aim; what is in use decides where that is too little
// or too much.
func TestGrowth(t *testing.T) {
	for live, want := range map[uint64]int{0: mostGrowth, 10 << 20: mostGrowth, heapAim / 2: mostGrowth, heapAim * 10 / 15: 50, heapAim - 1: leastGrowth, heapAim: leastGrowth, 4 * heapAim: leastGrowth} {
		if got := growth(live); got != want {
			t.Errorf("with %d bytes in use: %d %%, want %d", live, got, want)
		}
	}
}
