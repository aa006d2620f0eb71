package transfer

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/transfer/operation"
	"github.com/rapport-platform/rapport/internal/platform/transfer/read"
)

// Erase removes the files that hold a record of a person; his tells whether a
// text is about him. busy are the rows of importfile whose imports need their
// files now, unread those of files that can't be read to their end.
func (s *Service) Erase(ctx context.Context, his func(text string) bool) (removed int, busy, unread []id.ID, err error) {
	ctx = access.AsSystem(ctx, "erase imports")
	list, err := os.ReadDir(s.c.Dir)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil, nil, nil
	}
	if err != nil {
		return 0, nil, nil, err
	}
	for _, f := range list {
		key, e := id.Parse(f.Name())
		if e != nil {
			continue
		}
		if err := ctx.Err(); err != nil {
			return removed, busy, unread, err
		}
		status, o, err := s.uploaded(ctx, key)
		if err != nil {
			return removed, busy, unread, err
		}
		found, err := s.quotes(f.Name(), o, his)
		switch {
		case errs.Has(err, errs.NotFound): // it has gone meanwhile
		case err != nil:
			unread = append(unread, key)
		case !found:
		case slices.Contains([]int64{operation.Waiting, operation.Running, operation.Undoing}, status):
			busy = append(busy, key)
		default:
			if err := s.files.Discard(f.Name()); err != nil {
				return removed, busy, unread, err
			}
			removed++
		}
	}
	return removed, busy, unread, nil
}

// uploaded gives the status of the import that a file belongs to, Draft where
// there is none, and how the file is read.
func (s *Service) uploaded(ctx context.Context, key id.ID) (int64, read.Options, error) {
	row, err := s.c.Store.Get(ctx, "importfile", key, []string{"importid", "rpt_mapping"}, nil)
	if errs.Has(err, errs.NotFound) {
		return operation.Draft, read.Options{}, nil
	}
	if err != nil {
		return 0, read.Options{}, err
	}
	var o read.Options
	if m, err := mappingOf(row); err == nil {
		if given, err := m.options(); err == nil {
			o = given
		}
	}
	of, err := s.c.Store.Get(ctx, "import", row.ID("importid"), []string{"rpt_status"}, nil)
	if errs.Has(err, errs.NotFound) {
		return operation.Draft, o, nil
	}
	return of.Int("rpt_status"), o, err
}

// quotes looks through a file, as it is read for an import, all sheets of a workbook.
func (s *Service) quotes(name string, o read.Options, his func(string) bool) (bool, error) {
	sheets := []string{o.Sheet}
	for i := 0; i < len(sheets); i++ {
		o.Sheet = sheets[i]
		found, info, err := s.quotesSheet(name, o, his)
		if found || err != nil {
			return found, err
		}
		for _, other := range info.Sheets {
			if !slices.Contains(sheets, other) && other != info.Sheet {
				sheets = append(sheets, other)
			}
		}
	}
	return false, nil
}

func (s *Service) quotesSheet(name string, o read.Options, his func(string) bool) (found bool, info read.Info, err error) {
	f, err := s.files.Open(name)
	if err != nil {
		return false, info, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	src, err := read.Open(f, o)
	if errs.CodeOf(err) == "file.empty" { // a sheet without anything
		return false, info, nil
	}
	if err != nil {
		return false, info, err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	info = src.Info()
	if his(strings.Join(info.Header, " ")) {
		return true, info, nil
	}
	for {
		rec, _, err := src.Next()
		switch {
		case his(strings.Join(rec, " ")):
			return true, info, nil
		case errors.Is(err, io.EOF):
			return false, info, nil
		case read.Fatal(err):
			return false, info, err
		}
	}
}
