package app

import (
	"github.com/rapport-platform/rapport/internal/capability/memberarea/documents"
	"github.com/rapport-platform/rapport/internal/commons/document"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
)

// wireDocument brings in the documents that records need.
func (c *core) wireDocument(tailer *changelog.Tailer) {
	cfg := c.app.c
	c.documents = document.New(document.Config{DB: c.db, Store: c.store, Files: c.files, Catalog: c.access.Catalog, Tail: tailer, Clock: cfg.Clock, Logger: cfg.Logger})
	for _, h := range c.documents.Hooks() {
		c.store.AddHook(h)
	}
	c.store.AddHooks(c.documents.Obey)
	c.documents.Define(c.actions)
	c.customs.OnChange(c.documents.Invalidate)
}

// wireDocumentPages puts documents on the pages of members.
func (c *core) wireDocumentPages() error {
	section, err := documents.New(c.documents)
	if err == nil {
		c.area.Add(section)
	}
	return err
}
