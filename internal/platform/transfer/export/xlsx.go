package export

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"github.com/rapport-platform/rapport/internal/platform/query"
)

const (
	sheetRows = 1_048_576 // of a sheet, as Excel has it
	maxCell   = 32_767    // characters of a cell
	exact     = 1 << 53   // beyond it a spreadsheet's numbers have gaps
)

// xlsxWriter writes a workbook. Rows go to temporary files once there are many.
// Texts are cells of type text, which no spreadsheet evaluates.
type xlsxWriter struct {
	to                io.Writer
	file              *excelize.File
	sheet             *excelize.StreamWriter
	title             string
	sheets            int
	line              int
	head              []any
	dates, days, bold int // styles
}

func newXLSX(r Request, columns []column, to io.Writer, dir string) (writer, error) {
	w := &xlsxWriter{to: to, file: excelize.NewFile(excelize.Options{TmpDir: dir}), title: sheetName(r.View.Table.Plural.In(r.Language))}
	if err := w.begin(columns); err != nil {
		return nil, errors.Join(err, w.file.Close())
	}
	return w, nil
}

func (w *xlsxWriter) begin(columns []column) (err error) {
	stamp, day := "yyyy-mm-dd hh:mm:ss", "yyyy-mm-dd"
	if w.dates, err = w.file.NewStyle(&excelize.Style{CustomNumFmt: &stamp}); err != nil {
		return err
	}
	if w.days, err = w.file.NewStyle(&excelize.Style{CustomNumFmt: &day}); err != nil {
		return err
	}
	if w.bold, err = w.file.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}}); err != nil {
		return err
	}
	for _, c := range columns {
		w.head = append(w.head, excelize.Cell{StyleID: w.bold, Value: c.label})
	}
	return w.next()
}

// next begins a sheet.
func (w *xlsxWriter) next() (err error) {
	if w.sheet != nil {
		if err := w.sheet.Flush(); err != nil {
			return err
		}
	}
	w.sheets++
	name := w.title
	if w.sheets == 1 {
		err = w.file.SetSheetName(w.file.GetSheetName(0), name)
	} else {
		name = fmt.Sprintf("%s %d", name, w.sheets)
		_, err = w.file.NewSheet(name)
	}
	if err != nil {
		return err
	}
	if w.sheet, err = w.file.NewStreamWriter(name); err != nil {
		return err
	}
	w.line = 1
	return w.sheet.SetRow("A1", w.head)
}

func (w *xlsxWriter) row(values []any) error {
	if w.line == sheetRows {
		if err := w.next(); err != nil {
			return err
		}
	}
	w.line++
	cells := make([]any, len(values))
	for i, v := range values {
		cells[i] = w.cell(v)
	}
	at, err := excelize.CoordinatesToCellName(1, w.line)
	if err != nil {
		return err
	}
	return w.sheet.SetRow(at, cells)
}

func (w *xlsxWriter) cell(v any) any {
	switch x := v.(type) {
	case nil:
		return nil
	case string:
		return short(x)
	case int64:
		if x > exact || x < -exact {
			return fmt.Sprint(x)
		}
		return x
	case float64:
		return x
	case query.Number:
		if digits := strings.Count(x.String(), "") - 1; digits > 15 {
			return x.String() // a spreadsheet would round it
		}
		return x.Float()
	case time.Time:
		if x.Year() < 1900 {
			return x.Format(stamp)
		}
		// The clock's hands count, not the zone.
		return excelize.Cell{StyleID: w.dates, Value: time.Date(x.Year(), x.Month(), x.Day(), x.Hour(), x.Minute(), x.Second(), 0, time.UTC)}
	case query.Date:
		if day, err := time.Parse(time.DateOnly, string(x)); err == nil && day.Year() >= 1900 {
			return excelize.Cell{StyleID: w.days, Value: day}
		}
		return string(x)
	case json.RawMessage:
		return short(string(x))
	}
	return short(fmt.Sprint(v))
}

func short(s string) string {
	if utf8.RuneCountInString(s) > maxCell {
		return string([]rune(s)[:maxCell-1]) + "…"
	}
	return s
}

func (w *xlsxWriter) close() error {
	err := w.sheet.Flush()
	if err == nil {
		_, err = w.file.WriteTo(w.to)
	}
	return errors.Join(err, w.file.Close())
}

// sheetName gives a name that a sheet may have.
func sheetName(s string) string {
	s = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`:\/?*[]'`, r) {
			return ' '
		}
		return r
	}, s)
	if r := []rune(s); len(r) > 25 {
		s = string(r[:25])
	}
	if s = strings.TrimSpace(s); s == "" {
		return "Rows"
	}
	return s
}
