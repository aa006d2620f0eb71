package search

import (
	"maps"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

type docKey struct {
	table string
	key   id.ID
}

// write brings the index up to date with documents, each of another record. A
// document that is older than what the index holds changes nothing.
func (x *Index) write(tx *sqldb.Tx, docs []doc) error {
	if err := tx.Lock("search index"); err != nil {
		return err
	}
	held, err := x.held(tx, docs)
	if err != nil {
		return err
	}
	more := map[string]int64{} // by term, how many more records have it
	var gone []int64
	var fresh []doc
	for _, d := range docs {
		old, there := held[docKey{d.table, d.key}]
		switch {
		case !there && len(d.tokens) == 0, there && !d.gone && old.version > d.version:
			continue
		case there && slices.Equal(old.tokens, d.tokens) && slices.Equal(old.reach, d.reach):
			if old.version == d.version {
				continue
			}
			p := tx.Dialect().Placeholder
			if _, err := tx.Exec("UPDATE searchdoc SET version = "+p(1)+", title = "+p(2)+" WHERE docid = "+p(3), d.version, strings.Join(d.title, " "), old.number); err != nil {
				return err
			}
			continue
		}
		if there {
			gone = append(gone, old.number)
		}
		if len(d.tokens) > 0 {
			fresh = append(fresh, d)
		}
		for _, t := range d.tokens {
			more[t]++
		}
		for _, t := range old.tokens {
			more[t]--
		}
	}
	if err := count(tx, more); err != nil {
		return err
	}
	return replace(tx, gone, fresh)
}

// held reads what the index holds of the documents' records.
func (x *Index) held(tx *sqldb.Tx, docs []doc) (map[docKey]doc, error) {
	out := map[docKey]doc{}
	for chunk := range slices.Chunk(docs, 100) {
		args := make([]any, len(chunk))
		for i, d := range chunk {
			var err error
			if args[i], err = query.Encode(tx.Dialect(), query.ID, d.key); err != nil {
				return nil, err
			}
		}
		rows, err := tx.Query("SELECT docid, tablename, recordid, version, tokens, reach FROM searchdoc WHERE recordid IN ("+marks(tx.Dialect(), 1, len(args))+")", args...)
		if err != nil {
			return nil, err
		}
		for rows.Next() {
			var d doc
			var key any
			var tokens, reach string
			if err := rows.Scan(&d.number, &d.table, &key, &d.version, &tokens, &reach); err != nil {
				rows.Close()
				return nil, err
			}
			v, err := query.Decode(tx.Dialect(), query.ID, 0, key)
			if err != nil {
				rows.Close()
				return nil, err
			}
			d.key, _ = v.(id.ID)
			d.tokens, d.reach = strings.Fields(tokens), strings.Fields(reach)
			out[docKey{d.table, d.key}] = d
		}
		rows.Close()
		if err := rows.Err(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// replace takes documents out by number and others in, many in a statement. On
// SQLite the index of words comes last, document by document: a statement over
// many rows would have it write what it has gathered, and each such part is
// merged with others later.
func replace(tx *sqldb.Tx, gone []int64, fresh []doc) error {
	p := tx.Dialect().Placeholder
	for _, number := range gone {
		if _, err := tx.Exec("DELETE FROM searchdoc WHERE docid = "+p(1), number); err != nil {
			return err
		}
	}
	if tx.Dialect() == sqldb.Postgres {
		return putPostgres(tx, fresh)
	}
	numbered := make([]int64, 0, len(fresh))
	for left := fresh; len(left) > 0; {
		n := fitting(len(left), 16)
		last, err := putSQLite(tx, left[:n])
		if err != nil {
			return err
		}
		for i := range n {
			numbered = append(numbered, last-int64(n-1-i))
		}
		left = left[n:]
	}
	for _, number := range gone {
		if _, err := tx.Exec("DELETE FROM searchindex WHERE rowid = ?", number); err != nil {
			return err
		}
	}
	for i, d := range fresh {
		if _, err := tx.Exec("INSERT INTO searchindex (rowid, tokens) VALUES (?, ?)", numbered[i], strings.Join(d.tokens, " ")+" "+strings.Join(d.reach, " ")); err != nil {
			return err
		}
	}
	return nil
}

// fitting gives a number of rows for a statement: there are two at most, as each
// statement is prepared once and kept.
func fitting(left, many int) int {
	if left < many {
		return 1
	}
	return many
}

// rowsOf writes the values of so many rows.
func rowsOf(d sqldb.Dialect, rows, width int) string {
	groups := make([]string, rows)
	for i := range groups {
		groups[i] = "(" + marks(d, width*i+1, width) + ")"
	}
	return strings.Join(groups, ", ")
}

// putSQLite writes documents, and gives the number of the last: those before it
// have the numbers before.
func putSQLite(tx *sqldb.Tx, docs []doc) (last int64, err error) {
	var args []any
	for _, d := range docs {
		key, err := query.Encode(sqldb.SQLite, query.ID, d.key)
		if err != nil {
			return 0, err
		}
		args = append(args, d.table, key, d.version, strings.Join(d.title, " "), strings.Join(d.tokens, " "), strings.Join(d.reach, " "))
	}
	_, last, err = tx.Insert("INSERT INTO searchdoc (tablename, recordid, version, title, tokens, reach) VALUES "+rowsOf(sqldb.SQLite, len(docs), 6), args...)
	return last, err
}

func putPostgres(tx *sqldb.Tx, docs []doc) error {
	n := len(docs)
	if n == 0 {
		return nil
	}
	tables, keys, versions := make([]string, n), make([]string, n), make([]int64, n)
	titles, tokens, reach := make([]string, n), make([]string, n), make([]string, n)
	for i, d := range docs {
		tables[i], keys[i], versions[i] = d.table, d.key.String(), d.version
		titles[i], tokens[i], reach[i] = strings.Join(d.title, " "), strings.Join(d.tokens, " "), strings.Join(d.reach, " ")
	}
	_, err := tx.Exec(`INSERT INTO searchdoc (tablename, recordid, version, title, tokens, reach, lexemes)
		SELECT x.*, array_to_tsvector(string_to_array(x.tokens || ' ' || x.reach, ' '))
		FROM unnest($1::text[], $2::text[]::uuid[], $3::bigint[], $4::text[], $5::text[], $6::text[]) AS x(tablename, recordid, version, title, tokens, reach)`,
		tables, keys, versions, titles, tokens, reach)
	return err
}

// count notes of terms how many more records have them, and forgets those that no
// record has.
func count(tx *sqldb.Tx, more map[string]int64) error {
	terms := slices.Sorted(maps.Keys(more)) // in one order everywhere, so that nodes don't wait for each other in a circle
	terms = slices.DeleteFunc(terms, func(t string) bool { return more[t] == 0 })
	var gone []string
	for len(terms) > 0 {
		n := fitting(len(terms), 64)
		var args []any
		for _, t := range terms[:n] {
			args = append(args, t, more[t])
		}
		terms = terms[n:]
		err := queryEach(tx, "INSERT INTO searchterm (term, n) VALUES "+rowsOf(tx.Dialect(), n, 2)+" ON CONFLICT (term) DO UPDATE SET n = searchterm.n + excluded.n RETURNING term, n", args, func(rows *sqldb.Rows) error {
			var term string
			var left int64
			err := rows.Scan(&term, &left)
			if left <= 0 {
				gone = append(gone, term)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	for _, t := range gone {
		if _, err := tx.Exec("DELETE FROM searchterm WHERE term = "+tx.Dialect().Placeholder(1)+" AND n <= 0", t); err != nil {
			return err
		}
	}
	return nil
}

func queryEach(tx *sqldb.Tx, text string, args []any, each func(*sqldb.Rows) error) error {
	rows, err := tx.Query(text, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := each(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
