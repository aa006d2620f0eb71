package app

import (
	"context"
	"encoding/json"
	"io"
	"path/filepath"
	"time"

	"github.com/rapport-platform/rapport/internal/commons/privacy"
	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/secret"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/customise"
	"github.com/rapport-platform/rapport/internal/platform/files"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Person is what the command line does about one person. The work itself is done
// by the server that runs: it alone holds the event stream.
type Person struct {
	service *privacy.Service
	store   *record.Store
	files   *files.Store
	close   func() error
	clock   clock.Clock
	ctx     context.Context
}

// OpenPerson prepares it; Close lets go of the files.
func (a *Admin) OpenPerson(ctx context.Context, c Config) (*Person, error) {
	if err := c.complete(); err != nil {
		return nil, err
	}
	shipped, err := Catalog()
	if err != nil {
		return nil, err
	}
	customs := customise.New(customise.Options{DB: a.db, Shipped: shipped, Clock: c.Clock, Logger: c.Logger})
	log := changelog.New(a.db)
	control := &access.Control{Current: func() *access.Snapshot { return a.users }, Catalog: customs.Catalog}
	jobs := job.NewQueue(a.db, c.Clock)
	store := record.New(record.Options{Renew: customs.Refresh, DB: a.db, Catalog: customs.Catalog, Access: control, Log: log, Clock: c.Clock, Jobs: jobs})
	customs.Use(store, control, jobs)
	if _, err := customs.Refresh(ctx); err != nil {
		return nil, err
	}
	keys, err := secret.Open(c.Data, c.SecretKey)
	if err != nil {
		return nil, err
	}
	bucket, err := files.OpenFolder(filepath.Join(c.Data, filesFolder))
	if err != nil {
		return nil, err
	}
	p := &Person{store: store, close: bucket.Close, clock: c.Clock, ctx: access.AsSystem(ctx, "command line"),
		files: files.New(files.Options{DB: a.db, Bucket: bucket, Records: store, Catalog: customs.Catalog, Clock: c.Clock, Keys: keys})}
	p.service = privacy.New(privacy.Options{DB: a.db, Store: store, Catalog: customs.Catalog, Log: log, Files: p.files, Jobs: jobs, Clock: c.Clock, Logger: c.Logger,
		Addresses: &privacy.Addresses{DB: a.db, Log: log, Catalog: customs.Catalog, Clock: c.Clock, Logger: c.Logger}})
	return p, nil
}

// Close lets go of the files.
func (p *Person) Close() error { return p.close() }

// Preview tells what an erasure would do.
func (p *Person) Preview(who privacy.Who) (privacy.Report, error) {
	return p.service.Preview(p.ctx, who)
}

// Erase asks the server for an erasure and waits for its report.
func (p *Person) Erase(who privacy.Who, wait time.Duration) (json.RawMessage, error) {
	var request id.ID
	err := p.store.Write(p.ctx, func(tx *record.Tx) (err error) { request, err = p.service.AskErasure(p.ctx, tx, who); return err })
	if err != nil {
		return nil, err
	}
	row, err := p.wait(request, wait)
	if err != nil {
		return nil, err
	}
	report, _ := row["rpt_report"].(json.RawMessage)
	return report, nil
}

// Export asks the server for an archive, waits for it and writes it.
func (p *Person) Export(who privacy.Who, wait time.Duration, to io.Writer) error {
	var request id.ID
	err := p.store.Write(p.ctx, func(tx *record.Tx) (err error) { request, err = p.service.AskAccess(p.ctx, tx, who); return err })
	if err != nil {
		return err
	}
	if _, err := p.wait(request, wait); err != nil {
		return err
	}
	info, err := p.files.Info(p.ctx, "rpt_personrequest", request, "rpt_archive")
	if err != nil {
		return err
	}
	body, err := p.files.Open(p.ctx, info)
	if err != nil {
		return err
	}
	defer body.Close()
	_, err = io.Copy(to, body)
	return err
}

// wait looks until a request is done.
func (p *Person) wait(request id.ID, most time.Duration) (record.Row, error) {
	ctx, cancel := context.WithTimeout(p.ctx, most)
	defer cancel()
	for {
		row, err := p.store.Get(p.ctx, "rpt_personrequest", request, nil, nil)
		switch {
		case err != nil:
			return nil, err
		case row.Int("statecode") == 1 && row.Int("statuscode") == 3:
			return row, nil
		case row.Int("statecode") == 1:
			report, _ := row["rpt_report"].(json.RawMessage)
			return nil, errs.New(errs.Conflict, "privacy.failed", "the request failed: %s", string(report))
		}
		select {
		case <-p.clock.After(200 * time.Millisecond):
		case <-ctx.Done():
			return nil, errs.New(errs.Unavailable, "privacy.waiting", "the request %s is not done yet: is the server running? It goes on by itself, see the table rpt_personrequest", request)
		}
	}
}
