package schema

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
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
		var missing []object
		for _, o := range want {
			have, ok := laid[[2]string{o.table, o.name}]
			switch {
			case !ok:
				missing = append(missing, o)
			case o.name == "" && have == o.definition+withoutRowid:
				// Laid by an earlier version, and only slower.
			case have != o.definition && strings.HasPrefix(o.name, "column "):
				return errs.New(errs.Unsupported, "schema.type_change", "%s of table %s has changed its type: that needs a new column", o.name, o.table)
			case have != o.definition:
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
		p := tx.Dialect().Placeholder
		record := "INSERT INTO schemaobject (tablename, objectname, definition, epoch) VALUES (" + p(1) + ", " + p(2) + ", " + p(3) + ", " + p(4) +
			") ON CONFLICT (tablename, objectname) DO UPDATE SET definition = excluded.definition, epoch = excluded.epoch"
		for _, o := range missing {
			if _, err := tx.Exec(o.definition); err != nil {
				if errs.Has(err, errs.Unavailable) {
					return err // waited out, or run again
				}
				return errs.Wrap(err, errs.Internal, "schema.failed", "%s of table %s could not be made", o.name, o.table)
			}
			if _, err := tx.Exec(record, o.table, o.name, o.definition, epoch+1); err != nil {
				return err
			}
		}
		return nil
	})
}

func dropIndex(tx *sqldb.Tx, o object, definition string) error {
	_, rest, _ := strings.Cut(definition, `INDEX "`)
	name, _, ok := strings.Cut(rest, `"`)
	if !ok {
		return errs.New(errs.Unsupported, "schema.change", "%s of table %s has changed in a way that can't be applied", o.name, o.table)
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
			h.Write([]byte(o.table + "\x00" + o.name + "\x00" + o.definition + "\x00"))
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
