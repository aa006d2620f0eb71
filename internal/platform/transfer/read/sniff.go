package read

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// sample is how much of a file is looked at to find out how it is written.
const sample = 64 << 10

// encodings are those that spreadsheets and CRM systems write.
var encodings = map[string]encoding.Encoding{
	"utf-8":        unicode.UTF8,
	"utf-16le":     unicode.UTF16(unicode.LittleEndian, unicode.UseBOM),
	"utf-16be":     unicode.UTF16(unicode.BigEndian, unicode.UseBOM),
	"windows-1252": charmap.Windows1252,
	"iso-8859-1":   charmap.ISO8859_1,
}

// KnownEncoding tells whether files of an encoding can be read; "" is found out.
func KnownEncoding(name string) bool {
	_, ok := encodings[strings.ToLower(name)]
	return ok || name == ""
}

// ParseDelimiter reads a delimiter as people name it: one character, or "tab";
// "" gives 0, which is found out.
func ParseDelimiter(text string) (rune, error) {
	switch d := []rune(text); {
	case text == "":
		return 0, nil
	case text == "tab":
		return '\t', nil
	case len(d) == 1 && d[0] != '"' && d[0] != '\n' && d[0] != '\r' && d[0] != utf8.RuneError:
		return d[0], nil
	}
	return 0, errs.New(errs.Invalid, "file.delimiter", "the delimiter must be one character")
}

// sniffEncoding names the encoding of a file by how it begins: a byte-order
// mark, NUL bytes at every other place, valid UTF-8, else Windows' Western one.
func sniffEncoding(head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte{0xFF, 0xFE}):
		return "utf-16le"
	case bytes.HasPrefix(head, []byte{0xFE, 0xFF}):
		return "utf-16be"
	}
	even, odd := 0, 0
	for i, b := range head {
		if b == 0 && i%2 == 0 {
			even++
		} else if b == 0 {
			odd++
		}
	}
	switch {
	case odd > len(head)/4:
		return "utf-16le"
	case even > len(head)/4:
		return "utf-16be"
	case mostlyUTF8(whole(head)):
		return "utf-8"
	}
	return "windows-1252"
}

// mostlyUTF8 tells whether a text has more characters beyond ASCII that are valid
// UTF-8 than bytes that are not: of single broken ones it is told by their line.
func mostlyUTF8(text []byte) bool {
	good, bad := 0, 0
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		switch {
		case r == utf8.RuneError && n <= 1:
			bad++
		case n > 1:
			good++
		}
		i += n
	}
	return bad == 0 || good > bad
}

// farthest is how far a file is looked through for its first character beyond ASCII, in bytes.
const farthest = 64 << 20

// encodingOf names the encoding of a file. Where it begins with nothing but
// ASCII, the place counts at which that ends.
func encodingOf(f io.ReaderAt) (string, error) {
	block := make([]byte, sample)
	for at := int64(0); ; {
		n, err := f.ReadAt(block, at)
		if err != nil && !errors.Is(err, io.EOF) {
			return "", err
		}
		beyond := bytes.IndexFunc(block[:n], func(r rune) bool { return r >= utf8.RuneSelf || r == 0 })
		switch {
		case beyond < 0 && n == len(block) && at < farthest:
			at += int64(n)
			continue
		case at > 0 && beyond > 0:
			if n, err = f.ReadAt(block, at+int64(beyond)); err != nil && !errors.Is(err, io.EOF) {
				return "", err
			}
			if bytes.IndexByte(block[:n], 0) >= 0 { // no UTF-16: it would have been there from the first
				return "utf-8", nil
			}
		}
		return sniffEncoding(block[:n]), nil
	}
}

// kinds of files that are taken for tables by mistake, by how they begin.
func mistaken(head []byte) error {
	text := bytes.ToLower(bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\uFEFF")), " \t\r\n"))
	for _, mark := range []string{"%pdf-", "\x89png", "gif8", "\xff\xd8\xff", "\x1f\x8b", "7z\xbc\xaf", "rar!", "{\\rtf"} {
		if bytes.HasPrefix(text, []byte(mark)) {
			return errs.New(errs.Unsupported, "file.kind", "this is no table but a document, a picture or an archive: bring a CSV or .xlsx file")
		}
	}
	for _, mark := range []string{"<!doctype", "<html", "<?xml", "<table", "[{", "{\""} {
		if bytes.HasPrefix(text, []byte(mark)) {
			return errs.New(errs.Unsupported, "file.kind", "this is a web page, XML or JSON: open it in a spreadsheet and save it as CSV or .xlsx")
		}
	}
	return nil
}

// whole drops a character that the end of the sample cuts in two.
func whole(head []byte) []byte {
	for i := 1; i <= 3 && i <= len(head); i++ {
		if b := head[len(head)-i]; utf8.RuneStart(b) {
			if !utf8.FullRune(head[len(head)-i:]) {
				return head[:len(head)-i]
			}
			return head
		}
	}
	return head
}

// sniffDelimiter finds the character that parts the first lines into the most
// fields, as many as the header in most of them.
func sniffDelimiter(text string) rune {
	if i := strings.LastIndexByte(text, '\n'); i > 0 && len(text) >= sample/2 {
		text = text[:i] // the last line may be cut
	}
	best, most := ',', 1
	for _, d := range []rune{',', ';', '\t', '|'} {
		r := csv.NewReader(strings.NewReader(text))
		r.Comma, r.FieldsPerRecord, r.LazyQuotes = d, -1, true
		fields, even, n := 0, 0, 0
		for ; n < 50; n++ {
			record, err := r.Read()
			if err != nil {
				break
			}
			if n == 0 {
				fields = len(record)
			}
			if len(record) == fields {
				even++
			}
		}
		if even*10 >= n*7 && fields > most {
			best, most = d, fields
		}
	}
	return best
}
