package transfer_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/transfer"
	"github.com/rapport-platform/rapport/internal/platform/transfer/operation"
	"github.com/rapport-platform/rapport/internal/platform/transfer/upload"
)

// left counts the files and rows that uploads have left.
func (e *env) left() string {
	e.t.Helper()
	list, err := os.ReadDir(e.config.Dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		e.t.Fatal(err)
	}
	return fmt.Sprint(len(list), e.count("import"), e.count("importfile"))
}

func TestUploadsThatCantBeUsedLeaveNothing(t *testing.T) {
	each(t, func(e *env) {
		wide := strings.Repeat("c,", 9999) + "c\n" + strings.Repeat("1,", 9999) + "1\n"
		for code, text := range map[string]string{"import.empty": "", "file.columns": wide, "file.old_excel": "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1 old", "file.workbook": "PK\x03\x04 broken", "file.unclosed": "a,\"b" + strings.Repeat("x", 2<<20)} {
			if _, err := e.service.Upload(e.ctx(), id.Nil, "rpt_part", "x.csv", strings.NewReader(text)); errs.CodeOf(err) != code {
				t.Errorf("%s: %v", code, err)
			}
		}
		if _, err := e.service.Upload(e.ctx(), id.Nil, "rpt_part", "x.csv", failing{strings.NewReader("a,b\n1,2\n")}); errs.CodeOf(err) != "import.broken_off" {
			t.Error(err)
		}
		for _, table := range []string{"nosuch", "importfile", "import"} {
			if _, err := e.service.Upload(e.ctx(), id.Nil, table, "x.csv", strings.NewReader("a\n1\n")); errs.CodeOf(err) != "import.table" {
				t.Errorf("%s: %v", table, err)
			}
		}
		dir := t.TempDir()
		disk := upload.Folder{Dir: dir, Max: 1 << 20, Codes: "import", Create: func(string) (upload.File, error) { return &full{left: 1000}, nil }}
		if _, err := disk.Save("x", strings.NewReader(strings.Repeat("x", 5000))); errs.CodeOf(err) != "import.disk" || !errs.Has(err, errs.Unavailable) {
			t.Error(err)
		}
		nobody := e.user("nobody", "account")
		if _, err := e.service.Upload(as(t.Context(), nobody), id.Nil, "account", "x.csv", strings.NewReader("a\n1\n")); !errs.Has(err, errs.Forbidden) {
			t.Error(err)
		}
		if got := e.left(); got != "0 0 0" {
			t.Errorf("files, imports, import files left: %s", got)
		}
	})
}

func TestBrokenCharactersAreToldByLine(t *testing.T) {
	each(t, func(e *env) {
		text := "name\n" + strings.Repeat("good\n", 20_000) + "b\xffd\n" + "also good\n"
		e.config.Chunk = 2000
		e.service = transfer.New(e.config)
		b := e.bring(file{"rpt_part", text, transfer.Mapping{Encoding: "utf-8", Columns: columns("name=rpt_name")}})
		b.must("rpt_StartImport", map[string]any{"DryRun": true})
		b.run(operation.Checked)
		b.want(0, "20002 20001 0 0 1")
		if !strings.Contains(b.refused(0), "20002,file.text,the text is not utf-8") {
			t.Error(b.refused(0))
		}
	})
}

func TestFileThatBreaksOffInTheMiddle(t *testing.T) {
	each(t, func(e *env) {
		text := "name\n" + strings.Repeat("good\n", 520) + "\"never closed" + strings.Repeat("x\n", 1<<20)
		e.config.Chunk = 100
		e.service = transfer.New(e.config)
		b := e.bring(file{"rpt_part", text, transfer.Mapping{Columns: columns("name=rpt_name")}})
		b.must("rpt_StartImport", nil)
		row := b.run(operation.Failed)
		if !strings.Contains(row.Text("rpt_error"), "after line 521 is not closed") || e.count("rpt_part") != 520 {
			t.Errorf("%q, %d rows", row.Text("rpt_error"), e.count("rpt_part"))
		}
		b.must("rpt_UndoImport", nil)
		b.run(operation.Undone)
		if n := e.count("rpt_part"); n != 0 {
			t.Errorf("%d rows left", n)
		}
	})
}

func workbook(t *testing.T, fill func(f *excelize.File)) string {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	fill(f)
	var out bytes.Buffer
	if _, err := f.WriteTo(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestWorkbooks(t *testing.T) {
	each(t, func(e *env) {
		text := workbook(t, func(f *excelize.File) {
			set := func(at string, v any) {
				if err := f.SetCellValue("Sheet1", at, v); err != nil {
					t.Fatal(err)
				}
			}
			day, err := f.NewStyle(&excelize.Style{NumFmt: 14})
			if err != nil {
				t.Fatal(err)
			}
			for i, h := range []string{"Name", "Code", "Price", "Since", "Checked", "Stock"} {
				set(fmt.Sprintf("%c1", 'A'+i), h)
			}
			set("A3", "Bolt")
			set("B3", "X1")
			set("C3", 1234.56)
			set("D3", 45678.0) // 2025-01-21
			_ = f.SetCellStyle("Sheet1", "D3", "D3", day)
			set("E3", 45678.25)
			set("A4", "Formula")
			set("B4", "X2")
			if err := f.SetCellFormula("Sheet1", "C4", "=CMD()|'/C calc'!A0"); err != nil {
				t.Fatal(err)
			}
			set("A5", "#REF!")
			set("A6", "Odd")
			set("F6", 1.5)
			set("D6", 45678.0)
		})
		// The decimal sign is that of texts; numbers are kept with a point.
		m := transfer.Mapping{Zone: "Europe/Berlin", Decimal: ",", Columns: columns("Name=rpt_name", "Code=rpt_code", "Price=rpt_price", "Since=rpt_since", "Checked=rpt_checked", "Stock=rpt_stock")}
		b := e.imported(file{"rpt_part", text, m})
		b.want(0, "4 2 0 0 2")
		if got, want := e.rows("rpt_part", "rpt_code", "rpt_name", "rpt_price", "rpt_since", "rpt_checked"), "X1 Bolt 1234.56 2025-01-21 2025-01-21T05:00:00Z\nX2 Formula null null null"; got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		bad := b.refused(0)
		if !strings.HasPrefix(bad, "\uFEFFline,code,reasons,Name,") || !strings.Contains(bad, "5,file.cell,") || !strings.Contains(bad, "6,column.type,Stock: a whole number is expected,Odd,,,2025-01-21,,1.5") {
			t.Error(bad)
		}
		b = e.imported(file{"rpt_part", strings.Replace(bad, ",1.5", ",2", 1), m})
		b.want(0, "2 2 0 0 0")
		if got := e.rows("rpt_part", "rpt_name", "rpt_since", "rpt_stock"); !strings.Contains(got, "Odd 2025-01-21 2") {
			t.Error(got)
		}
		p, err := e.service.Preview(e.ctx(), b.files[0], "", transfer.Mapping{})
		if err != nil || len(p.Suggestion.Columns) != 6 || p.Suggestion.Columns["code"] != "" {
			t.Errorf("%+v %v", p.Suggestion, err)
		}
	})
}

func TestPausedResumedCancelled(t *testing.T) {
	each(t, func(e *env) {
		text := "name\n" + strings.Repeat("part\n", 50)
		f := file{"rpt_part", text, transfer.Mapping{Columns: columns("name=rpt_name")}}
		b := e.bring(f)
		b.must("rpt_StartImport", nil)
		if err := b.call("rpt_StartImport", nil); errs.CodeOf(err) != "import.begun" {
			t.Error(err)
		}
		b.must("rpt_PauseImport", nil)
		b.run(operation.Paused)
		b.want(0, "0 0 0 0 0")
		// A runner that hears of the pause in the middle stops there.
		b.must("rpt_ResumeImport", nil)
		e.store.AddHook(record.Hook{Table: "rpt_part", AfterCreate: e.after(20, func(tx *record.Tx) error {
			return e.keeper.Pause(e.ctx(), tx, operation.Ref{Table: "import", ID: b.id})
		})})
		b.run(operation.Paused)
		b.want(0, "21 21 0 0 0")
		b.must("rpt_ResumeImport", nil)
		b.run(operation.Done)
		b.want(0, "50 50 0 0 0")
		if e.count("rpt_part") != 50 {
			t.Error(e.count("rpt_part"))
		}
		// A rehearsal that was broken off leaves a draft.
		d := e.bring(f, f)
		d.must("rpt_StartImport", map[string]any{"DryRun": true})
		d.must("rpt_CancelImport", nil)
		d.run(operation.Cancelled)
		if err := e.service.Remove(e.ctx(), d.files[1]); err != nil {
			t.Fatal(err)
		}
		d.must("rpt_StartImport", nil)
		d.run(operation.Done)
		d.want(0, "50 50 0 0 0")
		if err := e.service.Remove(e.ctx(), d.files[0]); errs.CodeOf(err) != "import.begun" || e.count("importfile") != 2 {
			t.Error(err, e.count("importfile"))
		}
		c := e.bring(f)
		c.must("rpt_StartImport", nil)
		c.must("rpt_CancelImport", nil)
		c.run(operation.Cancelled)
		for _, action := range []string{"rpt_PauseImport", "rpt_ResumeImport", "rpt_CancelImport"} {
			if err := c.call(action, nil); errs.CodeOf(err) != "operation.ended" {
				t.Error(action, err)
			}
		}
	})
}

// A process that dies in the middle leaves whole portions, and the next one goes
// on behind them; one that only seemed dead can't write any more.
func TestCrashInTheMiddle(t *testing.T) {
	each(t, func(e *env) {
		var text strings.Builder
		text.WriteString("code,name\n")
		for i := range 60 {
			fmt.Fprintf(&text, "C%d,Part\n", i)
		}
		b := e.bring(file{"rpt_part", text.String(), transfer.Mapping{Columns: columns("code=rpt_code", "name=rpt_name")}})
		b.must("rpt_StartImport", nil)
		dead := errors.New("the process is killed")
		e.store.AddHook(record.Hook{Table: "rpt_part", AfterCreate: e.after(30, func(*record.Tx) error { return dead })})
		e.store.AddHook(record.Hook{Table: "rpt_part", AfterCreate: e.after(45, func(tx *record.Tx) error {
			_, err := tx.Update(e.system(), "importfile", b.files[0], record.Row{"processedcount": int64(50)}, record.Match{}) // as another runner would
			return err
		})})
		// Its first try ends in the middle of the fifth portion, and the job tries again.
		b.run(operation.Done)
		b.want(0, "60 60 0 0 0")
		if n := e.count("rpt_part"); n != 60 {
			t.Errorf("%d rows", n)
		}
	})
}
