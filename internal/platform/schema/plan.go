package schema

import (
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// object is one thing in the database: a table, a column or an index.
type object struct {
	table, name string // name is "" for the table itself, "column x", "index x"
	definition  string // the statement that makes it
	part        string // of a table and its columns: what stands between the brackets of CREATE TABLE
}

const columnPrefix = "column "

// objects lists everything the catalog asks for, in the order of making.
func objects(d sqldb.Dialect, c *metadata.Catalog) []object {
	var out []object
	for _, name := range c.Names() {
		t, _ := c.Table(name)
		out = append(out, tableObjects(d, t)...)
	}
	return out
}

func tableObjects(d sqldb.Dialect, t *metadata.Table) []object {
	q := d.Quote
	idType := query.ColumnSQLType(d, query.ID)
	key := q(t.ID) + " " + idType + " NOT NULL PRIMARY KEY"
	out := []object{{t.Name, "", "CREATE TABLE " + q(t.Name) + " (" + key + ")", key}}
	column := func(name string, k query.Kind) {
		part := q(name) + " " + query.ColumnSQLType(d, k)
		out = append(out, object{t.Name, columnPrefix + name, "ALTER TABLE " + q(t.Name) + " ADD COLUMN " + part, part})
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
		out = append(out, index(d, t, "key "+k.Name, KeyName(t.Name, k.Name), k.Columns, true, k.WhereOpen))
	}
	for _, x := range t.Indexes {
		out = append(out, index(d, t, "index "+x.Name, "ix_"+t.Name+"_"+x.Name, x.Columns, false, x.WhereOpen))
	}
	// Every lookup is asked for from the other side (related lists, deletes);
	// those that every row has are served by the indexes of their table.
	for _, c := range t.Columns {
		if c.IsLookup() && !c.System && !c.Unindexed {
			x := index(d, t, "lookup "+c.Name, "fk_"+t.Name+"_"+c.Name, []string{c.Name}, false, false)
			// Most lookups of most rows are empty, and nobody comes from the other side of those.
			x.definition += " WHERE " + q(c.Name) + " IS NOT NULL"
			out = append(out, x)
		}
	}
	if t.Owned() {
		out = append(out, index(d, t, "index owner", "ix_"+t.Name+"_owner", []string{"ownerid"}, false, false))
	}
	return out
}

// KeyName gives the name of the unique index of an alternate key.
func KeyName(table, key string) string { return "uk_" + table + "_" + key }

func index(d sqldb.Dialect, t *metadata.Table, object0, name string, columns []string, unique, open bool) object {
	var cols []string
	shape := t.Shape()
	for _, c := range columns {
		name, order := c, ""
		if shape.Columns[c].Folded {
			name = query.FoldedName(c)
		}
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
	return object{t.Name, object0, "CREATE " + kind + d.Quote(name) + " ON " + d.Quote(t.Name) + " (" + strings.Join(cols, ", ") + ")" + where, ""}
}
