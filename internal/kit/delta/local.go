package delta

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// tempPrefix begins the names of files that are being written. What a crash
// leaves of them is removed by Vacuum.
const tempPrefix = ".writing-"

type local struct{ root string }

// Local keeps a table in a folder, which is made when it is first written to.
// Put-if-absent is link(2), which refuses a name that is taken; files and the
// folders that name them are flushed to disk before a call returns.
func Local(dir string) Storage { return local{filepath.Clean(dir)} }

// path gives the place of a file, and refuses names that lead out of the folder.
func (l local) path(name string) (string, error) {
	if !fs.ValidPath(name) {
		return "", fault(ErrLog, "%q is not the name of a file of the table", name)
	}
	return filepath.Join(l.root, filepath.FromSlash(name)), nil
}

type localFile struct {
	*os.File
	size int64
}

func (f localFile) Size() int64 { return f.size }

func (l local) Open(_ context.Context, name string) (File, error) {
	p, err := l.path(name)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(p)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return localFile{f, info.Size()}, nil
}

func (l local) Create(_ context.Context, name string, write func(io.Writer) error) error {
	return l.put(name, write, func(temp, to string) error {
		if err := os.Link(temp, to); err != nil {
			return err
		}
		return os.Remove(temp)
	})
}

func (l local) Replace(_ context.Context, name string, data []byte) error {
	return l.put(name, func(w io.Writer) error { _, err := w.Write(data); return err }, os.Rename)
}

// put writes a file beside its place, flushes it, and has it moved there.
func (l local) put(name string, write func(io.Writer) error, move func(temp, to string) error) (err error) {
	p, err := l.path(name)
	if err != nil {
		return err
	}
	dir := filepath.Dir(p)
	if err := l.mkdir(dir); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, tempPrefix+"*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name()) // it is of no use; what is left of it Vacuum removes
		}
	}()
	err = write(f)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err = move(f.Name(), p); err != nil {
		return err
	}
	return syncDir(dir)
}

// mkdir makes a folder and those above it, and flushes the names of new ones.
func (l local) mkdir(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for d := filepath.Dir(dir); ; d = filepath.Dir(d) {
		if err := syncDir(d); err != nil {
			return err
		}
		if len(d) <= len(filepath.Dir(l.root)) {
			return nil
		}
	}
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func (l local) List(ctx context.Context, prefix, start string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		if prefix != "" && !fs.ValidPath(strings.TrimSuffix(prefix, "/")) {
			yield(Info{}, fault(ErrLog, "%q is not the name of a folder of the table", prefix))
			return
		}
		l.walk(ctx, path.Dir(prefix+"x"), prefix, start, yield)
	}
}

// walk goes through a folder in the order of its names; false means stop.
func (l local) walk(ctx context.Context, dir, prefix, start string, yield func(Info, error) bool) bool {
	entries, err := os.ReadDir(filepath.Join(l.root, filepath.FromSlash(dir)))
	if errors.Is(err, fs.ErrNotExist) {
		return true
	}
	if err != nil {
		return yield(Info{}, err)
	}
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		if e.IsDir() {
			if within := name + "/"; strings.HasPrefix(within, prefix) || strings.HasPrefix(prefix, within) {
				if !l.walk(ctx, name, prefix, start, yield) {
					return false
				}
			}
			continue
		}
		if !strings.HasPrefix(name, prefix) || name < start || !e.Type().IsRegular() {
			continue
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed since
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			yield(Info{}, err)
			return false
		}
		if !yield(Info{Name: name, Size: info.Size(), Modified: info.ModTime()}, nil) {
			return false
		}
	}
	return true
}

func (l local) Remove(_ context.Context, name string) error {
	p, err := l.path(name)
	if err != nil {
		return err
	}
	if err := os.Remove(p); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
