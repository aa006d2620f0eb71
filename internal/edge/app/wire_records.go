package app

import "github.com/rapport-platform/rapport/internal/platform/record"

// wireRecords brings in what works on records in the background.
func (c *core) wireRecords() {
	c.runner.Handle(record.CascadeKind, c.store.Cascades())
}
