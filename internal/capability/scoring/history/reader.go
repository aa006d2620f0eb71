package history

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/transform"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// maxRecord bounds one record: a quotation mark that is never closed would
// otherwise take the rest of the file into memory.
const maxRecord = 1 << 20

// Reader reads the records of a file with their lines.
type Reader struct {
	Header    []string
	Encoding  string
	Delimiter rune

	csv   *csv.Reader
	guard *guard
	line  int
}

// errUnclosed is the end of reading: what follows can't be told apart.
var errUnclosed = errs.New(errs.Invalid, "history.unclosed", "a quotation mark is not closed")

// NewReader reads how the file is written, and its header. Names of columns
// are trimmed; one that is empty or there twice gets its number.
func NewReader(from io.Reader, m Mapping) (*Reader, error) {
	raw := bufio.NewReaderSize(from, sample)
	head, err := raw.Peek(sample)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return nil, err
	}
	r := &Reader{Encoding: strings.ToLower(m.Encoding)}
	if r.Encoding == "" {
		r.Encoding = sniffEncoding(head)
	}
	enc, ok := encodings[r.Encoding]
	if !ok {
		return nil, errs.New(errs.Invalid, "history.encoding", "files can be utf-8, utf-16le, utf-16be, windows-1252 or iso-8859-1, not %q", m.Encoding)
	}
	text := bufio.NewReaderSize(transform.NewReader(raw, enc.NewDecoder()), sample)
	start, err := text.Peek(sample)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return nil, errs.Wrap(err, errs.Invalid, "history.encoding", "the file is not %s", r.Encoding)
	}
	if r.Delimiter, err = m.delimiter(); err != nil {
		return nil, err
	}
	if r.Delimiter == 0 {
		r.Delimiter = sniffDelimiter(string(start))
	}
	r.guard = &guard{from: text}
	r.csv = csv.NewReader(r.guard)
	r.csv.Comma, r.csv.FieldsPerRecord, r.csv.LazyQuotes = r.Delimiter, -1, true
	record, _, err := r.Next()
	if errors.Is(err, io.EOF) {
		return nil, errs.New(errs.Invalid, "history.empty", "the file is empty")
	}
	if err != nil {
		return nil, err
	}
	if len(record) > maxColumns {
		return nil, errs.New(errs.Invalid, "history.columns", "the file has more than %d columns", maxColumns)
	}
	seen := map[string]bool{}
	for i, name := range record {
		name = strings.ToValidUTF8(strings.TrimSpace(name), "")
		if r := []rune(name); len(r) > 100 {
			name = string(r[:100])
		}
		if name == "" || seen[name] {
			name = strings.TrimSpace(fmt.Sprintf("%s column %d", name, i+1))
		}
		seen[name] = true
		r.Header = append(r.Header, name)
	}
	return r, nil
}

// Next gives the next record and the line on which it begins, from 1. An error
// of kind Invalid other than errUnclosed is about this record alone.
func (r *Reader) Next() (record []string, line int, err error) {
	r.guard.taken = 0
	record, err = r.csv.Read()
	if parse, ok := errors.AsType[*csv.ParseError](err); ok {
		return nil, parse.StartLine, errs.New(errs.Invalid, "history.record", "the record can't be parted into fields")
	}
	if errors.Is(err, errUnclosed) {
		return nil, r.line + 1, errs.New(errs.Invalid, "history.unclosed", "a quotation mark after line %d is not closed", r.line)
	}
	if err != nil {
		return nil, r.line, err
	}
	line, _ = r.csv.FieldPos(0)
	r.line = line
	for _, f := range record {
		if !utf8.ValidString(f) || strings.ContainsRune(f, 0) {
			return record, line, errs.New(errs.Invalid, "history.text", "the text is not %s", r.Encoding)
		}
	}
	return record, line, nil
}

// guard refuses to hand out more than a record may be long.
type guard struct {
	from  io.Reader
	taken int
}

func (g *guard) Read(p []byte) (int, error) {
	if g.taken > maxRecord {
		return 0, errUnclosed
	}
	n, err := g.from.Read(p)
	g.taken += n
	return n, err
}
