// Package diskfile writes small files so that a crash, of the process or of the
// machine, leaves the old content or the new one and never a part of it.
package diskfile

import (
	"errors"
	"os"
	"path/filepath"
)

// Write replaces a file, or makes it, readable by the process's user only. The
// folder is made if it is missing.
func Write(path string, data []byte) (err error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, filepath.Base(path)+".new-*") // made for the user alone
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
