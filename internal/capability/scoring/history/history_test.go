package history

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/transfer/read"
	"github.com/rapport-platform/rapport/internal/test/datasets"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

func leadTable(t testing.TB) *metadata.Table {
	t.Helper()
	lead, ok := fixture.Catalog(t).Table("lead")
	if !ok {
		t.Fatal("there is no table lead")
	}
	return lead
}

func run(t testing.TB, text string, m Mapping) (Progress, []Row, string, error) {
	t.Helper()
	r, err := NewReader(strings.NewReader(text), m)
	if err != nil {
		t.Fatal(err)
	}
	p, err := NewPlan(m, r.Header, leadTable(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	bad, err := read.NewBadWriter(&file, r.Header)
	if err != nil {
		t.Fatal(err)
	}
	var got Progress
	var rows []Row
	for row, err := range Rows(t.Context(), r, p, Options{Bad: bad, Tell: func(p Progress) error { got = p; return nil }}) {
		if err != nil {
			return got, rows, file.String(), err
		}
		rows = append(rows, row)
	}
	return got, rows, file.String(), nil
}

func TestEncodingsAndDelimiters(t *testing.T) {
	t.Parallel()
	const text = "Name;Stadt;Umsatz\n\"Müller; Sohn\";Köln;1.234,50\nÖzil;Zürich;7\n"
	utf16le, _ := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(text)
	utf16be, _ := unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewEncoder().String(text)
	windows, _ := charmap.Windows1252.NewEncoder().String(text)
	for name, file := range map[string]string{"utf-8": text, "utf-8 ": "\uFEFF" + text, "utf-16le": utf16le, "utf-16be": utf16be, "windows-1252": windows} {
		r, err := NewReader(strings.NewReader(file), Mapping{})
		if err != nil {
			t.Fatal(name, err)
		}
		record, line, err := r.Next()
		if err != nil || line != 2 || r.Encoding != strings.TrimSpace(name) || r.Delimiter != ';' || !slices.Equal(r.Header, []string{"Name", "Stadt", "Umsatz"}) ||
			!slices.Equal(record, []string{"Müller; Sohn", "Köln", "1.234,50"}) {
			t.Errorf("%s: %s %q %q line %d %v %v", name, r.Encoding, r.Delimiter, r.Header, line, record, err)
		}
	}
	for want, text := range map[rune]string{',': "a,b;c\n1,2\n", '\t': "a\tb\n1\t2\n", '|': "a|b|c\n1|2|3\n"} {
		if r, err := NewReader(strings.NewReader(text), Mapping{}); err != nil || r.Delimiter != want {
			t.Errorf("%q: %q %v", text, r.Delimiter, err)
		}
	}
}

func TestConvertsAndRefuses(t *testing.T) {
	t.Parallel()
	const text = `Mail,Industry,Budget,Age,When,Result,Score!
anna@example.com,Financial,"1,200.50",31,2024-05-01,won,7
bert@example.com,Alchemy,lots,32,2024-05-02,lost,8
,Financial,1,33,2024-05-03,won,9
carl@example.com,16,Inf,34,someday,won,9
dora@example.com,,NULL,,2024-05-05,open,
too,few
`
	m := Mapping{Key: []string{"Mail"}, Columns: map[string]string{"Mail": "emailaddress1", "Industry": "industrycode", "Budget": "budgetamount"}, Unmapped: Keep,
		Outcome: Outcome{Column: "Result", Positive: []string{"Won"}, Negative: []string{"lost"}}, Time: Time{Column: "When", Format: "iso"}}
	got, rows, bad, err := run(t, text, m)
	if err != nil || got.Read != 6 || got.Good != 2 || got.Bad != 4 {
		t.Fatalf("%+v %v", got, err)
	}
	first := rows[0]
	if first.Key != "anna@example.com" || !first.At.Equal(time.Date(2024, 5, 1, 0, 0, 0, 0, time.UTC)) || first.Outcome == nil || !*first.Outcome || first.Line != 2 ||
		!slices.Equal(first.Values, []string{"anna@example.com", "16", "1200.5", "31", "7"}) {
		t.Errorf("%+v", first)
	}
	if open := rows[1]; open.Outcome != nil || !slices.Equal(open.Values, []string{"dora@example.com", "", "", "", ""}) {
		t.Errorf("%+v", open)
	}
	records, err := csv.NewReader(strings.NewReader(bad)).ReadAll()
	if err == nil || !errors.Is(err, csv.ErrFieldCount) { // the record that is too short is kept as it was
		t.Errorf("%v %v", records, err)
	}
	for _, want := range []string{"3,\"Industry: this is none of the options, by label or value; Budget: a number is expected\",bert@example.com", "4,Mail: the key is empty", "5,Budget: a number is expected; When: ", "7,\"2 fields, but the header has 7\",too,few"} {
		if !strings.Contains(bad, want) {
			t.Errorf("%q is missing in\n%s", want, bad)
		}
	}
}

func TestMappingIsChecked(t *testing.T) {
	t.Parallel()
	m, err := ParseMapping(strings.NewReader("delimiter: ';'\nkey: [id]\ncolumns: {a: nosuch, b: firstname, c: firstname, gone: keep}\noutcome: {column: y}\nhorizon: -1\n"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = NewPlan(m, []string{"a", "b", "c"}, leadTable(t), nil)
	e, ok := errors.AsType[*errs.Error](err)
	if !ok || e.Code != "history.mapping" {
		t.Fatal(err)
	}
	var names []string
	for _, f := range e.Fields {
		names = append(names, f.Name)
	}
	if want := []string{"columns.a", "columns.c", "columns.gone", "horizon", "key", "outcome.column", "outcome.positive"}; !slices.Equal(names, want) {
		t.Errorf("%v", names)
	}
	if _, err := ParseMapping(strings.NewReader("colums: {}\n")); errs.CodeOf(err) != "history.mapping" {
		t.Errorf("a misspelt name is taken: %v", err)
	}
}

// Whoever is told of the progress can end the import.
func TestEnds(t *testing.T) {
	t.Parallel()
	r, err := NewReader(&endless{rows: 100_000}, Mapping{})
	if err != nil {
		t.Fatal(err)
	}
	m := Mapping{Unmapped: Keep}
	p, err := NewPlan(m, r.Header, leadTable(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	bad, _ := read.NewBadWriter(io.Discard, r.Header)
	stop := errors.New("stop")
	n := 0
	for _, err = range Rows(t.Context(), r, p, Options{Bad: bad, Every: 100, Tell: func(p Progress) error {
		if p.Read == 300 {
			return stop
		}
		return nil
	}}) {
		n++
	}
	if !errors.Is(err, stop) || n != 301 {
		t.Errorf("%d rows, %v", n, err)
	}
}

func TestUnclosedQuotationMark(t *testing.T) {
	t.Parallel()
	text := "a,b\n1,2\n3,\"" + strings.Repeat("x,y\n", 1<<20)
	_, _, _, err := run(t, text, Mapping{Unmapped: Keep})
	if errs.CodeOf(err) != "history.unclosed" || !strings.Contains(err.Error(), "line 2") {
		t.Error(err)
	}
}

// endless makes rows without holding them.
type endless struct {
	n, rows int
	rest    []byte
}

func (e *endless) Read(p []byte) (int, error) {
	for len(e.rest) == 0 {
		switch {
		case e.n == 0:
			e.rest = []byte("id,a,b,c,d,y\n")
		case e.n > e.rows:
			return 0, io.EOF
		default:
			e.rest = fmt.Appendf(e.rest[:0], "%d,alpha %d,%d,beta,%d,%t\n", e.n, e.n%10, e.n%1000, e.n%7, e.n%5 == 0)
		}
		e.n++
	}
	n := copy(p, e.rest)
	e.rest = e.rest[n:]
	return n, nil
}

func TestMemoryIsBounded(t *testing.T) {
	m := Mapping{Key: []string{"id"}, Unmapped: Keep, Outcome: Outcome{Column: "y", Positive: []string{"true"}}}
	r, err := NewReader(&endless{rows: 300_000}, m)
	if err != nil {
		t.Fatal(err)
	}
	p, err := NewPlan(m, r.Header, leadTable(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	bad, _ := read.NewBadWriter(io.Discard, r.Header)
	most, n := uint64(0), 0
	for _, err := range Rows(t.Context(), r, p, Options{Bad: bad}) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n%10_000 == 0 {
			var s runtime.MemStats
			runtime.ReadMemStats(&s)
			most = max(most, s.HeapInuse)
		}
	}
	if n != 300_000 || most > 100<<20 {
		t.Errorf("%d rows, %d MB in use", n, most>>20)
	}
}

func TestSuggestsForBankMarketing(t *testing.T) {
	t.Parallel()
	f, err := os.Open(datasets.Path(t, "uci_bank_marketing", "bank-additional-full.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p, err := Look(f, Mapping{}, leadTable(t))
	if err != nil {
		t.Fatal(err)
	}
	if p.Delimiter != ";" || len(p.Columns) != 21 || !p.Columns[0].Numeric || p.Suggestion.Mapping.Outcome.Column != "" && p.Suggestion.Mapping.Outcome.Column != "y" {
		t.Errorf("%q %d columns, outcome %+v", p.Delimiter, len(p.Columns), p.Suggestion.Mapping.Outcome)
	}
}

func TestSuggestsFromNamesAndValues(t *testing.T) {
	t.Parallel()
	text := "Lead ID,E-Mail,Company,Lead Source,Created,Converted,Shoe size\n1,a@x.org,X,Web,05/20/2024,yes,44\n2,b@x.org,Y,Partner,05/21/2024,no,45\n"
	p, err := Look(strings.NewReader(text), Mapping{}, leadTable(t))
	if err != nil {
		t.Fatal(err)
	}
	m := p.Suggestion.Mapping
	if m.Columns["E-Mail"] != "emailaddress1" || m.Columns["Company"] != "companyname" || m.Columns["Lead Source"] != "leadsourcecode" || m.Columns["Shoe size"] != "" ||
		m.Outcome.Column != "Converted" || !slices.Equal(m.Outcome.Positive, []string{"yes"}) || m.Time != (Time{"Created", "mdy"}) || !slices.Equal(m.Key, []string{"Lead ID"}) {
		t.Errorf("%+v", m)
	}
	with, err := Look(strings.NewReader(text), m, leadTable(t))
	if err != nil || with.Good != 2 {
		t.Errorf("%+v %v", with, err)
	}
}

func FuzzReader(f *testing.F) {
	f.Add([]byte("a;b\n1;2\n"), "")
	f.Add([]byte("\xff\xfea\x00,\x00b\x00\n\x00"), "")
	f.Add([]byte("a,b\n\"x\n"), "utf-8")
	lead := leadTable(f)
	f.Fuzz(func(t *testing.T, file []byte, encoding string) {
		m := Mapping{Encoding: encoding, Unmapped: Keep}
		r, err := NewReader(bytes.NewReader(file), m)
		if err != nil {
			return
		}
		p, err := NewPlan(m, r.Header, lead, nil)
		if err != nil {
			return
		}
		bad, _ := read.NewBadWriter(io.Discard, r.Header)
		var got Progress
		n := int64(0)
		for _, err = range Rows(t.Context(), r, p, Options{Bad: bad, Tell: func(p Progress) error { got = p; return nil }}) {
			n++
		}
		if err == nil && (got.Good+got.Bad != got.Read || got.Good != n) {
			t.Errorf("%+v and %d rows", got, n)
		}
		_, _ = Look(bytes.NewReader(file), m, lead)
	})
}
