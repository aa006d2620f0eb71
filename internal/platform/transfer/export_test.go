package transfer_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/xuri/excelize/v2"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/transfer"
	"github.com/rapport-platform/rapport/internal/platform/transfer/export"
	"github.com/rapport-platform/rapport/internal/platform/transfer/operation"
)

func (e *env) exporter() *export.Exporter {
	return &export.Exporter{Store: e.store, Access: e.config.Access, Clock: e.clock}
}

func (e *env) asked(format, sel, filter, order string) export.Request {
	e.t.Helper()
	params := map[string]string{}
	for name, v := range map[string]string{"$select": sel, "$filter": filter, "$orderby": order} {
		if v != "" {
			params[name] = v
		}
	}
	part, _ := e.store.Catalog().Table("rpt_part")
	o, err := odata.ParseOptions(&odata.Context{Catalog: e.store.Catalog(), Now: e.clock.Now()}, part, params)
	if err != nil {
		e.t.Fatal(err)
	}
	return export.Request{Query: o.Query, View: o.View, Format: format, Language: "de", Text: map[string]any{"$filter": filter}}
}

const chosen = "rpt_code,rpt_name,rpt_size,rpt_colours,rpt_price,rpt_stock,rpt_listed,rpt_since,rpt_checked,_rpt_maker_value"

func (e *env) parts() {
	maker := e.must("account", record.Row{"name": "=Acme"})
	text := "code,name,size,colours,price,stock,listed,since,checked,maker\n" +
		"A,=1+2,2,1;2,-5.25,-3,yes,2025-01-31,2026-03-04T05:06:07Z," + maker.ID("accountid").String() + "\n" +
		"B,\"@cmd, \"\"x\"\"\",,,,,,,,\n" + "C,-7,1,,1234567.5,0,no,,,\n"
	e.imported(file{"rpt_part", text, transfer.Mapping{Columns: columns("code=rpt_code", "name=rpt_name", "size=rpt_size", "colours=rpt_colours", "price=rpt_price", "stock=rpt_stock", "listed=rpt_listed",
		"since=rpt_since", "checked=rpt_checked", "maker=rpt_maker")}})
}

func TestExportsInEveryFormat(t *testing.T) {
	each(t, func(e *env) {
		e.parts()
		run := func(format string) []byte {
			var out bytes.Buffer
			n, err := e.exporter().Export(e.ctx(), e.asked(format, chosen, "rpt_code ne 'Z'", "rpt_code"), &out)
			if err != nil || n != 3 {
				t.Fatal(format, n, err)
			}
			return out.Bytes()
		}
		got := strings.TrimPrefix(string(run(export.CSV)), "\uFEFF")
		want := "Kürzel,Name,Größe,Farben,Preis,Bestand,Gelistet,Seit,Geprüft,Hersteller\n" +
			"A,'=1+2,Groß,Rot; Blau,-5.25,-3,Ja,2025-01-31,2026-03-04 05:06:07,'=Acme\n" + "B,\"'@cmd, \"\"x\"\"\",,,,,,,,\n" + "C,'-7,Klein,,1234567.5,0,Nein,,,\n"
		if got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		book, err := excelize.OpenReader(bytes.NewReader(run(export.XLSX)))
		if err != nil {
			t.Fatal(err)
		}
		defer book.Close()
		for at, want := range map[string]string{"A1": "Kürzel", "B2": "=1+2", "C2": "Groß", "E2": "-5.25", "H2": "2025-01-31", "I2": "2026-03-04 05:06:07", "B4": "-7", "E4": "1234567.5"} {
			if got, err := book.GetCellValue("Teile", at); err != nil || got != want {
				t.Errorf("%s: %q %v, want %q", at, got, err, want)
			}
			if f, err := book.GetCellFormula("Teile", at); err != nil || f != "" {
				t.Errorf("%s is a formula: %q %v", at, f, err)
			}
		}
		lines := strings.Split(strings.TrimSpace(string(run(export.JSONL))), "\n")
		if len(lines) != 3 || !strings.HasPrefix(lines[0], `{"rpt_code":"A","rpt_name":"=1+2","rpt_size":2,"rpt_colours":"1,2","rpt_price":-5.25,"rpt_stock":-3,"rpt_listed":true,"rpt_since":"2025-01-31","rpt_checked":"2026-03-04T05:06:07Z","rpt_maker":"`) ||
			lines[1] != `{"rpt_code":"B","rpt_name":"@cmd, \"x\""}` {
			t.Errorf("%q", lines)
		}
		type part struct {
			Code  string   `parquet:"rpt_code,optional"`
			Price *int64   `parquet:"rpt_price,optional"`
			Stock *int64   `parquet:"rpt_stock,optional"`
			Since *int32   `parquet:"rpt_since,optional"`
			Name  string   `parquet:"rpt_name,optional"`
			_     struct{} `parquet:"-"`
		}
		raw := run(export.Parquet)
		f, err := parquet.OpenFile(bytes.NewReader(raw), int64(len(raw)))
		if err != nil || f.NumRows() != 3 {
			t.Fatal(err)
		}
		rows := make([]parquet.Row, 3)
		r := f.RowGroups()[0].Rows()
		defer r.Close()
		if n, err := r.ReadRows(rows); n != 3 || err != nil && !errors.Is(err, io.EOF) {
			t.Fatal(n, err)
		}
		at := map[string]int{}
		for i, c := range f.Schema().Columns() {
			at[c[0]] = i
		}
		if at["rpt_code"] != 0 || at["rpt_name"] != 1 || at["rpt_checked"] != 8 || at["rpt_maker"] != 9 {
			t.Errorf("the columns stand in another order than in the list: %v", at)
		}
		if rows[0][at["rpt_price"]].Int64() != -525 || rows[0][at["rpt_since"]].Int32() != 20119 || rows[1][at["rpt_price"]].IsNull() != true || string(rows[2][at["rpt_name"]].ByteArray()) != "-7" {
			t.Errorf("%v", rows)
		}
		if got := e.rows("rpt_exportlog", "rpt_format", "rpt_rows", "rpt_outcome", "rpt_table"); got != "csv 3 1 rpt_part\njsonl 3 1 rpt_part\nparquet 3 1 rpt_part\nxlsx 3 1 rpt_part" {
			t.Error(got)
		}
		// Every page has left a trace of who has seen which rows.
		if got := e.rows("rpt_readlog", "createdon", "rpt_how", "rpt_table", "rpt_count", "rpt_detail"); strings.Count(got, "export rpt_part 3 ") != 4 || !strings.Contains(got, "3 xlsx") || !strings.Contains(got, "3 jsonl") {
			t.Error(got)
		}
	})
}

// What is exported comes back as it was: the guard is taken off, labels and names are found.
func TestExportComesBack(t *testing.T) {
	each(t, func(e *env) {
		e.parts()
		before := e.rows("rpt_part", "rpt_code", "rpt_name", "rpt_size", "rpt_colours", "rpt_price", "rpt_stock", "rpt_listed", "rpt_since", "rpt_checked", "rpt_maker")
		for _, format := range []string{export.CSV, export.XLSX} {
			var out bytes.Buffer
			if _, err := e.exporter().Export(e.ctx(), e.asked(format, "rpt_partid,"+chosen, "", ""), &out); err != nil {
				t.Fatal(err)
			}
			up, err := e.service.Upload(e.ctx(), id.Nil, "rpt_part", "back."+format, bytes.NewReader(out.Bytes()))
			if err != nil {
				t.Fatal(err)
			}
			p, err := e.service.Preview(e.ctx(), up.File, "", transfer.Mapping{})
			if err != nil || p.Suggestion.Mode != transfer.Upsert || len(p.Suggestion.Columns) != 11 {
				t.Fatalf("%+v %v", p.Suggestion, err)
			}
			if err := e.service.Map(e.ctx(), up.File, "rpt_part", p.Suggestion); err != nil {
				t.Fatal(err)
			}
			b := &brought{e: e, id: up.Import, files: []id.ID{up.File}}
			b.must("rpt_StartImport", nil)
			b.run(operation.Done)
			b.want(0, "3 0 0 3 0")
			if after := e.rows("rpt_part", "rpt_code", "rpt_name", "rpt_size", "rpt_colours", "rpt_price", "rpt_stock", "rpt_listed", "rpt_since", "rpt_checked", "rpt_maker"); after != before {
				t.Errorf("%s:\n%s\nbecame\n%s", format, before, after)
			}
		}
	})
}

func TestExportInPagesUnderAccess(t *testing.T) {
	each(t, func(e *env) {
		var text strings.Builder
		text.WriteString("name,stock\n")
		for i := range 2100 {
			fmt.Fprintf(&text, "Part %d,%d\n", i, i%3)
		}
		e.config.Chunk = 300
		e.service = transfer.New(e.config)
		e.imported(file{"rpt_part", text.String(), transfer.Mapping{Columns: columns("name=rpt_name", "stock=rpt_stock")}})
		var out bytes.Buffer
		n, err := e.exporter().Export(e.ctx(), e.asked(export.CSV, "rpt_name,rpt_stock", "", "rpt_stock desc"), &out)
		records, e2 := csv.NewReader(&out).ReadAll()
		seen := map[string]bool{}
		for _, r := range records[1:] {
			seen[r[0]] = true
		}
		if err != nil || e2 != nil || n != 2100 || len(seen) != 2100 {
			t.Fatal(n, len(seen), err, e2)
		}
		// A person who may not read rows of others gets none of them; one without the privilege gets an error.
		nobody := e.user("nobody", "import")
		if _, err := e.exporter().Export(as(t.Context(), nobody), e.asked(export.CSV, "", "", ""), io.Discard); !errs.Has(err, errs.Forbidden) {
			t.Error(err)
		}
		// A full disk at the receiver's end is noted, and so is who asked.
		x := e.exporter()
		x.Tell = func(context.Context, *record.Tx, id.ID, export.Notice) error {
			t.Error("who broke off himself is told that it failed")
			return nil
		}
		if _, err := x.Export(e.ctx(), e.asked(export.JSONL, "rpt_name", "", ""), &full{left: 5000}); !errors.Is(err, errFull) {
			t.Error(err)
		}
		page, err := e.store.Find(e.system(), query.Query{Table: "rpt_exportlog", Where: query.Compare{Left: query.Path{"rpt_outcome"}, Value: int64(2)}})
		if err != nil || len(page.Rows) != 1 || page.Rows[0].ID("ownerid") != e.anna || page.Rows[0].Int("rpt_rows") == 0 {
			t.Error(page.Rows, err)
		}
	})
}

var errFull = errors.New("no space left on device")

// full is a disk with little room.
type full struct{ left int }

func (f *full) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func (f *full) Close() error { return nil }
func (f *full) Sync() error  { return nil }
