package app

import (
	"context"
	"path/filepath"
	"time"

	"github.com/rapport-platform/rapport/internal/kit/clamd"
	"github.com/rapport-platform/rapport/internal/platform/files"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// filesFolder holds the content of files, below the data folder.
const filesFolder = "files"

// openFiles opens the store of the content of files.
func (c *core) openFiles() (err error) {
	if c.bucket, err = files.OpenFolder(filepath.Join(c.app.c.Data, filesFolder)); err != nil {
		return err
	}
	o := files.Options{DB: c.db, Bucket: c.bucket, Records: c.store, Catalog: c.access.Catalog, Clock: c.app.c.Clock, Keys: c.secrets, Jobs: c.jobs}
	if c.app.c.Clamd != "" {
		if o.Scanner, err = clamd.New(c.app.c.Clamd); err != nil {
			return err
		}
	}
	c.files = files.New(o)
	c.store.KeepFiles(c.files)
	return nil
}

// wireRecords brings in what works on records in the background.
func (c *core) wireRecords() {
	c.runner.Handle(record.CascadeKind, c.store.Cascades())
	c.runner.Handle(files.ScanKind, c.files.Scans())
	c.store.ReadFilters(func(t *metadata.Table, text string) (query.Node, error) {
		return odata.ParseFilter(&odata.Context{Catalog: c.access.Catalog(), Now: c.app.c.Clock.Now()}, t, text)
	})
}

// collectEvery is how often content that nobody needs is looked for.
const collectEvery = time.Hour

// collectFiles is a part of the housekeeping that is due less often.
func (c *core) collectFiles(ctx context.Context) error {
	now := c.app.c.Clock.Now()
	if now.Sub(c.collected) < collectEvery {
		return nil
	}
	c.collected = now
	return c.files.Collect(ctx)
}
