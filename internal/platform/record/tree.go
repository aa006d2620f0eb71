package record

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// treeMax is how deep a tree may be.
const treeMax = 500

// checkTree refuses to put a row below itself. Moves within a tree wait for one
// another, as two of them could close a circle that neither sees. A new row has
// nothing below it, so making one closes none.
func (tx *Tx) checkTree(ctx context.Context, t *metadata.Table, old, change Row) error {
	for _, c := range t.Columns {
		if !c.Hierarchy {
			continue
		}
		parent := change.ID(c.Name)
		if parent == id.Nil {
			continue
		}
		if err := tx.sql.Lock("tree " + t.Name + "." + c.Name); err != nil {
			return err
		}
		if err := tx.notBelow(ctx, t, c.Name, parent, old.ID(t.ID)); err != nil {
			return err
		}
	}
	return nil
}

func (tx *Tx) notBelow(ctx context.Context, t *metadata.Table, column string, from, self id.ID) error {
	bad := func(message string) error {
		return errs.InvalidFields("record.cycle", "the rows would lie in a circle", []errs.Field{{Name: column, Code: "cycle", Message: message}})
	}
	for range treeMax {
		if from == self {
			return bad("a record can't stand below itself")
		}
		page, err := tx.find(ctx, query.Query{Table: t.Name, Select: []string{column}, Limit: 1, Where: query.Compare{Left: query.Path{t.ID}, Value: from}}, nil)
		if err != nil || len(page.Rows) == 0 {
			return err
		}
		if from = page.Rows[0].ID(column); from == id.Nil {
			return nil
		}
	}
	return bad("the tree is deeper than can be kept")
}
