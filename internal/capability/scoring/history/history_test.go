package history

import (
	"bytes"
	"context"
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

// sink keeps what it is given, once for each batch, and may fail.
type sink struct {
	batches map[int64][]Row
	fail    int64 // the batch that fails; -1 is none
}

func (s *sink) Write(_ context.Context, batch int64, rows []Row) error {
	if batch == s.fail {
		return errors.New("the disk is full")
	}
	s.batches[batch] = slices.Clone(rows)
	return nil
}

func (s *sink) rows() (out []Row) {
	for i := range int64(len(s.batches)) {
		out = append(out, s.batches[i]...)
	}
	return out
}

func run(t testing.TB, text string, m Mapping, o Options) (Progress, *sink, string, error) {
	t.Helper()
	r, err := NewReader(strings.NewReader(text), m)
	if err != nil {
		t.Fatal(err)
	}
	p, err := NewPlan(m, r.Header, leadTable(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	var bad bytes.Buffer
	s, _ := o.Sink.(*sink)
	if s == nil {
		s = &sink{batches: map[int64][]Row{}, fail: -1}
		o.Sink = s
	}
	if o.Bad, err = NewBadWriter(&bad, r.Header); err != nil {
		t.Fatal(err)
	}
	got, err := Run(t.Context(), r, p, o)
	return got, s, bad.String(), err
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
	got, s, bad, err := run(t, text, m, Options{})
	if err != nil || got.Read != 6 || got.Good != 2 || got.Bad != 4 {
		t.Fatalf("%+v %v", got, err)
	}
	rows := s.rows()
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

// An import that stops and goes on gives the same rows as one in a piece.
func TestResumes(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("id,age\n")
	for i := range 1000 {
		fmt.Fprintf(&b, "%d,%d\n", i, i%70)
		if i%97 == 0 {
			b.WriteString("broken\n")
		}
	}
	m := Mapping{Key: []string{"id"}, Unmapped: Keep}
	whole, want, _, err := run(t, b.String(), m, Options{Batch: 100})
	if err != nil {
		t.Fatal(err)
	}
	s := &sink{batches: map[int64][]Row{}, fail: 4}
	var saved Progress
	options := Options{Batch: 100, Sink: s, Saved: func(p Progress) error { saved = p; return nil }}
	if _, _, _, err := run(t, b.String(), m, options); err == nil {
		t.Fatal("the failure is lost")
	}
	if saved.Read != 400 || saved.Batch != 4 {
		t.Fatalf("%+v", saved)
	}
	s.fail, options.From = -1, saved
	got, _, _, err := run(t, b.String(), m, options)
	if err != nil || got != whole {
		t.Fatalf("%+v, want %+v: %v", got, whole, err)
	}
	a, z := want.rows(), s.rows()
	if len(a) != 1000 || !slices.EqualFunc(a, z, func(x, y Row) bool { return x.Key == y.Key && slices.Equal(x.Values, y.Values) }) {
		t.Errorf("%d and %d rows", len(a), len(z))
	}
}

func TestUnclosedQuotationMark(t *testing.T) {
	t.Parallel()
	text := "a,b\n1,2\n3,\"" + strings.Repeat("x,y\n", 1<<20)
	_, _, _, err := run(t, text, Mapping{Unmapped: Keep}, Options{})
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

type heap struct{ most uint64 }

func (h *heap) Write(context.Context, int64, []Row) error {
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	h.most = max(h.most, s.HeapInuse)
	return nil
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
	bad, _ := NewBadWriter(io.Discard, r.Header)
	h := &heap{}
	got, err := Run(t.Context(), r, p, Options{Sink: h, Bad: bad, Batch: 10_000})
	if err != nil || got.Good != 300_000 || got.Batch != 30 {
		t.Fatalf("%+v %v", got, err)
	}
	if h.most > 100<<20 {
		t.Errorf("%d MB in use", h.most>>20)
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
		bad, _ := NewBadWriter(io.Discard, r.Header)
		got, err := Run(t.Context(), r, p, Options{Sink: &sink{batches: map[int64][]Row{}, fail: -1}, Bad: bad})
		if err == nil && got.Good+got.Bad != got.Read {
			t.Errorf("%+v", got)
		}
		_, _ = Look(bytes.NewReader(file), m, lead)
	})
}
