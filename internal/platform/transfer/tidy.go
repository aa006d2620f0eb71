package transfer

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/transfer/operation"
)

// keepFor is how long files, and the rows that they were refused, are kept.
const keepFor = 30 * 24 * time.Hour

// Tidy removes files that are old, or whose import is gone, with the rows that
// were refused.
func (s *Service) Tidy(ctx context.Context) error {
	ctx = access.AsSystem(ctx, "tidy imports")
	list, err := os.ReadDir(s.c.Dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	now := s.c.Clock.Now()
	for _, f := range list {
		key, err := id.Parse(f.Name())
		if err != nil {
			continue
		}
		info, err := f.Info()
		if err != nil || now.Sub(info.ModTime()) < keepFor/30 {
			continue
		}
		row, err := s.c.Store.Get(ctx, "importfile", key, []string{"importid"}, nil)
		if err != nil && !errs.Has(err, errs.NotFound) {
			return err
		}
		if err == nil && now.Sub(info.ModTime()) < keepFor {
			continue
		}
		if err := errors.Join(s.files.Discard(f.Name()), s.forget(ctx, row)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) forget(ctx context.Context, file record.Row) error {
	key := file.ID("importid")
	if key == id.Nil {
		return nil
	}
	return s.c.Store.Write(ctx, func(tx *record.Tx) error {
		// An import that is at work, however old, keeps what it needs.
		page, err := tx.Find(ctx, query.Query{Table: "import", Select: []string{"rpt_status"}, Where: query.Compare{Left: query.Path{"importid"}, Value: key}})
		if err != nil || len(page.Rows) > 0 && page.Rows[0].Int("rpt_status") == operation.Running {
			return err
		}
		return operation.DropFaults(tx.SQL(), key, operation.PhaseRun)
	})
}
