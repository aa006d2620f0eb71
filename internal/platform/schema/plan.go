package schema

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

const (
	columnPrefix   = "column "
	sequencePrefix = "sequence "
)

// objects lists everything the catalog asks for, in the order of making.
func objects(d sqldb.Dialect, c *metadata.Catalog) []Object {
	var out []Object
	for _, name := range c.Names() {
		t, _ := c.Table(name)
		out = append(out, tableObjects(d, t)...)
	}
	return out
}

func tableObjects(d sqldb.Dialect, t *metadata.Table) []Object {
	q := d.Quote
	idType := query.ColumnSQLType(d, query.ID)
	key := q(t.ID) + " " + idType + " NOT NULL PRIMARY KEY"
	out := []Object{{t.Name, "", "CREATE TABLE " + q(t.Name) + " (" + key + ")", key}}
	column := func(name string, k query.Kind) {
		part := q(name) + " " + query.ColumnSQLType(d, k)
		out = append(out, Object{t.Name, columnPrefix + name, "ALTER TABLE " + q(t.Name) + " ADD COLUMN " + part, part})
	}
	shape := t.Shape()
	for _, name := range shape.AllNames {
		c := shape.Columns[name]
		if name != t.ID {
			column(name, c.Kind)
		}
		if c.Folded {
			column(query.FoldedName(name), query.Text)
		}
	}
	for _, k := range t.Keys {
		o := index(d, t, "key "+k.Name, KeyName(t.Name, k.Name), k.Columns, true, k.WhereOpen)
		if k.WhereOpen && len(k.Columns) > 0 { // a row without a value is equal to none, and need not be in it
			o.Definition += " AND " + q(stored(shape, k.Columns[0])) + " IS NOT NULL"
		}
		out = append(out, o)
	}
	for _, x := range t.Indexes {
		o := index(d, t, "index "+x.Name, identifier("ix_"+t.Name+"_"+x.Name), x.Columns, false, x.WhereOpen)
		if x.Filled {
			word := " WHERE "
			if x.WhereOpen {
				word = " AND "
			}
			o.Definition += word + q(stored(shape, x.Columns[0])) + " IS NOT NULL"
		}
		out = append(out, o)
	}
	// Every lookup is asked for from the other side (related lists, deletes);
	// those that every row has are served by the indexes of their table.
	for _, c := range t.Columns {
		if c.IsLookup() && !c.System && !c.Unindexed {
			x := index(d, t, "lookup "+c.Name, identifier("fk_"+t.Name+"_"+c.Name), []string{c.Name}, false, false)
			// Most lookups of most rows are empty, and nobody comes from the other side of those.
			x.Definition += " WHERE " + q(c.Name) + " IS NOT NULL"
			out = append(out, x)
		}
	}
	for _, c := range t.Columns {
		if c.AutoNumber != "" && d == sqldb.Postgres {
			out = append(out, Object{Table: t.Name, Name: sequencePrefix + c.Name, Definition: "CREATE SEQUENCE IF NOT EXISTS " + q(NumberSequence(t.Name, c.Name))})
		}
	}
	if t.Owned() && !t.OwnerIndexed() {
		out = append(out, index(d, t, "index owner", identifier("ix_"+t.Name+"_owner"), []string{"ownerid"}, false, false))
	}
	return out
}

// NumberSequence gives the name of the sequence, on PostgreSQL, that a column's
// automatic numbers come from.
func NumberSequence(table, column string) string { return identifier("an_" + table + "_" + column) }

// KeyName gives the name of the unique index of an alternate key.
func KeyName(table, key string) string { return identifier("uk_" + table + "_" + key) }

// identifierMax is how many bytes of a name PostgreSQL keeps.
const identifierMax = 63

// identifier shortens a name that PostgreSQL would cut, so that two stay two.
func identifier(name string) string {
	if len(name) <= identifierMax {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	return name[:identifierMax-9] + "_" + hex.EncodeToString(sum[:4])
}

// stored gives the column by which a column is compared.
func stored(shape *query.Table, column string) string {
	if shape.Columns[column].Folded {
		return query.FoldedName(column)
	}
	return column
}

func index(d sqldb.Dialect, t *metadata.Table, what, name string, columns []string, unique, open bool) Object {
	var cols []string
	shape := t.Shape()
	for _, c := range columns {
		name, order := stored(shape, c), ""
		if d == sqldb.Postgres && !unique && !shape.Columns[c].NotNull {
			order = " NULLS FIRST" // as queries sort on both databases
		}
		cols = append(cols, d.Quote(name)+order)
	}
	kind, where := "INDEX ", ""
	if unique {
		kind = "UNIQUE INDEX "
	} else {
		cols = append(cols, d.Quote(t.ID)) // keyset paging ends with the primary id
	}
	if open {
		where = " WHERE statecode = 0"
	}
	return Object{t.Name, what, "CREATE " + kind + d.Quote(name) + " ON " + d.Quote(t.Name) + " (" + strings.Join(cols, ", ") + ")" + where, ""}
}
