//go:build !unix

package stream

// dirLock does nothing on this system.
type dirLock struct{}

func lockDir(string) (*dirLock, error) { return &dirLock{}, nil }

func (*dirLock) release() {}
