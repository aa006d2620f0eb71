package history

import (
	"io"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/transfer/read"
)

// Reader reads the records of a file with their lines.
type Reader = read.CSV

// NewReader reads how a file is written, and its header.
func NewReader(from io.Reader, m Mapping) (*Reader, error) {
	delimiter, err := read.ParseDelimiter(m.Delimiter)
	if err != nil {
		return nil, errs.New(errs.Invalid, "history.delimiter", "the delimiter must be one character")
	}
	return read.NewCSV(from, read.Options{Delimiter: delimiter, Encoding: m.Encoding, Codes: "history"})
}
