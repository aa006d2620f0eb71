//go:build !unix

package sqldb

// lockFile is not offered here: one process at a time migrates a file.
func lockFile(string) (func(), error) { return func() {}, nil }
