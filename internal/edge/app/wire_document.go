package app

import (
	"context"

	"github.com/rapport-platform/rapport/internal/capability/memberarea/documents"
	"github.com/rapport-platform/rapport/internal/capability/memberarea/signing"
	"github.com/rapport-platform/rapport/internal/commons/document"
	"github.com/rapport-platform/rapport/internal/commons/signature"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// wireDocument brings in the documents that records need, and signatures.
func (c *core) wireDocument(tailer *changelog.Tailer) {
	cfg := c.app.c
	tell := func(tx *record.Tx, contact id.ID, table string, key id.ID) error {
		return c.mail.Tell(tx.SQL(), contact, "/member/r/"+table+"/"+key.String())
	}
	c.documents = document.New(document.Config{DB: c.db, Store: c.store, Files: c.files, Catalog: c.access.Catalog, Tail: tailer, Clock: cfg.Clock, Logger: cfg.Logger,
		Letters: func(_ context.Context, tx *record.Tx, l document.Letter) error {
			return tell(tx, l.Contact, l.Table, l.Record)
		}})
	for _, h := range c.documents.Hooks() {
		c.store.AddHook(h)
	}
	c.store.AddHooks(c.documents.Obey)
	c.documents.Define(c.actions)
	c.customs.OnChange(c.documents.Invalidate)
	c.signatures = signature.New(signature.Config{Store: c.store, Files: c.files, Log: c.log, Catalog: c.access.Catalog, Clock: cfg.Clock, Logger: cfg.Logger, Keys: c.secrets,
		Letters: func(_ context.Context, tx *record.Tx, contact id.ID, table string, key id.ID) error {
			return tell(tx, contact, table, key)
		}})
	c.signatures.Define(c.actions)
}

// wireDocumentPages puts documents and signatures on the pages of members.
func (c *core) wireDocumentPages() error {
	papers, err := documents.New(c.documents)
	if err != nil {
		return err
	}
	sign, err := signing.New(signing.Options{Signatures: c.signatures, SignedIn: c.auth.MemberSignedIn, Clock: c.app.c.Clock})
	if err == nil {
		c.area.Add(sign, papers)
	}
	return err
}
