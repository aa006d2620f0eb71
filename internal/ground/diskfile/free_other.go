//go:build !unix

package diskfile

// Free knows nothing on this system.
func Free(string) (free uint64, known bool) { return 0, false }
