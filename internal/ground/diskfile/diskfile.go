// Package diskfile writes small files so that a crash, of the process or of the
// machine, leaves the old content or the new one and never a part of it, and tells
// how much room a disk has.
package diskfile

import (
	"errors"
	"os"
	"path/filepath"
)

// Write replaces a file, or makes it, readable by the process's user only. The
// folder is made if it is missing.
func Write(path string, data []byte) error { return put(path, data, os.Rename) }

// Create makes a file as Write does, and refuses with fs.ErrExist if it is there.
func Create(path string, data []byte) error {
	return put(path, data, func(from, to string) error { return errors.Join(os.Link(from, to), os.Remove(from)) })
}

// put writes a file beside its place and moves it there whole.
func put(path string, data []byte, move func(from, to string) error) (err error) {
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
			if e := os.Remove(f.Name()); !errors.Is(e, os.ErrNotExist) {
				err = errors.Join(err, e)
			}
		}
	}()
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return move(f.Name(), path)
}
