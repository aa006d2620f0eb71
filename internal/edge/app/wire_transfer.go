package app

import (
	"path/filepath"

	"github.com/rapport-platform/rapport/internal/edge/httpapi"
	"github.com/rapport-platform/rapport/internal/platform/transfer"
	"github.com/rapport-platform/rapport/internal/platform/transfer/operation"
)

// transferFolder holds files that are imported, below the data folder.
const transferFolder = "transfer"

// wireTransfer brings in import, export and changes to many rows.
func (c *core) wireTransfer() {
	cfg := c.app.c
	keeper := &operation.Keeper{DB: c.db, Store: c.store, Log: c.log, Queue: c.jobs, Clock: cfg.Clock}
	c.imports = transfer.New(transfer.Config{DB: c.db, Store: c.store, Access: c.access, Log: c.log, Queue: c.jobs, Clock: cfg.Clock, Logger: cfg.Logger, Dir: filepath.Join(cfg.Data, transferFolder), Keeper: keeper})
	c.imports.Define(c.actions)
	c.runner.Handle(transfer.Kind, c.imports.Handler())
	c.runner.Handle(operation.UndoKind, keeper.Undos())
	(&httpapi.ImportsAPI{Imports: c.imports, Clock: cfg.Clock}).Register(c.mux)
}
