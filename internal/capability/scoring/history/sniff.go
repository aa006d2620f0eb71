package history

import (
	"bytes"
	"encoding/csv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// sample is how much of a file is looked at to find out how it is written.
const sample = 64 << 10

// encodings are those that spreadsheets and CRM systems write.
var encodings = map[string]encoding.Encoding{
	"utf-8":        unicode.UTF8BOM,
	"utf-16le":     unicode.UTF16(unicode.LittleEndian, unicode.UseBOM),
	"utf-16be":     unicode.UTF16(unicode.BigEndian, unicode.UseBOM),
	"windows-1252": charmap.Windows1252,
	"iso-8859-1":   charmap.ISO8859_1,
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
	case utf8.Valid(whole(head)):
		return "utf-8"
	}
	return "windows-1252"
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
// fields, the same number in each.
func sniffDelimiter(text string) rune {
	if i := strings.LastIndexByte(text, '\n'); i > 0 && len(text) >= sample/2 {
		text = text[:i] // the last line may be cut
	}
	best, most := ',', 1
	for _, d := range []rune{',', ';', '\t', '|'} {
		r := csv.NewReader(strings.NewReader(text))
		r.Comma, r.FieldsPerRecord, r.LazyQuotes = d, -1, true
		fields, even := 0, true
		for n := 0; n < 50; n++ {
			record, err := r.Read()
			if err != nil {
				break
			}
			if n == 0 {
				fields = len(record)
			}
			even = even && len(record) == fields
		}
		if even && fields > most {
			best, most = d, fields
		}
	}
	return best
}
