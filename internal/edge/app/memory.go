package app

import (
	"context"
	"math"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/lifecycle"
)

const (
	// idleAllocates is up to how many bytes are allocated between two rounds of the
	// housekeeping where hardly anything is asked of the process.
	idleAllocates = 256 << 20

	// heapAim is up to how many bytes the heap may grow before it is collected, where
	// what is in use leaves room for that: the collector would let it grow to twice
	// what is in use. Where the room is small, collections cost more processor time,
	// but never more than those of leastGrowth.
	heapAim     = 96 << 20
	leastGrowth = 40  // per cent of what is in use
	mostGrowth  = 100 // Go's own
	growthEvery = 500 * time.Millisecond
	limitStep   = 2 << 20 // bytes by which the limit differs before it is set anew
)

// returnMemory gives what a busy time or the start has left behind back to the
// system once it is quiet: the garbage collector would keep twice what is in use.
// Under load nothing is returned, as it would be needed again at once.
func (c *core) returnMemory(context.Context) error {
	now, ok := measured("/gc/heap/allocs:bytes")
	if !ok {
		return nil
	}
	quiet := now-c.allocated < idleAllocates
	c.allocated = now
	if quiet {
		debug.FreeOSMemory()
	}
	return nil
}

func measured(name string) (uint64, bool) {
	sample := []metrics.Sample{{Name: name}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindUint64 {
		return 0, false
	}
	return sample[0].Value.Uint64(), true
}

// boundMemory keeps the heap near heapAim, unless whoever runs the product has
// said how it is to be collected. The limit is for what comes between two looks:
// what is in use may double by then, and what was freed is to go back.
func (c *core) boundMemory() lifecycle.Service {
	return &lifecycle.Loop{Run: func(ctx context.Context) {
		if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
			return
		}
		now, limit := mostGrowth, int64(math.MaxInt64)
		defer debug.SetGCPercent(mostGrowth)
		defer debug.SetMemoryLimit(math.MaxInt64)
		for {
			select {
			case <-c.app.c.Clock.After(growthEvery):
			case <-ctx.Done():
				return
			}
			live, ok := measured("/gc/heap/live:bytes")
			if !ok {
				return
			}
			if next := growth(live); next < now-5 || next > now+5 {
				now = next
				debug.SetGCPercent(now)
			}
			if next := memoryLimit(live, beside()); next < limit-limitStep || next > limit+limitStep {
				limit = next
				debug.SetMemoryLimit(limit)
			}
		}
	}}
}

// beside gives the bytes that Go holds beside the objects of its heap and what is
// free: stacks, its own tables, and what is lost between objects.
func beside() (sum uint64) {
	for _, class := range []string{"heap/stacks", "heap/unused", "metadata/mcache/free", "metadata/mcache/inuse", "metadata/mspan/free", "metadata/mspan/inuse", "metadata/other", "os-stacks", "other", "profiling/buckets"} {
		n, _ := measured("/memory/classes/" + class + ":bytes")
		sum += n
	}
	return sum
}

// memoryLimit tells how many bytes Go may hold in all, where so many of the heap
// are in use, and so many are held beside it.
func memoryLimit(live, beside uint64) int64 {
	return int64(max(heapAim, live+live*leastGrowth/100) + beside)
}

// growth tells by how many per cent of what is in use the heap may grow.
func growth(live uint64) int {
	if live == 0 || live >= heapAim {
		return map[bool]int{true: mostGrowth, false: leastGrowth}[live == 0]
	}
	return int(min(mostGrowth, max(leastGrowth, (heapAim-live)*100/live)))
}
