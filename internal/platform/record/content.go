package record

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

// File describes content that a row has taken up.
type File struct {
	Name, MediaType string
	Size            int64
}

// Files tells whether a row may refer to content; package files implements it.
type Files interface {
	Attach(ctx context.Context, tx *sqldb.Tx, table string, key id.ID, c *metadata.Column, file id.ID) (File, error)
}

// describing are columns that say what an inline file is, as notes have them.
const (
	describedName = "filename"
	describedType = "mimetype"
	describedSize = "filesize"
	describedHas  = "isdocument"
)

// attach lets the row take up the content that its file columns are to hold, and
// fills in what describes it.
func (tx *Tx) attach(ctx context.Context, t *metadata.Table, old, change Row) error {
	for _, c := range t.Groups().Files {
		v, given := change[c.Name]
		if !given || old != nil && equal(v, old[c.Name]) {
			continue
		}
		var f File
		if v != nil {
			file, staged := v.(id.ID)
			if !staged || tx.o.Files == nil {
				return errs.InvalidFields("record.invalid", "some values can't be taken", []errs.Field{{Name: c.Name, Code: "content", Message: "content is written to its own address, or alone with its record"}})
			}
			var err error
			if f, err = tx.o.Files.Attach(ctx, tx.sql, t.Name, merged(old, change).ID(t.ID), c, file); err != nil {
				return err
			}
		}
		describe(t, c, change, f, v != nil)
	}
	return nil
}

func describe(t *metadata.Table, c *metadata.Column, change Row, f File, has bool) {
	set := func(name string, v any) {
		if _, ok := t.Column(name); ok && !has {
			change[name] = nil
		} else if ok {
			change[name] = v
		}
	}
	if !c.Inline {
		set(metadata.FileName(c.Name), f.Name)
		return
	}
	if _, named := change[describedName]; !named || !has {
		set(describedName, f.Name)
	}
	set(describedType, f.MediaType)
	set(describedSize, f.Size)
	if _, ok := t.Column(describedHas); ok {
		change[describedHas] = has
	}
}
