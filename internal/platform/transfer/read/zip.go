package read

import (
	"archive/zip"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// What a workbook may unpack to. Sheets of real workbooks pack about one to
// twenty; a bomb packs one to a thousand.
const (
	maxUnpacked = 2 << 30 // bytes in all
	maxRatio    = 200     // of one part, from ratioFrom on
	ratioFrom   = 8 << 20
	maxParts    = 5000
	maxHeld     = 128 << 20 // bytes of the parts that are held in memory
)

// checkZip unpacks a workbook into next to nothing, to see how large it gets: what a zip
// says about itself can't be trusted.
func checkZip(f *os.File, o Options) error {
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	broken := errs.New(errs.Invalid, o.code("workbook"), "the file is not a whole .xlsx workbook")
	z, err := zip.NewReader(f, size)
	if err != nil {
		return broken
	}
	if len(z.File) > maxParts {
		return errs.New(errs.TooLarge, o.code("bomb"), "the workbook has more than %d parts", maxParts)
	}
	left, held := int64(maxUnpacked), int64(0)
	for _, part := range z.File {
		n, err := unpack(part, left)
		left -= n
		if n <= spill || !spilled(part.Name) {
			held += n
		}
		switch {
		case errors.Is(err, errCrowded):
			return errs.New(errs.TooLarge, o.code("columns"), "a row of the workbook has more than %d cells: it is not read", maxSheetColumns)
		case errors.Is(err, errLong):
			return errs.New(errs.TooLarge, o.code("long"), "a cell of the workbook is longer than %d MiB: it is not read", maxCell>>20)
		case errors.Is(err, errEntity):
			return errs.New(errs.TooLarge, o.code("workbook"), "the workbook has entities of its own: it is not read")
		case errors.Is(err, errShared):
			return errs.New(errs.TooLarge, o.code("bomb"), "the workbook has more than %d different texts: it is not read", maxShared)
		case held > maxHeld:
			return errs.New(errs.TooLarge, o.code("bomb"), "the workbook holds more than %d MiB beside its large sheets, such as pictures: save it without them, or as CSV", maxHeld>>20)
		case left <= 0, n > allowed(part):
			return errs.New(errs.TooLarge, o.code("bomb"), "the workbook unpacks to far more than a workbook should: it is not read")
		case err != nil:
			return broken
		}
	}
	return nil
}

// spilled tells whether a part is worked on in a temporary file where it is large.
func spilled(name string) bool {
	name = strings.ToLower(strings.ReplaceAll(name, `\`, "/"))
	return name == "xl/sharedstrings.xml" || strings.HasPrefix(name, "xl/worksheets/sheet")
}

// unpack reads one part as far as it may be large.
func unpack(part *zip.File, left int64) (n int64, err error) {
	r, err := part.Open()
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	return io.Copy(&crowd{}, io.LimitReader(r, min(left, allowed(part)+1)))
}

// allowed is what one part may unpack to.
func allowed(part *zip.File) int64 {
	return max(ratioFrom, int64(min(part.CompressedSize64, maxUnpacked))*maxRatio)
}
