package read

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

const (
	xmlTypes = `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>`
	xmlRels  = `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/%s" Target="%s"/></Relationships>`
	xmlBook  = `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>`
)

// sheet makes a workbook whose only sheet has these rows, as XML.
func sheet(t *testing.T, rows string) *os.File {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "sheet")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	z := zip.NewWriter(f)
	for name, text := range map[string]string{
		"[Content_Types].xml":        xmlTypes,
		"_rels/.rels":                fmt.Sprintf(xmlRels, "officeDocument", "xl/workbook.xml"),
		"xl/workbook.xml":            xmlBook,
		"xl/_rels/workbook.xml.rels": fmt.Sprintf(xmlRels, "worksheet", "worksheets/sheet1.xml"),
		"xl/worksheets/sheet1.xml":   `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>` + rows + `</sheetData></worksheet>`,
	} {
		w, err := z.Create(name)
		if err == nil {
			_, err = io.WriteString(w, text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return f
}

func cellAt(row int, column string) string {
	return fmt.Sprintf(`<row r="%d"><c r="%s%d" t="inlineStr"><is><t>x</t></is></c></row>`, row, column, row)
}

// Small files that make much of themselves are refused before, or soon after,
// they do; what real programs write is read.
func TestCrowdedSheets(t *testing.T) {
	t.Parallel()
	var wide, tall strings.Builder
	for i := 2; i <= 3000; i++ {
		wide.WriteString(cellAt(i, "XFD"))
		tall.WriteString(cellAt(i, "A"))
	}
	cells := strings.Repeat(`<c r="A1"><v>1</v></c>`, maxSheetColumns+1)
	for name, c := range map[string]struct {
		rows string
		read int // 0 is refused
	}{
		"a row of very many cells":           {`<row r="1">` + cells + `</row>`, 0},
		"the same with a prefix":             {strings.ReplaceAll(`<row r="1">`+cells+`</row>`, "<c ", "<x:c "), 0},
		"one row again and again":            {strings.Repeat(cellAt(5, "A"), maxSheetColumns+1), 0},
		"one row, oddly written":             {strings.Repeat(strings.Replace(cellAt(5, "A"), "r=", "r =", 1), maxSheetColumns+1), 0},
		"every row claims the last column":   {cellAt(1, "A") + wide.String(), 0},
		"a header of more than all columns":  {wide.String(), 0},
		"more rows than columns":             {cellAt(1, "A") + tall.String(), 3000 - 1},
		"rows without numbers":               {strings.Repeat(`<row><c t="inlineStr"><is><t>x</t></is></c></row>`, maxSheetColumns+10), maxSheetColumns + 9},
		"a very long cell":                   {cellAt(1, "A") + `<row r="2"><c r="A2" t="inlineStr"><is><t>` + strings.Repeat("long text ", maxCell/10) + `</t></is></c></row>`, 0},
		"a cell of very many runs":           {cellAt(1, "A") + `<row r="2"><c r="A2" t="inlineStr"><is>` + strings.Repeat(`<r><t>x</t></r>`, maxCell/15+1) + `</is></c></row>`, 0},
		"a very long comment with tags":      {cellAt(1, "A") + `<!--` + strings.Repeat("<c>"+strings.Repeat("x", 997), maxRun/1000+1) + `-->`, 0},
		"a comment and a cell of CDATA":      {cellAt(1, "A") + `<!-- <c> > -->` + `<row r="2"><c r="A2" t="inlineStr"><is><t><![CDATA[a<b>c]]></t></is></c></row>`, 1},
		"an entity of its own":               {cellAt(1, "A") + `<row r="2"><c r="A2" t="inlineStr"><is><t>&lol;</t></is></c></row>`, 0},
		"the entities that there are":        {cellAt(1, "A") + `<row r="2"><c r="A2" t="inlineStr"><is><t>&amp;&lt;&#10;</t></is></c></row>`, 1},
		"a header, and a row at the far end": {cellAt(1, "A") + cellAt(maxSheetRows, "A"), 1},
	} {
		src, err := Open(sheet(t, c.rows), Options{})
		read := 0
		for err == nil || !Fatal(err) && !errors.Is(err, io.EOF) {
			if src == nil {
				break
			}
			if _, _, err = src.Next(); err == nil {
				read++
			}
		}
		if src != nil {
			if err := src.Close(); err != nil {
				t.Error(err)
			}
		}
		if c.read == 0 && !errs.Has(err, errs.TooLarge) || c.read > 0 && (!errors.Is(err, io.EOF) || read != c.read) {
			t.Errorf("%s: %d rows, %v", name, read, err)
		}
	}
}

// A workbook that names texts which it does not have is damaged, and harms nobody.
func TestDamagedSheet(t *testing.T) {
	t.Parallel()
	src, err := Open(sheet(t, cellAt(1, "A")+`<row r="2"><c r="A2" t="s"><v>-1</v></c></row>`+cellAt(3, "A")), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if _, _, err := src.Next(); !Fatal(err) || errs.CodeOf(err) != "file.workbook" {
		t.Error(err)
	}
}
