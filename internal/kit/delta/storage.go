package delta

import (
	"context"
	"io"
	"io/fs"
	"iter"
	"time"
)

// Storage keeps the files of one table. Names are relative, with slashes.
// Methods may be called by many goroutines and, on the same folder or bucket,
// by many processes.
type Storage interface {
	// Open opens a file for reading; fs.ErrNotExist if there is none.
	Open(ctx context.Context, name string) (File, error)
	// Create makes a file of what write writes. It appears whole or not at all,
	// and is on disk when Create returns. fs.ErrExist, with no effect, if the
	// name is taken: of several callers one wins.
	Create(ctx context.Context, name string, write func(io.Writer) error) error
	// Replace makes a small file or replaces it, whole or not at all.
	Replace(ctx context.Context, name string, data []byte) error
	// List gives the files whose names begin with prefix and, if start is not
	// empty, stand at or behind start, in the order of their names.
	List(ctx context.Context, prefix, start string) iter.Seq2[Info, error]
	// Remove deletes a file; one that is gone already is no error.
	Remove(ctx context.Context, name string) error
}

// File is an open file.
type File interface {
	io.ReaderAt
	io.Closer
	Size() int64
}

// Info tells of a file.
type Info struct {
	Name     string
	Size     int64
	Modified time.Time
}

var (
	errNotExist = fs.ErrNotExist
	errExist    = fs.ErrExist
)

// readAll reads a file of at most limit bytes.
func readAll(ctx context.Context, s Storage, name string, limit int64) ([]byte, error) {
	f, err := s.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if f.Size() > limit {
		return nil, fault(ErrTooLarge, "%s has %d bytes, over the %d allowed", name, f.Size(), limit)
	}
	data := make([]byte, f.Size())
	if n, err := f.ReadAt(data, 0); n < len(data) {
		return nil, err
	}
	return data, nil
}
