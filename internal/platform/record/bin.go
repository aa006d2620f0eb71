package record

import (
	"context"
	"encoding/json"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// deletion is what goes because one row goes: all of it stands in the recycle
// bin under one id, and comes back together.
type deletion struct{ id, root id.ID }

// deleting begins a deletion, unless one is under way: what a hook deletes on
// that occasion belongs to it.
func (tx *Tx) deleting(root id.ID) (ended func()) {
	if tx.deletion.id != id.Nil {
		return func() {}
	}
	tx.deletion = deletion{id.New(), root}
	return func() { tx.deletion = deletion{} }
}

// Together makes one deletion of all that fn deletes: bringing back the row
// root, which must be one of them, brings all of it back.
func (tx *Tx) Together(root id.ID, fn func() error) error {
	defer tx.deleting(root)()
	return fn()
}

// bin keeps the full image of a row.
func (tx *Tx) bin(ctx context.Context, t *metadata.Table, old Row) error {
	full, err := json.Marshal(old)
	if err != nil {
		return errs.Wrap(err, errs.Internal, "record.image", "the record could not be kept")
	}
	d := tx.deletion
	if d.id == id.Nil {
		d = deletion{id.New(), old.ID(t.ID)}
	}
	args, err := encoded(tx.sql.Dialect(), t.Name, old.ID(t.ID), string(full), tx.o.Clock.Now(), access.Actor(ctx), d.id, d.root == old.ID(t.ID))
	if err != nil {
		return err
	}
	_, err = tx.sql.Exec("INSERT INTO recyclebin (tablename, recordid, image, deletedon, deletedby, deletion, root) VALUES ("+marks(tx.sql.Dialect(), len(args))+
		") ON CONFLICT (tablename, recordid) DO UPDATE SET image = excluded.image, deletedon = excluded.deletedon, deletedby = excluded.deletedby, deletion = excluded.deletion, root = excluded.root", args...)
	return err
}

// binLink keeps a lookup that is emptied because its target goes.
func (tx *Tx) binLink(t *metadata.Table, old Row, c *metadata.Column) error {
	if tx.deletion.id == id.Nil {
		return nil
	}
	target := c.Targets[0]
	if c.Polymorphic() {
		target = old.Text(metadata.TypeColumn(c.Name))
	}
	args, err := encoded(tx.sql.Dialect(), tx.deletion.id, t.Name, old.ID(t.ID), c.Name, target, old.ID(c.Name), tx.o.Clock.Now())
	if err != nil {
		return err
	}
	_, err = tx.sql.Exec("INSERT INTO recyclelink (deletion, tablename, recordid, columnname, targettable, targetid, deletedon) VALUES ("+marks(tx.sql.Dialect(), len(args))+") ON CONFLICT DO NOTHING", args...)
	return err
}

// encoded gives values as the database takes them.
func encoded(d sqldb.Dialect, values ...any) ([]any, error) {
	out := make([]any, len(values))
	for i, v := range values {
		kind := query.Text
		switch v.(type) {
		case id.ID:
			kind = query.ID
		case bool:
			kind = query.Bool
		case int64:
			kind = query.Int
		case string:
		default:
			kind = query.Time
		}
		enc, err := query.Encode(d, kind, v)
		if err != nil {
			return nil, err
		}
		out[i] = enc
	}
	return out, nil
}

func marks(d sqldb.Dialect, n int) string {
	out := ""
	for i := range n {
		if i > 0 {
			out += ", "
		}
		out += d.Placeholder(i + 1)
	}
	return out
}
