// Package upload keeps files that people bring in a folder until they have been
// read: written whole and synced, or not at all.
package upload

import (
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// Folder keeps files by names that the platform gives.
type Folder struct {
	Dir string
	Max int64 // bytes of a file
	// Codes is what the codes of errors begin with.
	Codes string
	// Create makes a file that must not be there yet; nil makes it in the folder.
	Create func(path string) (File, error)
}

// File is one that is written.
type File interface {
	io.WriteCloser
	Sync() error
}

// Path gives where a file lies.
func (f Folder) Path(name string) string { return filepath.Join(f.Dir, name) }

// Save writes a file and gives its size. Where that fails, or the sender breaks
// off, nothing of it is left.
func (f Folder) Save(name string, from io.Reader) (n int64, err error) {
	if err := os.MkdirAll(f.Dir, 0o700); err != nil {
		return 0, f.full(err)
	}
	create := f.Create
	if create == nil {
		create = func(path string) (File, error) {
			return os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		}
	}
	to, err := create(f.Path(name))
	if err != nil {
		return 0, f.full(err)
	}
	src := &source{from: from}
	n, err = io.Copy(to, io.LimitReader(src, f.Max+1))
	switch {
	case err != nil && src.err != nil:
		err = errs.Wrap(err, errs.Invalid, f.Codes+".broken_off", "the file did not come in whole")
	case err != nil:
		err = f.full(err)
	case n > f.Max:
		err = errs.New(errs.TooLarge, f.Codes+".size", "the file is larger than %d MiB", f.Max>>20)
	case n == 0:
		err = errs.New(errs.Invalid, f.Codes+".empty", "the file is empty")
	default:
		if err = to.Sync(); err != nil {
			err = f.full(err)
		}
	}
	if e := to.Close(); err == nil && e != nil {
		err = f.full(e)
	}
	if err != nil {
		return 0, errors.Join(err, f.Discard(name))
	}
	return n, nil
}

// full is the error of a folder that can't be written to, as when its disk is full.
func (f Folder) full(err error) error {
	return errs.Wrap(err, errs.Unavailable, f.Codes+".disk", "the file can't be kept now: the disk may be full")
}

// source remembers whether it was the sender who failed.
type source struct {
	from io.Reader
	err  error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.from.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

// Open opens a file.
func (f Folder) Open(name string) (*os.File, error) {
	file, err := os.Open(f.Path(name))
	if errors.Is(err, os.ErrNotExist) {
		return nil, errs.New(errs.NotFound, f.Codes+".gone", "the file is not here any more")
	}
	return file, err
}

// Discard removes a file, if it is there.
func (f Folder) Discard(name string) error {
	if err := os.Remove(f.Path(name)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
