//go:build !unix

package stream

// diskFree knows nothing on this system; the limit of each topic still holds.
func diskFree(string) (free uint64, known bool) { return 0, false }

// dirLock does nothing on this system.
type dirLock struct{}

func lockDir(string) (*dirLock, error) { return &dirLock{}, nil }

func (*dirLock) release() {}
