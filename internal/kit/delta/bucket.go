package delta

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"strings"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"
)

type bucket struct {
	b      *blob.Bucket
	prefix string
}

// Bucket keeps a table in a bucket, under a prefix that is empty or ends with a
// slash. The bucket's driver must honour blob.WriterOptions.IfNotExist, as those
// of memory and the large object stores do. That of files looks first and renames
// then (gocloud.dev v0.47: its lock is each writer's own), so of two writers at
// once both may win: use it with one writer, or Local.
func Bucket(b *blob.Bucket, prefix string) Storage { return bucket{b, prefix} }

type bucketFile struct {
	ctx  context.Context // of the Open, as io.ReaderAt takes none
	b    *blob.Bucket
	name string
	size int64
}

func (f bucketFile) Size() int64  { return f.size }
func (f bucketFile) Close() error { return nil }

func (f bucketFile) ReadAt(p []byte, off int64) (int, error) {
	if off >= f.size {
		return 0, io.EOF
	}
	r, err := f.b.NewRangeReader(f.ctx, f.name, off, min(int64(len(p)), f.size-off), nil)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	n, err := io.ReadFull(r, p[:min(int64(len(p)), f.size-off)])
	if err == nil && n < len(p) {
		err = io.EOF
	}
	return n, err
}

func (s bucket) Open(ctx context.Context, name string) (File, error) {
	a, err := s.b.Attributes(ctx, s.prefix+name)
	if err != nil {
		return nil, known(err)
	}
	return bucketFile{ctx, s.b, s.prefix + name, a.Size}, nil
}

func (s bucket) Create(ctx context.Context, name string, write func(io.Writer) error) error {
	return s.put(ctx, name, true, write)
}

func (s bucket) Replace(ctx context.Context, name string, data []byte) error {
	return s.put(ctx, name, false, func(w io.Writer) error { _, err := w.Write(data); return err })
}

func (s bucket) put(ctx context.Context, name string, absent bool, write func(io.Writer) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w, err := s.b.NewWriter(ctx, s.prefix+name, &blob.WriterOptions{IfNotExist: absent, ContentType: "application/octet-stream"})
	if err != nil {
		return known(err)
	}
	if err := write(w); err != nil {
		cancel() // a cancelled writer leaves nothing behind
		_ = w.Close()
		return err
	}
	return known(w.Close())
}

func (s bucket) List(ctx context.Context, prefix, start string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		it := s.b.List(&blob.ListOptions{Prefix: s.prefix + prefix})
		for {
			o, err := it.Next(ctx)
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(Info{}, known(err))
				return
			}
			name := strings.TrimPrefix(o.Key, s.prefix)
			if o.IsDir || name < start {
				continue
			}
			if !yield(Info{Name: name, Size: o.Size, Modified: o.ModTime}, nil) {
				return
			}
		}
	}
}

func (s bucket) Remove(ctx context.Context, name string) error {
	if err := known(s.b.Delete(ctx, s.prefix+name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// known gives the errors that Storage promises.
func known(err error) error {
	switch gcerrors.Code(err) {
	case gcerrors.OK:
		return err
	case gcerrors.NotFound:
		return &fs.PathError{Op: "open", Path: "object", Err: fs.ErrNotExist}
	case gcerrors.AlreadyExists, gcerrors.FailedPrecondition:
		return &fs.PathError{Op: "create", Path: "object", Err: fs.ErrExist}
	}
	return err
}
