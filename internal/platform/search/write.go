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
			if err := drop(tx, old.number); err != nil {
				return err
			}
		}
		if len(d.tokens) > 0 {
			if err := put(tx, d); err != nil {
				return err
			}
		}
		for _, t := range d.tokens {
			more[t]++
		}
		for _, t := range old.tokens {
			more[t]--
		}
	}
	return count(tx, more)
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

func put(tx *sqldb.Tx, d doc) error {
	key, err := query.Encode(tx.Dialect(), query.ID, d.key)
	if err != nil {
		return err
	}
	text, title, reach := strings.Join(d.tokens, " "), strings.Join(d.title, " "), strings.Join(d.reach, " ")
	all := text + " " + reach
	if tx.Dialect() == sqldb.Postgres {
		_, err = tx.Exec("INSERT INTO searchdoc (tablename, recordid, version, title, tokens, reach, lexemes) VALUES ($1, $2, $3, $4, $5, $6, array_to_tsvector(string_to_array($7, ' ')))", d.table, key, d.version, title, text, reach, all)
		return err
	}
	var number int64
	if _, err = tx.QueryRow("INSERT INTO searchdoc (tablename, recordid, version, title, tokens, reach) VALUES (?, ?, ?, ?, ?, ?) RETURNING docid", []any{d.table, key, d.version, title, text, reach}, &number); err != nil {
		return err
	}
	_, err = tx.Exec("INSERT INTO searchindex (rowid, tokens) VALUES (?, ?)", number, all)
	return err
}

func drop(tx *sqldb.Tx, number int64) error {
	_, err := tx.Exec("DELETE FROM searchdoc WHERE docid = "+tx.Dialect().Placeholder(1), number)
	if err == nil && tx.Dialect() == sqldb.SQLite {
		_, err = tx.Exec("DELETE FROM searchindex WHERE rowid = ?", number)
	}
	return err
}

// count notes of terms how many more records have them, makes the variants of
// new terms, and forgets those that no record has.
func count(tx *sqldb.Tx, more map[string]int64) error {
	var fresh, gone []any
	terms := slices.Sorted(maps.Keys(more)) // in one order everywhere, so that nodes don't wait for each other in a circle
	terms = slices.DeleteFunc(terms, func(t string) bool { return more[t] == 0 })
	var args []any
	for _, t := range terms {
		args = append(args, t, more[t])
	}
	err := inRows(tx, args, "INSERT INTO searchterm (term, n) VALUES ", " ON CONFLICT (term) DO UPDATE SET n = searchterm.n + excluded.n RETURNING term, n", func(rows *sqldb.Rows) error {
		var term string
		var n int64
		if err := rows.Scan(&term, &n); err != nil {
			return err
		}
		switch {
		case n <= 0:
			gone = append(gone, term)
		case n == more[term]:
			for _, v := range variants(term) {
				fresh = append(fresh, v, term)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := inRows(tx, fresh, "INSERT INTO searchvariant (variant, term) VALUES ", " ON CONFLICT DO NOTHING", nil); err != nil {
		return err
	}
	p := tx.Dialect().Placeholder
	for _, t := range gone {
		if _, err := tx.Exec("DELETE FROM searchterm WHERE term = "+p(1)+" AND n <= 0", t); err != nil {
			return err
		}
		list := variants(t.(string))
		if len(list) == 0 {
			continue
		}
		if _, err := tx.Exec("DELETE FROM searchvariant WHERE term = "+p(1)+" AND variant IN ("+marks(tx.Dialect(), 2, len(list))+")", append([]any{t}, anys(list)...)...); err != nil {
			return err
		}
	}
	return nil
}

// inRows writes pairs, many in a statement. There are few different statements,
// as each is prepared once and kept.
func inRows(tx *sqldb.Tx, pairs []any, before, after string, each func(*sqldb.Rows) error) error {
	for len(pairs) > 0 {
		n := 1
		for _, size := range []int{64, 8} {
			if len(pairs)/2 >= size {
				n = size
				break
			}
		}
		groups := make([]string, n)
		for i := range groups {
			groups[i] = "(" + marks(tx.Dialect(), 2*i+1, 2) + ")"
		}
		text := before + strings.Join(groups, ", ") + after
		var err error
		if each == nil {
			_, err = tx.Exec(text, pairs[:2*n]...)
		} else {
			err = queryEach(tx, text, pairs[:2*n], each)
		}
		if err != nil {
			return err
		}
		pairs = pairs[2*n:]
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
