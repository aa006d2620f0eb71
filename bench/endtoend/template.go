package main

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// copied says which rows a lead comes to.
const copied = "the lead, its queue item, notification, four change rows, flow run, checkpoint and inbox entry"

// template is the rows that one lead came to, from which others are made.
type template struct {
	rows []templateRow
	ids  [][]byte // the rows' own ids, which each copy has anew
	keys []string // texts that a unique key is on
}

type templateRow struct {
	insert string
	values []any
}

// unwritten are columns that the database fills by itself.
var unwritten = []string{"pos", "tid"}

// reader runs a query and gives names and values of its rows.
type reader func(ctx context.Context, text string, args ...any) (names []string, rows [][]any, err error)

// readTemplate reads what became of the newest lead that went all the way.
func readTemplate(ctx context.Context, engine, url string) (*template, error) {
	read, done, err := openReader(ctx, engine, url)
	if err != nil {
		return nil, err
	}
	defer done()
	p := func(n int) string {
		if engine == "postgres" {
			return fmt.Sprint("$", n)
		}
		return "?"
	}
	t := &template{}
	add := func(table, where string, args ...any) ([]string, []any, error) {
		names, rows, err := read(ctx, "SELECT * FROM "+table+" WHERE "+where, args...)
		if err != nil || len(rows) == 0 {
			return nil, nil, fmt.Errorf("no row of %s to copy: %w", table, err)
		}
		for _, row := range rows {
			t.add(table, names, row, p)
		}
		return names, rows[0], nil
	}
	own := func(names []string, row []any, column string) any {
		v := row[slices.Index(names, column)]
		t.ids = append(t.ids, idBytes(v))
		return v
	}
	names, row, err := add("rpt_flowrun", "rpt_status = 1 AND rpt_flowrunid IN (SELECT rpt_flowrunid FROM rpt_flowrun WHERE rpt_flowname = 'lead-upsert' ORDER BY rpt_startedon DESC LIMIT 1)")
	if err != nil {
		return nil, err
	}
	run, leadID := own(names, row, "rpt_flowrunid"), row[slices.Index(names, "rpt_regarding")]
	records := []any{leadID}
	for _, x := range []struct {
		table, where, id string
		arg              any
	}{
		{"rpt_flowcheckpoint", "rpt_runid = ", "rpt_flowcheckpointid", run},
		{"lead", "leadid = ", "leadid", leadID},
		{"queueitem", "objectid = ", "queueitemid", leadID},
		{"appnotification", "rpt_regardingid = ", "appnotificationid", leadID},
	} {
		names, row, err := add(x.table, x.where+p(1), x.arg)
		if err != nil {
			return nil, err
		}
		made := own(names, row, x.id)
		switch x.table {
		case "lead":
			for _, c := range []string{"rpt_eventid", "emailaddress1"} {
				t.keys = append(t.keys, fmt.Sprint(row[slices.Index(names, c)]))
			}
		case "queueitem", "appnotification":
			records = append(records, made)
		}
	}
	if _, _, err := add("inbox", "eventid = "+p(1), t.keys[0]); err != nil {
		return nil, err
	}
	_, _, err = add("changelog", "recordid IN ("+p(1)+", "+p(2)+", "+p(3)+") ORDER BY pos", records...)
	return t, err
}

func (t *template) add(table string, names []string, row []any, p func(int) string) {
	var columns, marks []string
	var values []any
	for i, name := range names {
		if slices.Contains(unwritten, name) {
			continue
		}
		values = append(values, row[i])
		columns, marks = append(columns, `"`+name+`"`), append(marks, p(len(values)))
	}
	t.rows = append(t.rows, templateRow{"INSERT INTO " + table + " (" + strings.Join(columns, ", ") + ") VALUES (" + strings.Join(marks, ", ") + ")", values})
}

// copy gives the values of another lead's rows: fresh ids and keys, all else alike.
func (t *template) copy() [][]any {
	fresh := make([][]byte, len(t.ids))
	for i := range fresh {
		v := uuid.Must(uuid.NewV7())
		fresh[i] = v[:]
	}
	suffix := uuid.NewString()
	out := make([][]any, len(t.rows))
	for i, r := range t.rows {
		out[i] = slices.Clone(r.values)
		for k, v := range out[i] {
			switch v := v.(type) {
			case []byte, [16]byte:
				if n := slices.IndexFunc(t.ids, func(one []byte) bool { return bytes.Equal(one, idBytes(v)) }); n >= 0 {
					out[i][k] = fresh[n]
					if _, array := v.([16]byte); array {
						out[i][k] = [16]byte(fresh[n])
					}
				}
			case string:
				for _, key := range t.keys {
					if len(v) < 300 && strings.HasSuffix(v, key) {
						out[i][k] = v[:len(v)-len(key)] + suffix[:min(36, len(key))]
					}
				}
			}
		}
	}
	return out
}

func idBytes(v any) []byte {
	switch v := v.(type) {
	case []byte:
		return v
	case [16]byte:
		return v[:]
	}
	return nil
}

func openReader(ctx context.Context, engine, url string) (reader, func(), error) {
	if engine == "postgres" {
		c, err := pgx.Connect(ctx, url)
		if err != nil {
			return nil, nil, err
		}
		return func(ctx context.Context, text string, args ...any) ([]string, [][]any, error) {
			rows, err := c.Query(ctx, text, args...)
			if err != nil {
				return nil, nil, err
			}
			defer rows.Close()
			var names []string
			for _, f := range rows.FieldDescriptions() {
				names = append(names, f.Name)
			}
			var out [][]any
			for rows.Next() {
				values, err := rows.Values()
				if err != nil {
					return nil, nil, err
				}
				out = append(out, values)
			}
			return names, out, rows.Err()
		}, func() { _ = c.Close(context.WithoutCancel(ctx)) }, nil
	}
	db, err := sql.Open("sqlite", "file:"+url)
	if err != nil {
		return nil, nil, err
	}
	return func(ctx context.Context, text string, args ...any) ([]string, [][]any, error) {
		rows, err := db.QueryContext(ctx, text, args...)
		if err != nil {
			return nil, nil, err
		}
		defer rows.Close()
		names, err := rows.Columns()
		if err != nil {
			return nil, nil, err
		}
		var out [][]any
		for rows.Next() {
			values, into := make([]any, len(names)), make([]any, len(names))
			for i := range values {
				into[i] = &values[i]
			}
			if err := rows.Scan(into...); err != nil {
				return nil, nil, err
			}
			out = append(out, values)
		}
		return names, out, rows.Err()
	}, func() { db.Close() }, nil
}

