package solution

import (
	"archive/zip"
	"bytes"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"testing/fstest"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// What a bundle may hold, so that a small file can't become a large one.
const (
	MaxZip   = 8 << 20 // bytes of the archive
	maxFiles = 2000
	maxFile  = 1 << 20 // bytes of a file, unpacked
	maxTotal = 16 << 20
)

// FromZip reads a bundle that came as an archive. Names that lead out of it,
// links and what is too large are refused.
func FromZip(data []byte) (fs.FS, error) {
	bad := func(format string, args ...any) error {
		return errs.New(errs.Invalid, "solution.zip", format, args...)
	}
	if len(data) > MaxZip {
		return nil, errs.New(errs.TooLarge, "solution.zip", "the archive is larger than %d bytes", MaxZip)
	}
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, bad("this is no zip archive")
	}
	if len(r.File) > maxFiles {
		return nil, bad("the archive has more than %d files", maxFiles)
	}
	out := fstest.MapFS{}
	total := 0
	for _, f := range r.File {
		if strings.HasSuffix(f.Name, "/") {
			continue
		}
		if !fs.ValidPath(f.Name) || strings.ContainsAny(f.Name, "\\:") || !f.Mode().IsRegular() {
			return nil, bad("the archive has a file with the name %q, which is none of a bundle", f.Name)
		}
		if out[f.Name] != nil {
			return nil, bad("the archive has the file %s twice", f.Name)
		}
		text, err := unpack(f)
		if err != nil {
			return nil, bad("the file %s can't be unpacked, or is larger than %d bytes", f.Name, maxFile)
		}
		if total += len(text); total > maxTotal {
			return nil, errs.New(errs.TooLarge, "solution.zip", "the bundle is larger than %d bytes", maxTotal)
		}
		out[f.Name] = &fstest.MapFile{Data: text, Mode: 0o644}
	}
	return below(out), nil
}

// unpack reads a file, whatever size it says it has.
func unpack(f *zip.File) ([]byte, error) {
	in, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer in.Close()
	text, err := io.ReadAll(io.LimitReader(in, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = io.ErrShortBuffer
	}
	return text, err
}

// below steps into the one folder that an archive of a folder has.
func below(files fstest.MapFS) fs.FS {
	if files[ManifestFile] != nil {
		return files
	}
	for name := range files {
		top, _, _ := strings.Cut(name, "/")
		if files[path.Join(top, ManifestFile)] != nil {
			if inner, err := fs.Sub(files, top); err == nil {
				return inner
			}
		}
	}
	return files
}

// anyDay is the date of every packed file: when it was packed says nothing.
var anyDay = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// ToZip packs files by path, the same files always into the same bytes.
func ToZip(files map[string][]byte) ([]byte, error) {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		f, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: anyDay})
		if err != nil {
			return nil, err
		}
		if _, err := f.Write(files[name]); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
