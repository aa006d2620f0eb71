package schema

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

// withoutRowid ended the definition of tables on SQLite once. A row that spills
// over its page is then read whole at every comparison on the way to another,
// which made writing leads half as slow again.
const withoutRowid = " WITHOUT ROWID"

// Apply migrates the core tables and lays the catalog's.
func Apply(ctx context.Context, db *sqldb.DB, c *metadata.Catalog) error {
	if err := sqldb.Migrate(ctx, db, migrations()); err != nil {
		return err
	}
	return Sync(ctx, db, c)
}

// Sync lays what the catalog asks for and is not there yet, in one
// transaction. Several nodes may call it at once.
func Sync(ctx context.Context, db *sqldb.DB, c *metadata.Catalog) error {
	want := objects(db.Dialect(), c)
	return db.Write(ctx, func(tx *sqldb.Tx) error {
		if err := tx.Lock("schema"); err != nil {
			return err
		}
		laid, epoch, err := laid(tx)
		if err != nil {
			return err
		}
		var missing []Object
		for _, o := range want {
			have, ok := laid[[2]string{o.Table, o.Name}]
			switch {
			case !ok:
				missing = append(missing, o)
			case o.Name == "" && have == o.Definition+withoutRowid:
				// Laid by an earlier version, and only slower.
			case have != o.Definition && strings.HasPrefix(o.Name, columnPrefix):
				return errs.New(errs.Unsupported, "schema.type_change", "%s of table %s has changed its type: that needs a new column", o.Name, o.Table)
			case have != o.Definition:
				// An index or key that is defined anew is made anew.
				if err := dropIndex(tx, o, have); err != nil {
					return err
				}
				missing = append(missing, o)
			}
		}
		if len(missing) == 0 {
			return nil
		}
		for _, m := range statements(tx.Dialect(), missing) {
			if _, err := tx.Exec(m.Definition); err != nil {
				if errs.Has(err, errs.Unavailable) {
					return err // waited out, or run again
				}
				return errs.Wrap(err, errs.Internal, "schema.failed", "%s of table %s could not be made", m.Name, m.Table)
			}
		}
		return remember(tx, missing, epoch+1)
	})
}

// statements brings a new table and its columns together into one statement: a
// hundred tables are then laid in a fraction of the time of column by column.
func statements(d sqldb.Dialect, missing []Object) []Object {
	out := make([]Object, 0, len(missing))
	laying := map[string]int{} // table → where its statement stands
	for _, o := range missing {
		if at, isNew := laying[o.Table]; isNew && strings.HasPrefix(o.Name, columnPrefix) {
			out[at].part += ", " + o.part
			continue
		}
		if o.Name == "" {
			laying[o.Table] = len(out)
		}
		out = append(out, o)
	}
	for _, at := range laying {
		out[at].Definition = "CREATE TABLE " + d.Quote(out[at].Table) + " (" + out[at].part + ")"
	}
	return out
}

// remember writes down what has been laid, many objects a statement.
func remember(tx *sqldb.Tx, made []Object, epoch int64) error {
	const rows = 200
	p := tx.Dialect().Placeholder
	for chunk := range slices.Chunk(made, rows) {
		var text strings.Builder
		text.WriteString("INSERT INTO schemaobject (tablename, objectname, definition, epoch) VALUES ")
		args := make([]any, 0, 4*len(chunk))
		for i, o := range chunk {
			if i > 0 {
				text.WriteString(", ")
			}
			n := len(args)
			text.WriteString("(" + p(n+1) + ", " + p(n+2) + ", " + p(n+3) + ", " + p(n+4) + ")")
			args = append(args, o.Table, o.Name, o.Definition, epoch)
		}
		text.WriteString(" ON CONFLICT (tablename, objectname) DO UPDATE SET definition = excluded.definition, epoch = excluded.epoch")
		if _, err := tx.Exec(text.String(), args...); err != nil {
			return err
		}
	}
	return nil
}

func dropIndex(tx *sqldb.Tx, o Object, definition string) error {
	_, rest, _ := strings.Cut(definition, `INDEX "`)
	name, _, ok := strings.Cut(rest, `"`)
	if !ok {
		return errs.New(errs.Unsupported, "schema.change", "%s of table %s has changed in a way that can't be applied", o.Name, o.Table)
	}
	_, err := tx.Exec("DROP INDEX IF EXISTS " + tx.Dialect().Quote(name))
	return err
}

func laid(tx *sqldb.Tx) (map[[2]string]string, int64, error) {
	rows, err := tx.Query("SELECT tablename, objectname, definition, epoch FROM schemaobject")
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	out := make(map[[2]string]string)
	var newest int64
	for rows.Next() {
		var table, name, definition string
		var epoch int64
		if err := rows.Scan(&table, &name, &definition, &epoch); err != nil {
			return nil, 0, err
		}
		out[[2]string{table, name}] = definition
		newest = max(newest, epoch)
	}
	return out, newest, rows.Err()
}

// Hash names what Apply would lay, for caches of laid databases.
func Hash(c *metadata.Catalog) (string, error) {
	h := sha256.New()
	for _, d := range []sqldb.Dialect{sqldb.SQLite, sqldb.Postgres} {
		for _, o := range objects(d, c) {
			h.Write([]byte(o.Table + "\x00" + o.Name + "\x00" + o.Definition + "\x00"))
		}
	}
	files, err := Migrations.ReadDir("migrations")
	if err != nil {
		return "", err
	}
	for _, f := range files {
		text, err := Migrations.ReadFile("migrations/" + f.Name())
		if err != nil {
			return "", err
		}
		h.Write(text)
	}
	return hex.EncodeToString(h.Sum(nil)[:12]), nil
}
