package scoring

import (
	"context"
	"os"
	"path/filepath"

	"github.com/rapport-platform/rapport/internal/capability/scoring/history"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// ImportResult tells what an import from the command line did.
type ImportResult struct {
	history.Progress
	Refused string // file of the rows that were refused
}

// ImportFile imports a file in this process, for the command line. All of its
// rows become visible at once, or none; what a running server then has to do,
// it does.
func (s *Service) ImportFile(ctx context.Context, path string, m history.Mapping, tell func(history.Progress)) (out ImportResult, err error) {
	ctx = s.system(ctx, "command line")
	f, err := os.Open(path)
	if err != nil {
		return out, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return out, err
	}
	_, plan, err := s.read(f, m)
	if err != nil {
		return out, err
	}
	if err := os.MkdirAll(s.c.Dir, 0o700); err != nil {
		return out, err
	}
	var row record.Row
	err = s.c.Store.Write(ctx, func(tx *record.Tx) error {
		if row, err = tx.Create(ctx, "rpt_historyimport", record.Row{"rpt_name": clip(filepath.Base(path), 300), "rpt_size": info.Size()}); err != nil {
			return err
		}
		if err := s.prepare(ctx, tx, row, plan, m); err != nil {
			return err
		}
		row, err = tx.Get(ctx, "rpt_historyimport", row.ID("rpt_historyimportid"), nil, nil)
		return err
	})
	if err != nil {
		return out, err
	}
	key := row.ID("rpt_historyimportid")
	out.Refused = s.file(key.String(), "refused.csv")
	if _, err = f.Seek(0, 0); err == nil {
		out.Progress, err = s.bring(ctx, row, f, m, tell)
	}
	change := record.Row{"rpt_status": importDone, "rpt_read": out.Read, "rpt_good": out.Good, "rpt_bad": out.Bad, "rpt_finishedon": s.c.Clock.Now()}
	if err != nil {
		change["rpt_status"], change["rpt_error"] = importFailed, clip(why(err), 4000)
		if ctx.Err() != nil {
			change["rpt_status"] = importCancelled
		}
	}
	ended := context.WithoutCancel(ctx)
	failed := s.c.Store.Write(ended, func(tx *record.Tx) error {
		if _, err := tx.Update(ended, "rpt_historyimport", key, change, record.Match{}); err != nil || change["rpt_status"] != importDone {
			return err
		}
		_, err := s.c.Queue.Enqueue(tx.SQL(), job.Spec{Kind: jobMatch, Key: key.String()})
		return err
	})
	if err == nil {
		err = failed
	}
	return out, err
}
