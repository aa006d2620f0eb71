package read

import (
	"errors"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// spill is from what size on a part of a workbook is worked on in a temporary
// file instead of in memory, in bytes.
const spill = 1 << 20

// maxSheetRows is how many rows a sheet has in Excel.
const maxSheetRows = 1_048_576

// workbook reads a sheet row by row. Empty rows are left out, and rows are as
// long as the header unless they hold more.
type workbook struct {
	info Info
	o    Options
	file *excelize.File
	rows *excelize.Rows
	line int
	wide int // cells so far that lie right of all columns that can be read
}

// openWorkbook opens one sheet; its first row that is not empty is the header.
func openWorkbook(f *os.File, o Options) (_ Source, err error) {
	if err := checkZip(f, o); err != nil {
		return nil, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	book, err := excelize.OpenReader(f, excelize.Options{UnzipSizeLimit: maxUnpacked, UnzipXMLSizeLimit: spill, RawCellValue: !o.Shown})
	if err != nil {
		return nil, errs.Wrap(err, errs.Invalid, o.code("workbook"), "the file is not a workbook that can be read")
	}
	w := &workbook{o: o, file: book}
	defer func() {
		if r := recover(); r != nil {
			err = errs.New(errs.Invalid, o.code("workbook"), "the file is not a workbook that can be read")
		}
		if err != nil {
			err = errors.Join(err, w.Close())
		}
	}()
	sheets := book.GetSheetList()
	w.info = Info{Kind: "xlsx", Sheets: sheets, Sheet: o.Sheet}
	if props, err := book.GetWorkbookProps(); err == nil && props.Date1904 != nil {
		w.info.Date1904 = *props.Date1904
	}
	if w.info.Sheet == "" && len(sheets) > 0 {
		w.info.Sheet = sheets[0]
	}
	if !slices.Contains(sheets, w.info.Sheet) {
		return nil, errs.New(errs.Invalid, o.code("sheet"), "the workbook has no such sheet")
	}
	if w.rows, err = book.Rows(w.info.Sheet); err != nil {
		return nil, errs.Wrap(err, errs.Invalid, o.code("workbook"), "the sheet can't be read")
	}
	record, _, err := w.Next()
	if errors.Is(err, io.EOF) {
		return nil, errs.New(errs.Invalid, o.code("empty"), "the sheet is empty")
	}
	if err != nil {
		return nil, err
	}
	w.info.Header, err = o.names(record)
	return w, err
}

// Info implements Source.
func (w *workbook) Info() Info { return w.info }

// Next implements Source.
func (w *workbook) Next() (record []string, line int, err error) {
	// The library takes what a workbook says of itself, such as the number of a
	// text, as it stands: a damaged one must not end the process.
	defer func() {
		if r := recover(); r != nil {
			record, line, err = nil, w.line, errs.New(errs.Unsupported, w.o.code("workbook"), "the sheet is damaged after row %d", max(0, w.line-1))
		}
	}()
	for w.rows.Next() {
		if w.line++; w.line > maxSheetRows { // a row that claims a place which no sheet has
			return nil, w.line, errs.New(errs.TooLarge, w.o.code("workbook"), "the sheet has more than %d rows", maxSheetRows)
		}
		record, err = w.rows.Columns()
		if err != nil {
			return nil, w.line, errs.Wrap(err, errs.Invalid, w.o.code("record"), "the row can't be read")
		}
		if w.wide += max(0, len(record)-MaxColumns); w.wide > maxWide {
			return nil, w.line, errs.New(errs.TooLarge, w.o.code("columns"), "too many rows have cells right of column %d: the sheet is not read on", MaxColumns)
		}
		for len(record) > 0 && strings.TrimSpace(record[len(record)-1]) == "" {
			record = record[:len(record)-1]
		}
		if len(record) == 0 {
			continue
		}
		for len(record) < len(w.info.Header) {
			record = append(record, "")
		}
		size := 0
		for _, v := range record {
			size += len(v)
		}
		if size > maxRecord {
			return nil, w.line, errs.New(errs.Invalid, w.o.code("long"), "the row holds more than %d MiB", maxRecord>>20)
		}
		for i, v := range record {
			if brokenCell(v) {
				return record, w.line, errs.New(errs.Invalid, w.o.code("cell"), "column %d holds an error of the sheet, such as #REF!", i+1)
			}
		}
		return record, w.line, nil
	}
	if err := w.rows.Error(); err != nil {
		// What follows can't be read, and must not be taken for the end.
		return nil, w.line + 1, errs.Wrap(err, errs.Unsupported, w.o.code("workbook"), "the sheet is damaged after row %d", w.line)
	}
	return nil, w.line, io.EOF
}

// brokenCell tells the errors that sheets show. #N/A is a missing value.
func brokenCell(v string) bool {
	switch v {
	case "#REF!", "#DIV/0!", "#VALUE!", "#NAME?", "#NULL!", "#NUM!":
		return true
	}
	return false
}

// Close implements Source; it removes temporary files.
func (w *workbook) Close() error {
	var err error
	if w.rows != nil {
		err = w.rows.Close()
	}
	return errors.Join(err, w.file.Close())
}
