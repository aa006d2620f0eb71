package product

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"strings"

	_ "modernc.org/sqlite" // driver "sqlite"
)

// Fill copies one lead of the table until there are so many more rows, and gives
// the ids of two thousand of them. The product must not run meanwhile. Text columns
// that tell rows apart differ; for other columns own gives what a copy has, as
// SQL in which i is the number of the copy.
func Fill(ctx context.Context, file string, rows int, own map[string]string) (ids []string, err error) {
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)")
	if err != nil {
		return nil, err
	}
	defer db.Close()
	found, err := db.QueryContext(ctx, "SELECT name FROM pragma_table_info('lead')")
	if err != nil {
		return nil, err
	}
	var names, values []string
	for found.Next() {
		var name string
		if err := found.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, `"`+name+`"`)
		values = append(values, value(name, own))
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	_, err = db.ExecContext(ctx, fmt.Sprintf("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) INSERT INTO lead (%s) SELECT %s FROM n, (SELECT * FROM lead LIMIT 1) AS one",
		rows, strings.Join(names, ", "), strings.Join(values, ", ")))
	if err != nil {
		return nil, err
	}
	list, err := db.QueryContext(ctx, "SELECT leadid FROM lead LIMIT 2000")
	if err != nil {
		return nil, err
	}
	defer list.Close()
	for list.Next() {
		var raw []byte
		if err := list.Scan(&raw); err != nil {
			return nil, err
		}
		h := hex.EncodeToString(raw)
		ids = append(ids, h[:8]+"-"+h[8:12]+"-"+h[12:16]+"-"+h[16:20]+"-"+h[20:])
	}
	return ids, list.Err()
}

// value gives what a copy has in a column.
func value(column string, own map[string]string) string {
	if v, has := own[column]; has {
		return v
	}
	if plain, folded := strings.CutSuffix(column, "__f"); folded && own[plain] != "" {
		return "lower(" + own[plain] + ")"
	}
	switch strings.TrimSuffix(column, "__f") {
	case "leadid":
		return "randomblob(16)"
	case "subject":
		return "'lead ' || i"
	case "lastname", "fullname":
		return "'last' || i"
	case "emailaddress1":
		return "'lead' || i || '@example.com'"
	case "mobilephone":
		return "'+4930' || i"
	case "companyname":
		return "'company ' || (i % 5003)"
	case "address1_city":
		return "'city ' || (i % 100)"
	case "leadsourcecode":
		return "1 + i % 10"
	case "createdon", "modifiedon":
		return "(1700000000 + i) * 1000000"
	case "rpt_matchkey":
		return "NULL"
	}
	return `one."` + column + `"`
}
