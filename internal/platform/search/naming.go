package search

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Naming gives up to so many records that have all words of a text, exactly and
// in any order, by table: past access control, for those who look after privacy.
func (x *Index) Naming(ctx context.Context, text string, most int) (map[string][]id.ID, error) {
	var words []*word
	for _, w := range Words(text) {
		words = append(words, &word{text: w, terms: map[string]float64{w: 1}})
	}
	d := x.o.DB.Dialect()
	wanted := match(d, words, true)
	if wanted == "" {
		return nil, nil
	}
	statement := "SELECT tablename, recordid FROM searchdoc WHERE lexemes @@ $1::tsquery LIMIT $2"
	if d == sqldb.SQLite {
		statement = "SELECT d.tablename, d.recordid FROM searchindex i CROSS JOIN searchdoc d WHERE d.docid = i.rowid AND i.searchindex MATCH ?1 LIMIT ?2"
	}
	rows, err := x.o.DB.Query(ctx, statement, wanted, most)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string][]id.ID{}
	for rows.Next() {
		var table string
		var raw any
		if err := rows.Scan(&table, &raw); err != nil {
			return nil, err
		}
		v, err := query.Decode(d, query.ID, 0, raw)
		if err != nil {
			return nil, err
		}
		key, _ := v.(id.ID)
		out[table] = append(out[table], key)
	}
	return out, rows.Err()
}
