package app

import (
	"context"
	"path/filepath"

	"github.com/rapport-platform/rapport/internal/edge/httpapi"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/notify"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/transfer"
	"github.com/rapport-platform/rapport/internal/platform/transfer/bulk"
	"github.com/rapport-platform/rapport/internal/platform/transfer/export"
	"github.com/rapport-platform/rapport/internal/platform/transfer/operation"
)

// transferFolder holds files that are imported, below the data folder.
const transferFolder = "transfer"

// wireTransfer brings in import, export and changes to many rows. Conditions are
// read as the Web API reads them.
func (c *core) wireTransfer(api *httpapi.ODataAPI) {
	cfg := c.app.c
	keeper := &operation.Keeper{DB: c.db, Store: c.store, Log: c.log, Queue: c.jobs, Clock: cfg.Clock}
	c.imports = transfer.New(transfer.Config{DB: c.db, Store: c.store, Access: c.access, Log: c.log, Queue: c.jobs, Clock: cfg.Clock, Logger: cfg.Logger, Dir: filepath.Join(cfg.Data, transferFolder), Keeper: keeper, SearchLag: c.index.Lag})
	c.imports.Define(c.actions)
	c.runner.Handle(transfer.Kind, c.imports.Handler())
	c.runner.Handle(operation.UndoKind, keeper.Undos())
	many := bulk.New(bulk.Config{Store: c.store, Access: c.access, Actions: c.actions, Clock: cfg.Clock, Logger: cfg.Logger, Keeper: keeper, Text: api.Text})
	many.Define(c.actions)
	c.runner.Handle(bulk.Kind, many.Handler())
	(&httpapi.ImportsAPI{Imports: c.imports, Clock: cfg.Clock}).Register(c.mux)
	(&httpapi.BulkAPI{Bulk: many, Keeper: keeper}).Register(c.mux)
	(&httpapi.ExportsAPI{OData: api, Exports: c.exporter()}).Register(c.mux)
}

func (c *core) exporter() *export.Exporter {
	return &export.Exporter{Store: c.store, Access: c.access, Clock: c.app.c.Clock, Dir: filepath.Join(c.app.c.Data, transferFolder), Tell: c.tellOfExport}
}

// tellOfExport puts what became of an export under the bell of whoever asked for it.
func (c *core) tellOfExport(ctx context.Context, tx *record.Tx, who id.ID, n export.Notice) error {
	lang := "en"
	if c.access.Language(who) == access.LanguageCode("de") {
		lang = "de"
	}
	_, err := notify.Send(ctx, tx, who, notify.Input{Title: n.Title.In(lang), Body: n.Body.In(lang), RegardingID: n.Export, RegardingType: export.Table, Kind: "export"})
	return err
}
