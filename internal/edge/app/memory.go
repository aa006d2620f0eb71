package app

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
)

// idleAllocates is up to how many bytes are allocated between two rounds of the
// housekeeping where hardly anything is asked of the process.
const idleAllocates = 256 << 20

// returnMemory gives what a busy time or the start has left behind back to the
// system once it is quiet: the garbage collector would keep twice what is in use.
// Under load nothing is returned, as it would be needed again at once.
func (c *core) returnMemory(context.Context) error {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindUint64 {
		return nil
	}
	now := sample[0].Value.Uint64()
	quiet := now-c.allocated < idleAllocates
	c.allocated = now
	if quiet {
		debug.FreeOSMemory()
	}
	return nil
}
