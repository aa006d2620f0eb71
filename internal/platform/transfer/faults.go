package transfer

import (
	"context"
	"encoding/csv"
	"io"
	"slices"
	"strconv"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/transfer/cell"
	"github.com/rapport-platform/rapport/internal/platform/transfer/operation"
	"github.com/rapport-platform/rapport/internal/platform/transfer/read"
)

// Refused writes the rows of a file that were refused as CSV: the line, a code
// and the reasons, then the record as it stood, so that it can be mended and
// imported again.
func (s *Service) Refused(ctx context.Context, file id.ID, to io.Writer) error {
	row, err := s.c.Store.Get(ctx, "importfile", file, []string{"importid", "targetentityname", "rpt_mapping"}, nil)
	if err != nil {
		return err
	}
	header, err := s.header(file, row)
	if err != nil {
		return err
	}
	w := csv.NewWriter(to)
	if err := w.Write(append([]string{"line", "code", "reasons"}, guarded(header)...)); err != nil {
		return err
	}
	for f, err := range operation.Faults(ctx, s.c.DB, row.ID("importid"), file, operation.PhaseRun) {
		if err != nil {
			return err
		}
		if err := w.Write(append([]string{strconv.Itoa(f.Line), f.Code, f.Reason}, guarded(f.Data)...)); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

// header gives the names of a file's columns; none where the file is gone.
func (s *Service) header(file id.ID, row record.Row) ([]string, error) {
	m, err := mappingOf(row)
	if err != nil {
		return nil, err
	}
	o, err := m.options()
	if err != nil {
		return nil, err
	}
	f, err := s.files.Open(file.String())
	if errs.Has(err, errs.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	src, err := read.Open(f, o)
	if err != nil {
		return nil, err
	}
	return src.Info().Header, src.Close()
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
