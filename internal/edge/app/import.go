package app

import (
	"context"
	"os"
	"path/filepath"

	"github.com/rapport-platform/rapport/internal/capability/scoring"
	"github.com/rapport-platform/rapport/internal/capability/scoring/history"
	"github.com/rapport-platform/rapport/internal/commons/lake"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/customise"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// ImportHistory brings a file of past leads into the lake, beside a server that
// may be running.
func (a *Admin) ImportHistory(ctx context.Context, c Config, file, mapping string, tell func(history.Progress)) (scoring.ImportResult, error) {
	if err := c.complete(); err != nil {
		return scoring.ImportResult{}, err
	}
	if c.Lake == LakeOff {
		return scoring.ImportResult{}, lake.ErrOff
	}
	m, err := readMapping(mapping)
	if err != nil {
		return scoring.ImportResult{}, err
	}
	shipped, err := Catalog()
	if err != nil {
		return scoring.ImportResult{}, err
	}
	customs := customise.New(customise.Options{DB: a.db, Shipped: shipped, Clock: c.Clock, Logger: c.Logger})
	log := changelog.New(a.db)
	control := &access.Control{Current: func() *access.Snapshot { return a.users }, Catalog: customs.Catalog}
	jobs := job.NewQueue(a.db, c.Clock)
	store := record.New(record.Options{Renew: customs.Refresh, DB: a.db, Catalog: customs.Catalog, Access: control, Log: log, Clock: c.Clock})
	customs.Use(store, control, jobs)
	if _, err := customs.Refresh(ctx); err != nil {
		return scoring.ImportResult{}, err
	}
	s := scoring.New(scoring.Config{DB: a.db, Store: store, Queue: jobs, Catalog: customs.Catalog, Tail: log.Tailer(), Clock: c.Clock, Logger: c.Logger,
		Lake: lake.New(lake.Config{Dir: c.Lake, Catalog: customs.Catalog, Clock: c.Clock, Logger: c.Logger}), Dir: filepath.Join(c.Data, "imports")})
	return s.ImportFile(ctx, file, m, tell)
}

func readMapping(path string) (history.Mapping, error) {
	f, err := os.Open(path)
	if err != nil {
		return history.Mapping{}, errs.Wrap(err, errs.Invalid, "history.mapping", "the mapping %s can't be opened", path)
	}
	defer f.Close()
	return history.ParseMapping(f)
}
