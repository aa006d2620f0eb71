package document

import (
	"archive/zip"
	"bytes"
	"context"
	"image"
	_ "image/gif"  // decoder
	_ "image/jpeg" // decoder
	_ "image/png"  // decoder
	"io"
	"path"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/platform/files"
)

// kinds are the kinds of file that an item can take: media type → endings, the
// usual one first.
var kinds = map[string]map[string][]string{
	"pdf":   {"application/pdf": {".pdf"}},
	"image": {"image/jpeg": {".jpg", ".jpeg"}, "image/png": {".png"}, "image/heic": {".heic", ".heif"}, "image/webp": {".webp"}, "image/tiff": {".tif", ".tiff"}},
	"office": {"application/vnd.openxmlformats-officedocument.wordprocessingml.document": {".docx"}, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": {".xlsx"},
		"application/vnd.oasis.opendocument.text": {".odt"}, "application/vnd.oasis.opendocument.spreadsheet": {".ods"}},
	"text": {"text/plain": {".txt"}},
}

var usualKinds = []string{"pdf", "image"}

// kindList reads the kinds of a request.
func kindList(text string) []string {
	if text == "" {
		return usualKinds
	}
	return strings.Split(text, ",")
}

// Accept gives the endings of the files that kinds take, as a form names them.
func Accept(text string) string {
	var out []string
	for _, k := range kindList(text) {
		for _, endings := range kinds[k] {
			out = append(out, endings...)
		}
	}
	slices.Sort(out)
	return strings.Join(out, ",")
}

const (
	pointsMost = 100_000_000 // of a picture
	zipEntries = 5_000
	zipMost    = 400 << 20 // of what a document holds when it is opened
	zipRatio   = 500
	tailMost   = 4096
)

// inspect looks whether content is of a kind that is taken, and whole, and gives
// the name it is kept under: its ending says what it is, whatever it was called.
func (s *Service) inspect(ctx context.Context, in files.Info, taken string) (name string, err error) {
	if in.Size == 0 {
		return "", ErrEmpty
	}
	var endings []string
	for _, k := range kindList(taken) {
		if e, ok := kinds[k][in.MediaType]; ok {
			endings = e
		}
	}
	if endings == nil {
		return "", ErrKind
	}
	r, err := s.c.Files.Examine(ctx, in)
	if err != nil {
		return "", err
	}
	defer r.Close()
	switch ending := endings[0]; ending {
	case ".pdf":
		err = wholePDF(r, in.Size)
	case ".jpg", ".png":
		config, _, bad := image.DecodeConfig(r)
		if bad != nil || config.Width <= 0 || config.Height <= 0 || config.Width > pointsMost/config.Height {
			err = ErrBroken
		}
	case ".docx", ".xlsx", ".odt", ".ods":
		err = smallZip(r, in.Size)
	}
	if err != nil {
		return "", err
	}
	name = in.Name
	if ext := path.Ext(name); !slices.Contains(endings, strings.ToLower(ext)) {
		if len(ext) > 1 && len(ext) <= 6 {
			name = strings.TrimSuffix(name, ext)
		}
		name += endings[0]
	}
	return name, nil
}

// wholePDF looks for the mark at the end: a file that was cut off has none.
func wholePDF(r io.ReadSeeker, size int64) error {
	if _, err := r.Seek(max(0, size-tailMost), io.SeekStart); err != nil {
		return err
	}
	tail, err := io.ReadAll(io.LimitReader(r, tailMost))
	if err != nil {
		return err
	}
	if !bytes.Contains(tail, []byte("%%EOF")) {
		return ErrBroken
	}
	return nil
}

// smallZip refuses documents that grow beyond all measure when they are opened.
// Nothing is unpacked here: the sizes that the archive states are added up, as
// programs go by them, and one that lies opens nowhere.
func smallZip(r io.ReadSeeker, size int64) error {
	z, err := zip.NewReader(&seekAt{r}, size)
	if err != nil || len(z.File) > zipEntries {
		return ErrBroken
	}
	var sum uint64
	for _, f := range z.File {
		sum += f.UncompressedSize64
		if f.UncompressedSize64 > zipMost || sum > zipMost || f.UncompressedSize64 > 1<<20 && f.UncompressedSize64/zipRatio > f.CompressedSize64 {
			return ErrBroken
		}
	}
	return nil
}

// seekAt reads at positions by seeking; one reader at a time.
type seekAt struct{ r io.ReadSeeker }

func (s *seekAt) ReadAt(p []byte, at int64) (int, error) {
	if _, err := s.r.Seek(at, io.SeekStart); err != nil {
		return 0, err
	}
	n, err := io.ReadFull(s.r, p)
	if err == io.ErrUnexpectedEOF {
		err = io.EOF
	}
	return n, err
}
