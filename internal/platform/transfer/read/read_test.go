package read

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// opened opens a text as a file.
func opened(t testing.TB, text string, o Options) (Source, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return Open(f, o)
}

func TestEncodings(t *testing.T) {
	t.Parallel()
	const text = "Name;Ort\nMüller;Köln\nÖzil;Zürich\n"
	le, _ := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(text)
	be, _ := unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewEncoder().String(text)
	win, _ := charmap.Windows1252.NewEncoder().String(text)
	for name, file := range map[string]string{"utf-8": text, "utf-8 ": "\uFEFF" + text, "utf-16le": le, "utf-16be": be, "windows-1252": win} {
		src, err := opened(t, file, Options{})
		if err != nil {
			t.Fatal(name, err)
		}
		rec, line, err := src.Next()
		if info := src.Info(); err != nil || line != 2 || info.Encoding != strings.TrimSpace(name) || info.Delimiter != ";" || !slices.Equal(info.Header, []string{"Name", "Ort"}) || !slices.Equal(rec, []string{"Müller", "Köln"}) {
			t.Errorf("%s: %+v %q line %d %v", name, src.Info(), rec, line, err)
		}
	}
}

// What is broken is told of with its line, and what follows can be read.
func TestBrokenCharacters(t *testing.T) {
	t.Parallel()
	odd, _ := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String("a,b\n1,2\n")
	for encoding, text := range map[string]string{"utf-8": "a,b\n1,\xff\n3,4\n", "windows-1252": "a,b\n1,\x81\n3,4\n", "": odd + "x\x00\x00\xd8,\x00y\x00\n\x003\x00,\x004\x00\n\x00"} {
		src, err := opened(t, text, Options{Encoding: encoding})
		if err != nil {
			t.Fatal(encoding, err)
		}
		bad := 0
		for {
			rec, line, err := src.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if Fatal(err) {
				t.Fatal(encoding, err)
			}
			if err != nil {
				bad++
				if errs.CodeOf(err) != "file.text" || line < 2 || rec == nil {
					t.Errorf("%s: line %d %v", encoding, line, err)
				}
			} else if rec[0] != "1" && rec[0] != "3" {
				t.Errorf("%s: %q", encoding, rec)
			}
		}
		if bad != 1 {
			t.Errorf("%s: %d told of", encoding, bad)
		}
	}
}

func TestRefusesShapes(t *testing.T) {
	t.Parallel()
	for code, text := range map[string]string{"file.empty": "", "file.columns": strings.Repeat("c,", 9999) + "c\n1\n", "file.unclosed": "\"a" + strings.Repeat("b", maxRecord+sample*2), "file.workbook": "PK\x03\x04 nothing",
		"file.old_excel": string(oleMark) + "...", "file.kind": "\n<HTML><table>"} {
		if _, err := opened(t, text, Options{}); errs.CodeOf(err) != code {
			t.Errorf("%s: %v", code, err)
		}
	}
	if _, err := opened(t, "a\n", Options{Encoding: "ebcdic"}); errs.CodeOf(err) != "file.encoding" {
		t.Error(err)
	}
}

// Real files are odd in few ways: these.
func TestOddities(t *testing.T) {
	t.Parallel()
	late, _ := charmap.Windows1252.NewEncoder().String("a;b\n" + strings.Repeat("plain;text\n", sample/4) + "Jörg;x\n")
	for name, c := range map[string]struct {
		text     string
		encoding string
		want     string // the last record; "" is a refused end
		n        int
	}{
		"rows of delimiters":          {"a;b\n;;\n1;2\n;\n", "utf-8", "1 2", 1},
		"one broken character":        {"a;b\nJörg;Müller\n\xff;x\n1;2\n", "utf-8", "1 2", 2},
		"an encoding that shows late": {late, "windows-1252", "Jörg x", sample/4 + 1},
		"a quotation mark left open":  {"a;b\n1;2\n3;\"4\n5;6\n", "utf-8", "", 1},
		"quotes to the end":           {"a;b\n1;\"2\n3\"", "utf-8", "1 2\n3", 1},
	} {
		src, err := opened(t, c.text, Options{})
		if err != nil || src.Info().Encoding != c.encoding {
			t.Fatal(name, src.Info(), err)
		}
		got, n := "", 0
		for {
			record, _, err := src.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if Fatal(err) {
				got = ""
				break
			}
			if err == nil {
				got = strings.Join(record, " ")
				n++
			}
		}
		if got != c.want || n != c.n {
			t.Errorf("%s: %q, %d records", name, got, n)
		}
	}
}

func zipped(t testing.TB, parts map[string]func(io.Writer)) string {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for name, fill := range parts {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		fill(w)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestZipBombs(t *testing.T) {
	t.Parallel()
	zeros := func(n int) func(io.Writer) {
		return func(w io.Writer) {
			block := make([]byte, 1<<20)
			for range n {
				_, _ = w.Write(block)
			}
		}
	}
	many := map[string]func(io.Writer){}
	for i := range maxParts + 1 {
		many[strings.Repeat("x", i%50)+string(rune('a'+i%26))+filepath.Join("p", strings.Repeat("y", i/50+1))] = zeros(0)
	}
	bombs := map[string]string{"ratio": zipped(t, map[string]func(io.Writer){"xl/worksheets/sheet1.xml": zeros(16)})}
	if len(many) > maxParts {
		bombs["parts"] = zipped(t, many)
	}
	// A part that lies about its size: the directory says that it is small.
	lie := zipped(t, map[string]func(io.Writer){"xl/worksheets/sheet1.xml": zeros(16)})
	at := strings.LastIndex(lie, "PK\x01\x02")
	bombs["lie"] = lie[:at+24] + "\x10\x00\x00\x00" + lie[at+28:]
	for name, text := range bombs {
		_, err := opened(t, text, Options{})
		if code := errs.CodeOf(err); code != "file.bomb" && !(name == "lie" && code == "file.workbook") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSheets(t *testing.T) {
	t.Parallel()
	f := excelize.NewFile()
	defer f.Close()
	if _, err := f.NewSheet("Second"); err != nil {
		t.Fatal(err)
	}
	for at, v := range map[string]any{"A2": "x", "C2": "z", "A4": 1, "C4": "#REF!", "A6": 2.5, "C6": "ok"} {
		if err := f.SetCellValue("Second", at, v); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if _, err := f.WriteTo(&out); err != nil {
		t.Fatal(err)
	}
	src, err := opened(t, out.String(), Options{Sheet: "Second"})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if info := src.Info(); info.Kind != "xlsx" || !slices.Equal(info.Header, []string{"x", "column 2", "z"}) || !slices.Equal(info.Sheets, []string{"Sheet1", "Second"}) {
		t.Errorf("%+v", info)
	}
	if rec, line, err := src.Next(); errs.CodeOf(err) != "file.cell" || line != 4 || rec[2] != "#REF!" {
		t.Error(rec, line, err)
	}
	if rec, line, err := src.Next(); err != nil || line != 6 || !slices.Equal(rec, []string{"2.5", "", "ok"}) {
		t.Error(rec, line, err)
	}
	if _, _, err := src.Next(); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	if _, err := opened(t, out.String(), Options{Sheet: "Third"}); errs.CodeOf(err) != "file.sheet" {
		t.Error(err)
	}
}

func FuzzOpen(f *testing.F) {
	f.Add([]byte("a;b\n1;2\n"), "", "")
	f.Add([]byte("\xff\xfea\x00,\x00b\x00\n\x00"), "", "")
	f.Add([]byte("a,b\n\"x\n"), "utf-8", "")
	book := excelize.NewFile()
	_ = book.SetCellValue("Sheet1", "B3", "x")
	var out bytes.Buffer
	_, _ = book.WriteTo(&out)
	_ = book.Close()
	f.Add(out.Bytes(), "", "Sheet1")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text []byte, encoding, sheet string) {
		file, err := os.CreateTemp(dir, "fuzz")
		if err != nil {
			t.Fatal(err)
		}
		defer os.Remove(file.Name())
		defer file.Close()
		if _, err := file.Write(text); err != nil {
			t.Fatal(err)
		}
		src, err := Open(file, Options{Encoding: encoding, Sheet: sheet})
		if err != nil {
			return
		}
		defer src.Close()
		if n := len(src.Info().Header); n == 0 || n > MaxColumns {
			t.Errorf("%d columns", n)
		}
		for last := 0; ; {
			_, line, err := src.Next()
			if errors.Is(err, io.EOF) || Fatal(err) {
				return
			}
			if line <= last {
				t.Fatalf("line %d after line %d", line, last)
			}
			last = line
		}
	})
}
