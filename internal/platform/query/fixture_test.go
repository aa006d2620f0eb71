package query_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
)

// schema is a handful of tables that hold a column of every kind.
type schema map[string]*query.Table

func (s schema) QueryTable(name string) (*query.Table, bool) {
	t, ok := s[name]
	return t, ok
}

func col(name string, k query.Kind) query.Column {
	return query.Column{Name: name, Kind: k, Folded: k == query.Text}
}

func table(name string, owned bool, cols ...query.Column) *query.Table {
	t := &query.Table{Name: name, PrimaryID: name + "id", Owned: owned, Columns: map[string]query.Column{}, Relations: map[string]query.Relation{}}
	cols = append([]query.Column{{Name: name + "id", Kind: query.ID, NotNull: true}}, cols...)
	if owned {
		cols = append(cols, col("ownerid", query.ID), col("owningbusinessunit", query.ID))
	}
	for _, c := range cols {
		t.Columns[c.Name] = c
		t.AllNames = append(t.AllNames, c.Name)
	}
	return t
}

func relate(from *query.Table, nav, column string, to *query.Table, collection, onType string) {
	from.Relations[nav] = query.Relation{Name: nav, Table: to.Name, From: column, To: to.PrimaryID, OnType: onType}
	to.Relations[collection] = query.Relation{Name: collection, Table: from.Name, From: to.PrimaryID, To: column, Many: true, OnType: onType}
}

func newSchema() schema {
	user := table("systemuser", false, col("fullname", query.Text))
	account := table("account", true, col("name", query.Text), query.Column{Name: "revenue", Kind: query.Fixed, Scale: 4}, col("createdby", query.ID), col("parentaccountid", query.ID))
	contact := table("contact", true, col("fullname", query.Text), col("age", query.Int), col("parentid", query.ID))
	customer := col("customerid", query.ID)
	customer.TypeColumn = "customeridtype"
	secret := col("secret", query.Text)
	secret.Secured = true
	notes := col("notes", query.Memo)
	notes.Folded = true
	lead := table("lead", true,
		col("subject", query.Text), col("city", query.Text), notes, col("plain", query.Memo), secret,
		col("score", query.Int), col("size", query.Int), col("hot", query.Bool), col("seen", query.Time), col("day", query.Day),
		query.Column{Name: "amount", Kind: query.Fixed, Scale: 4}, query.Column{Name: "paid", Kind: query.Fixed, Scale: 4}, query.Column{Name: "rate", Kind: query.Fixed, Scale: 2},
		col("extra", query.JSON), col("tags", query.Set), col("accountid", query.ID),
		customer, query.Column{Name: "customeridtype", Kind: query.Text})
	relate(account, "createdbyuser", "createdby", user, "user_accounts", "")
	relate(account, "above", "parentaccountid", account, "account_below", "")
	relate(contact, "parent", "parentid", account, "account_contacts", "")
	relate(lead, "account", "accountid", account, "account_leads", "")
	relate(lead, "customer_account", "customerid", account, "account_customer_leads", "account")
	relate(lead, "customer_contact", "customerid", contact, "contact_customer_leads", "contact")
	return schema{"systemuser": user, "account": account, "contact": contact, "lead": lead}
}

// lay makes the tables, their folded companions and the table of shares.
func lay(s schema) dbtest.Schema {
	return dbtest.Schema{Hash: "query-fixture-5", Apply: func(ctx context.Context, db *sqldb.DB) error {
		d := db.Dialect()
		return db.Write(ctx, func(tx *sqldb.Tx) error {
			for _, name := range slices.Sorted(maps.Keys(s)) {
				if _, err := tx.Exec(createTable(d, s[name])); err != nil {
					return err
				}
			}
			_, err := tx.Exec("CREATE TABLE principalobjectaccess (objectid " + query.ColumnSQLType(d, query.ID) +
				", principalid " + query.ColumnSQLType(d, query.ID) + ", accessrightsmask " + query.ColumnSQLType(d, query.Int) + ")")
			return err
		})
	}}
}

func createTable(d sqldb.Dialect, t *query.Table) string {
	var defs []string
	for _, name := range t.AllNames {
		c := t.Columns[name]
		def := d.Quote(name) + " " + query.ColumnSQLType(d, c.Kind)
		if name == t.PrimaryID {
			def += " PRIMARY KEY"
		}
		defs = append(defs, def)
		if c.Folded {
			defs = append(defs, d.Quote(query.FoldedName(name))+" "+query.ColumnSQLType(d, query.Text))
		}
	}
	sql := "CREATE TABLE " + d.Quote(t.Name) + " (" + strings.Join(defs, ", ") + ")"
	if d == sqldb.SQLite {
		sql += " WITHOUT ROWID"
	}
	return sql
}

// insert writes a row of canonical values.
func insert(tx *sqldb.Tx, t *query.Table, row map[string]any) error {
	d := tx.Dialect()
	var names, marks []string
	var args []any
	add := func(name string, k query.Kind, v any) error {
		enc, err := query.Encode(d, k, v)
		names, args = append(names, d.Quote(name)), append(args, enc)
		marks = append(marks, d.Placeholder(len(args)))
		return err
	}
	for _, name := range t.AllNames {
		c := t.Columns[name]
		if err := add(name, c.Kind, row[name]); err != nil {
			return err
		}
		if !c.Folded {
			continue
		}
		var folded any
		if s, ok := row[name].(string); ok {
			folded = query.Fold(s)
		}
		if err := add(query.FoldedName(name), query.Text, folded); err != nil {
			return err
		}
	}
	_, err := tx.Exec("INSERT INTO "+d.Quote(t.Name)+" ("+strings.Join(names, ", ")+") VALUES ("+strings.Join(marks, ", ")+")", args...)
	return err
}

func share(tx *sqldb.Tx, object, principal id.ID, mask int64) error {
	var args []any
	for _, x := range []id.ID{object, principal} {
		enc, err := query.Encode(tx.Dialect(), query.ID, x)
		if err != nil {
			return err
		}
		args = append(args, enc)
	}
	d := tx.Dialect()
	_, err := tx.Exec("INSERT INTO principalobjectaccess VALUES ("+d.Placeholder(1)+", "+d.Placeholder(2)+", "+d.Placeholder(3)+")", append(args, mask)...)
	return err
}

// run executes a statement and decodes the rows.
func run(ctx context.Context, db *sqldb.DB, st query.Statement) ([]map[string]any, error) {
	rows, err := db.Query(ctx, st.SQL, st.Args...)
	if err != nil {
		return nil, fmt.Errorf("%w in %s", err, st.SQL)
	}
	defer rows.Close()
	var out []map[string]any
	raw, dest := make([]any, len(st.Columns)), make([]any, len(st.Columns))
	for i := range raw {
		dest[i] = &raw[i]
	}
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return nil, err
		}
		row := make(map[string]any, len(st.Columns))
		for i, c := range st.Columns {
			if row[c.Name], err = query.Decode(db.Dialect(), c.Kind, c.Scale, raw[i]); err != nil {
				return nil, err
			}
		}
		out = append(out, row)
	}
	return out, rows.Err()
}

// find checks, renders and runs a query.
func find(t testing.TB, db *sqldb.DB, s schema, q query.Query, g query.Guard) ([]map[string]any, *query.Query, error) {
	t.Helper()
	checked, err := query.Check(s, &q, query.Limits{})
	if err != nil {
		return nil, nil, err
	}
	st, err := query.Render(s, db.Dialect(), checked, g)
	if err != nil {
		return nil, nil, err
	}
	rows, err := run(t.Context(), db, st)
	return rows, checked, err
}
