package transfer

import (
	"context"
	"encoding/csv"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/transfer/cell"
	"github.com/rapport-platform/rapport/internal/platform/transfer/operation"
	"github.com/rapport-platform/rapport/internal/platform/transfer/read"
)

// refusedHead are the columns that stand before a file's own in the file of
// rows that were refused.
var refusedHead = []string{"line", "code", "reasons"}

// Refused writes the rows of a file that were refused as CSV: the line, a code
// and the reasons, then the record as it stood, so that it can be mended and
// imported again. A mark at the beginning lets spreadsheets know the encoding;
// what a workbook kept as the number of a day stands as that day.
func (s *Service) Refused(ctx context.Context, file id.ID, to io.Writer) error {
	row, err := s.c.Store.Get(ctx, "importfile", file, []string{"importid", "targetentityname", "rpt_mapping"}, nil)
	if err != nil {
		return err
	}
	info, m, err := s.written(file, row)
	if err != nil {
		return err
	}
	days := s.days(row.Text("targetentityname"), m, info)
	if _, err := io.WriteString(to, "\uFEFF"); err != nil {
		return err
	}
	w := csv.NewWriter(to)
	if err := w.Write(slices.Concat(refusedHead, guarded(info.Header))); err != nil {
		return err
	}
	for f, err := range operation.Faults(ctx, s.c.DB, row.ID("importid"), file, operation.PhaseRun) {
		if err != nil {
			return err
		}
		for i := range f.Data {
			if at, ok := cell.Serial(f.Data[i], info.Date1904, nil); ok && days[i] {
				f.Data[i] = strings.TrimSuffix(at.Format(time.DateTime), " 00:00:00")
			}
		}
		if err := w.Write(append([]string{strconv.Itoa(f.Line), f.Code, cell.Guard(f.Reason)}, guarded(f.Data)...)); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

// written tells how a file is written, and what its columns mean; its header is
// empty where the file is gone.
func (s *Service) written(file id.ID, row record.Row) (info read.Info, m Mapping, err error) {
	if m, err = mappingOf(row); err != nil {
		return info, m, err
	}
	o, err := m.options()
	if err != nil {
		return info, m, err
	}
	f, err := s.files.Open(file.String())
	if errs.Has(err, errs.NotFound) {
		return info, m, nil
	}
	if err != nil {
		return info, m, err
	}
	defer f.Close()
	src, err := read.Open(f, o)
	if err != nil {
		return info, m, err
	}
	return src.Info(), m, src.Close()
}

// days tells which columns of a workbook hold moments, by their place.
func (s *Service) days(table string, m Mapping, info read.Info) map[int]bool {
	out := map[int]bool{}
	t, err := s.table(table)
	if err != nil || info.Kind != "xlsx" {
		return out
	}
	for i, name := range info.Header {
		if c, ok := t.Column(m.Columns[name]); ok && (c.TypeName == "date" || c.TypeName == "datetime") {
			out[i] = true
		}
	}
	return out
}

// guarded keeps spreadsheets from taking cells for formulas; numbers stay as they are.
func guarded(record []string) []string {
	out := slices.Clone(record)
	for i, v := range out {
		if _, number := cell.Number(v, "."); !number {
			out[i] = cell.Guard(v)
		}
	}
	return out
}
