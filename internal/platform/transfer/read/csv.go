package read

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// CSV reads the records of a text file with their lines.
type CSV struct {
	Header    []string
	Encoding  string
	Delimiter rune

	o     Options
	csv   *csv.Reader
	guard *guard
	line  int
}

var errUnclosed = errors.New("a quotation mark is not closed")

// unclosedError is the end of reading: what follows can't be told apart.
type unclosedError struct{ e *errs.Error }

func (e *unclosedError) Error() string { return e.e.Error() }
func (e *unclosedError) Unwrap() error { return e.e }

// NewCSV reads how a file is written, and its header. Names of columns are
// trimmed; one that is empty or there twice gets its number.
func NewCSV(from io.Reader, o Options) (*CSV, error) {
	raw := bufio.NewReaderSize(from, sample)
	head, err := peek(raw)
	if err != nil {
		return nil, err
	}
	r := &CSV{o: o, Encoding: strings.ToLower(o.Encoding), Delimiter: o.Delimiter}
	if r.Encoding == "" {
		r.Encoding = sniffEncoding(head)
	}
	enc, ok := encodings[r.Encoding]
	if !ok {
		return nil, errs.New(errs.Invalid, o.code("encoding"), "files can be utf-8, utf-16le, utf-16be, windows-1252 or iso-8859-1, not %q", o.Encoding)
	}
	text := raw
	if enc == unicode.UTF8 { // read as it is, so that broken characters can be told of
		if bytes.HasPrefix(head, []byte("\uFEFF")) {
			_, _ = raw.Discard(3) // it has been peeked at
		}
	} else {
		text = bufio.NewReaderSize(transform.NewReader(raw, enc.NewDecoder()), sample)
	}
	start, err := peek(text)
	if err != nil {
		return nil, errs.Wrap(err, errs.Invalid, o.code("encoding"), "the file is not %s", r.Encoding)
	}
	if r.Delimiter == 0 {
		r.Delimiter = sniffDelimiter(string(start))
	}
	r.guard = &guard{from: text}
	r.csv = csv.NewReader(r.guard)
	r.csv.Comma, r.csv.FieldsPerRecord, r.csv.LazyQuotes = r.Delimiter, -1, true
	record, _, err := r.Next()
	if errors.Is(err, io.EOF) {
		return nil, errs.New(errs.Invalid, o.code("empty"), "the file is empty")
	}
	if err != nil {
		return nil, err
	}
	r.Header, err = o.names(record)
	return r, err
}

// peek gives the beginning without taking it; a short file has a short one.
func peek(r *bufio.Reader) ([]byte, error) {
	head, err := r.Peek(sample)
	if errors.Is(err, io.EOF) || errors.Is(err, bufio.ErrBufferFull) {
		err = nil
	}
	return head, err
}

// Info implements Source.
func (r *CSV) Info() Info {
	return Info{Kind: "csv", Encoding: r.Encoding, Delimiter: string(r.Delimiter), Header: r.Header}
}

// Close implements Source.
func (r *CSV) Close() error { return nil }

// Next implements Source.
func (r *CSV) Next() (record []string, line int, err error) {
	r.guard.taken = 0
	for {
		// Rows of nothing but delimiters, as spreadsheets leave them, are left out.
		if record, err = r.csv.Read(); err != nil || slices.ContainsFunc(record, func(f string) bool { return f != "" }) {
			break
		}
	}
	if err == nil && strings.Contains(record[len(record)-1], last) {
		if len(record) == 1 && record[0] == last {
			return nil, r.line, io.EOF
		}
		err = errUnclosed
	}
	if parse, ok := errors.AsType[*csv.ParseError](err); ok {
		return nil, parse.StartLine, errs.New(errs.Invalid, r.o.code("record"), "the record can't be parted into fields")
	}
	if errors.Is(err, errUnclosed) {
		return record, r.line + 1, &unclosedError{errs.New(errs.Invalid, r.o.code("unclosed"), "the record after line %d is longer than %d MiB, or a quotation mark after line %d is not closed: what follows can't be read", r.line, maxRecord>>20, r.line)}
	}
	if err != nil {
		return nil, r.line, err
	}
	line, _ = r.csv.FieldPos(0)
	r.line = line
	for _, f := range record {
		if !utf8.ValidString(f) || strings.ContainsRune(f, 0) || r.Encoding != "utf-8" && strings.ContainsRune(f, utf8.RuneError) {
			return record, line, errs.New(errs.Invalid, r.o.code("text"), "the text is not %s", r.Encoding)
		}
	}
	return record, line, nil
}

// guard refuses to hand out more than a record may be long, and marks the end.
type guard struct {
	from  io.Reader
	taken int
	ended bool
	rest  string
}

// last is a line of its own behind every file: where it is found within a field,
// a quotation mark was never closed.
const last = "\x00\x00the end\x00\x00"

func (g *guard) Read(p []byte) (int, error) {
	if g.taken > maxRecord {
		return 0, errUnclosed
	}
	if g.rest != "" {
		n := copy(p, g.rest)
		g.rest = g.rest[n:]
		return n, nil
	}
	if g.ended {
		return 0, io.EOF
	}
	n, err := g.from.Read(p)
	g.taken += n
	if errors.Is(err, io.EOF) {
		g.ended, g.rest, err = true, "\n"+last+"\n", nil
	}
	return n, err
}
