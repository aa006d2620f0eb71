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

func TestMemoryLimit(t *testing.T) {
	t.Parallel()
	for live, want := range map[uint64]int64{0: heapAim + 5, heapAim / 2: heapAim + 5, heapAim: heapAim*(100+leastGrowth)/100 + 5, 10 * heapAim: 10*heapAim*(100+leastGrowth)/100 + 5} {
		if got := memoryLimit(live, 5); got != want {
			t.Errorf("with %d bytes in use Go may hold %d, not %d", live, got, want)
		}
	}
	if n := beside(); n == 0 {
		t.Error("nothing is said to be held beside the heap")
	}
}
