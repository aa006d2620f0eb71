package schema

import (
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

// Object is one thing in the database: a table, a column or an index.
type Object struct {
	Table, Name string // Name is "" for the table itself, "column x", "index x", "key x" or "lookup x"
	Definition  string // the statement that makes it
	part        string // of a table and its columns: what stands between the brackets of CREATE TABLE
}

// IsIndex tells whether the object is an index, which can be built beside the work.
func (o Object) IsIndex() bool {
	return o.Name != "" && !strings.HasPrefix(o.Name, columnPrefix) && !strings.HasPrefix(o.Name, sequencePrefix)
}

// IndexName gives the name that an index has in the database.
func (o Object) IndexName() string {
	_, rest, _ := strings.Cut(o.Definition, `INDEX "`)
	name, _, _ := strings.Cut(rest, `"`)
	return name
}

// Concurrently is the definition of an index that PostgreSQL builds without
// holding writers up.
func (o Object) Concurrently() string {
	return strings.Replace(o.Definition, "INDEX ", "INDEX CONCURRENTLY IF NOT EXISTS ", 1)
}

// Steps are what leads from one shape of a table to another.
type Steps struct {
	Add  []Object // in the order of making
	Drop []Object // in the order of dropping
}

// Diff compares two shapes of a table; nil is one that is not there.
func Diff(d sqldb.Dialect, from, to *metadata.Table) (Steps, error) {
	var have, want []Object
	if from != nil {
		have = tableObjects(d, from)
	}
	if to != nil {
		want = tableObjects(d, to)
	}
	var s Steps
	had := map[string]string{}
	for _, o := range have {
		had[o.Name] = o.Definition
	}
	keep := map[string]bool{}
	for _, o := range want {
		before, ok := had[o.Name]
		keep[o.Name] = ok && before == o.Definition
		switch {
		case keep[o.Name]:
		case ok && !o.IsIndex():
			return s, errs.New(errs.Unsupported, "schema.type_change", "%s of table %s would change its type: that needs a new column", o.Name, o.Table)
		default:
			s.Add = append(s.Add, o)
		}
	}
	for i := len(have) - 1; i >= 0; i-- { // indexes before columns, columns before the table
		if o := have[i]; !keep[o.Name] {
			s.Drop = append(s.Drop, o)
		}
	}
	return s, nil
}

// Lay makes objects in the transaction and notes that they are there. One that
// is noted already is left alone, so that work that was broken off can begin again.
func Lay(tx *sqldb.Tx, objects []Object, epoch int64) error {
	known := map[string]map[string]string{}
	var missing []Object
	for _, o := range objects {
		if known[o.Table] == nil {
			var err error
			if known[o.Table], err = laidOf(tx, o.Table); err != nil {
				return err
			}
		}
		have, found := known[o.Table][o.Name]
		switch {
		case found && have == o.Definition:
			continue
		case found && !o.IsIndex():
			return errs.New(errs.Conflict, "schema.there", "%s of table %s is still there in another shape", o.Name, o.Table)
		case found:
			if err := Remove(tx, Object{Table: o.Table, Name: o.Name, Definition: have}); err != nil {
				return err
			}
		}
		missing = append(missing, o)
	}
	for _, o := range statements(tx.Dialect(), missing) {
		if _, err := tx.Exec(o.Definition); err != nil {
			return failed(err, o)
		}
	}
	return remember(tx, missing, epoch)
}

// Note writes down that objects are there which were made elsewhere.
func Note(tx *sqldb.Tx, objects []Object, epoch int64) error { return remember(tx, objects, epoch) }

func laidOf(tx *sqldb.Tx, table string) (map[string]string, error) {
	rows, err := tx.Query("SELECT objectname, definition FROM schemaobject WHERE tablename = "+tx.Dialect().Placeholder(1), table)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]string{}
	for rows.Next() {
		var name, definition string
		if err := rows.Scan(&name, &definition); err != nil {
			return nil, err
		}
		out[name] = definition
	}
	return out, rows.Err()
}

// Remove takes an object out of the database, if it is there, and its note.
func Remove(tx *sqldb.Tx, o Object) error {
	p := tx.Dialect().Placeholder
	n, err := tx.Exec("DELETE FROM schemaobject WHERE tablename = "+p(1)+" AND objectname = "+p(2), o.Table, o.Name)
	if err != nil || n == 0 {
		return err
	}
	q := tx.Dialect().Quote
	text := "DROP INDEX IF EXISTS " + q(o.IndexName())
	switch {
	case o.Name == "":
		text = "DROP TABLE IF EXISTS " + q(o.Table)
	case strings.HasPrefix(o.Name, sequencePrefix):
		text = "DROP SEQUENCE IF EXISTS " + q(NumberSequence(o.Table, strings.TrimPrefix(o.Name, sequencePrefix)))
	case !o.IsIndex():
		text = "ALTER TABLE " + q(o.Table) + " DROP COLUMN " + q(strings.TrimPrefix(o.Name, columnPrefix))
	}
	if _, err = tx.Exec(text); err != nil {
		return failed(err, o)
	}
	return nil
}

// failed names the object that the database would not have.
func failed(err error, o Object) error {
	if errs.Has(err, errs.Unavailable) || sqldb.Constraint(err) != "" {
		return err // waited out or run again; or the caller says what it means
	}
	return errs.Wrap(err, errs.Internal, "schema.failed", "%s of table %s could not be made or removed", o.Name, o.Table)
}

// Wants tells whether a table of this shape has the object.
func Wants(d sqldb.Dialect, t *metadata.Table, name string) bool {
	return slices.ContainsFunc(tableObjects(d, t), func(o Object) bool { return o.Name == name })
}

// Drop takes an object out of the database by name, if it is noted.
func Drop(tx *sqldb.Tx, table, name string) error {
	have, err := laidOf(tx, table)
	if err != nil {
		return err
	}
	definition, ok := have[name]
	if !ok {
		return nil
	}
	if err := Remove(tx, Object{Table: table, Name: name, Definition: definition}); err != nil || name != "" {
		return err
	}
	_, err = tx.Exec("DELETE FROM schemaobject WHERE tablename = "+tx.Dialect().Placeholder(1), table)
	return err
}
