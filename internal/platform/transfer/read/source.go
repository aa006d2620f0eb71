package read

import (
	"bytes"
	"errors"
	"io"
	"os"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// Limits of a file's shape.
const (
	MaxColumns = 500
	maxRecord  = 1 << 20 // bytes of a record: a quotation mark that is never closed would otherwise take the rest of the file into memory
)

// Options say how a file is written. The zero value of each asks to find out.
type Options struct {
	Delimiter rune
	Encoding  string // one of Encodings
	Sheet     string // of a workbook; "" is the first
	// Codes is what the codes of errors begin with; "" means "file".
	Codes string
	// Shown gives values of a workbook as people see them instead of as they are stored.
	Shown bool
}

// Source gives the records of a file one at a time.
type Source interface {
	// Info tells how the file is written, and its columns.
	Info() Info
	// Next gives the next record and the line on which it begins, from 1; io.EOF
	// at the end. Of an error that is not Fatal, record and line tell what it is about.
	Next() (record []string, line int, err error)
	Close() error
}

// Info is what was found out about a file.
type Info struct {
	Kind      string   `json:"kind"` // "csv" or "xlsx"
	Encoding  string   `json:"encoding,omitempty"`
	Delimiter string   `json:"delimiter,omitempty"`
	Sheet     string   `json:"sheet,omitempty"`
	Sheets    []string `json:"sheets,omitempty"`
	Header    []string `json:"-"`
	Date1904  bool     `json:"-"` // a workbook whose days are counted from 1904
}

// The first bytes of files.
var (
	zipMark = []byte("PK\x03\x04")
	oleMark = []byte{0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1}
)

// Open reads how a file is written, and its header. The file is the caller's to close.
func Open(f *os.File, o Options) (Source, error) {
	head := make([]byte, 64)
	n, err := f.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch head = head[:n]; {
	case bytes.HasPrefix(head, zipMark):
		return openWorkbook(f, o)
	case bytes.HasPrefix(head, oleMark):
		return nil, errs.New(errs.Unsupported, o.code("old_excel"), "this is an old or an encrypted Excel file: save it as .xlsx without a password, or as CSV")
	}
	if err := mistaken(head); err != nil {
		return nil, err
	}
	if o.Encoding == "" {
		if o.Encoding, err = encodingOf(f); err != nil {
			return nil, err
		}
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	return NewCSV(f, o)
}

// Fatal tells whether reading ends with an error, rather than being about one record.
func Fatal(err error) bool {
	var unclosed *unclosedError
	return err != nil && (!errs.Has(err, errs.Invalid) || errors.As(err, &unclosed))
}

func (o Options) code(name string) string {
	if o.Codes == "" {
		return "file." + name
	}
	return o.Codes + "." + name
}
