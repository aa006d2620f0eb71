package search

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Scope is a table to search in.
type Scope struct {
	Table   string
	Columns []string   // that are given back; nil means the searchable ones
	Where   query.Node // rows must meet; nil means all
}

// Request is what is searched for.
type Request struct {
	Text   string
	Scopes []Scope // none means every table that is searched and that the asker may read
	All    bool    // all words must be there; else one is enough, where all give too little
	Top    int     // 50 if 0
	Skip   int
}

// Hit is a record that was found.
type Hit struct {
	Table  string
	Row    record.Row
	Score  float64
	Tokens []string // by which it was found
}

const (
	topMost    = 100
	candidates = 2000 // documents that are ranked
)

// Find gives the records that the asker may read, the best first, and how many
// of those ranked there are in all.
func (x *Index) Find(ctx context.Context, r Request) (hits []Hit, total int, err error) {
	if access.From(ctx).Kind == access.Member {
		// The index holds columns that are not listed for members: what is found
		// would tell of them.
		return nil, 0, errs.New(errs.Forbidden, "search.member", "members of the portal can't search all records")
	}
	words, err := parse(r.Text)
	if err != nil {
		return nil, 0, err
	}
	if r.Top == 0 {
		r.Top = 50
	}
	if r.Top < 0 || r.Top > topMost || r.Skip < 0 || r.Skip > candidates {
		return nil, 0, errs.New(errs.Invalid, "search.top", "top lies between 1 and %d, skip between 0 and %d", topMost, candidates)
	}
	scopes, err := x.scopes(r.Scopes)
	if err != nil {
		return nil, 0, err
	}
	if err := x.expand(ctx, words); err != nil {
		return nil, 0, err
	}
	ranked, err := x.ranked(ctx, words, scopes, true)
	if err != nil {
		return nil, 0, err
	}
	if len(ranked) < r.Skip+r.Top && !r.All && len(words) > 1 {
		more, err := x.ranked(ctx, words, scopes, false)
		if err != nil {
			return nil, 0, err
		}
		for _, c := range more {
			if !slices.ContainsFunc(ranked, func(o candidate) bool { return o.key == c.key && o.table == c.table }) {
				ranked = append(ranked, c)
			}
		}
	}
	all, err := x.readable(ctx, ranked, scopes)
	if err != nil {
		return nil, 0, err
	}
	return all[min(r.Skip, len(all)):min(r.Skip+r.Top, len(all))], len(all), nil
}

func (x *Index) scopes(given []Scope) (map[string]Scope, error) {
	out := map[string]Scope{}
	for _, s := range given {
		t, ok := x.o.Catalog().Table(s.Table)
		if !ok || !searched(t) {
			return nil, errs.New(errs.Invalid, "search.table", "the table %q can't be searched", s.Table)
		}
		for _, c := range s.Columns {
			if _, ok := t.Column(c); !ok {
				return nil, errs.New(errs.Invalid, "query.unknown_column", "table %s has no column %q", s.Table, c)
			}
		}
		out[s.Table] = s
	}
	if len(out) == 0 {
		for _, name := range x.Tables() {
			out[name] = Scope{Table: name}
		}
	}
	return out, nil
}

// candidate is a document with its score.
type candidate struct {
	table  string
	key    id.ID
	score  float64
	tokens []string
}

// ranked gives the documents that have the words, the best first.
func (x *Index) ranked(ctx context.Context, words []*word, scopes map[string]Scope, all bool) ([]candidate, error) {
	text := x.match(words, all)
	if text == "" {
		return nil, nil
	}
	d := x.o.DB.Dialect()
	var total int64
	if _, err := x.o.DB.QueryRow(ctx, "SELECT COUNT(*) FROM searchdoc", nil, &total); err != nil {
		return nil, err
	}
	names := make([]any, 0, len(scopes))
	for _, name := range slices.Sorted(maps.Keys(scopes)) {
		names = append(names, name)
	}
	in := "d.tablename IN (" + marks(d, 2, len(names)) + ")"
	statement := "SELECT d.tablename, d.recordid, d.title, d.tokens FROM searchdoc d WHERE d.lexemes @@ " + d.Placeholder(1) + "::tsquery AND " + in
	if d == sqldb.SQLite {
		statement = "SELECT d.tablename, d.recordid, d.title, d.tokens FROM searchindex i JOIN searchdoc d ON d.docid = i.rowid WHERE i.searchindex MATCH ? AND " + in
	}
	statement += " ORDER BY d.docid DESC LIMIT " + d.Placeholder(len(names)+2)
	rows, err := x.o.DB.Query(ctx, statement, append(append([]any{text}, names...), candidates)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []candidate
	for rows.Next() {
		var c candidate
		var raw any
		var title, tokens string
		if err := rows.Scan(&c.table, &raw, &title, &tokens); err != nil {
			return nil, err
		}
		v, err := query.Decode(d, query.ID, 0, raw)
		if err != nil {
			return nil, err
		}
		c.key, _ = v.(id.ID)
		c.rank(words, strings.Fields(title), strings.Fields(tokens), total)
		out = append(out, c)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	slices.SortStableFunc(out, func(a, b candidate) int {
		if by := cmp.Compare(b.score, a.score); by != 0 {
			return by
		}
		return cmp.Compare(a.key.String(), b.key.String())
	})
	return out, nil
}

// rank scores a document: rare words count more than common ones, whole words
// more than beginnings and these more than slips, those in the title twice, and
// short documents a little more than long ones.
func (c *candidate) rank(words []*word, title, tokens []string, total int64) {
	for _, w := range words {
		best := 0.0
		for term, weight := range w.terms {
			if _, has := slices.BinarySearch(tokens, term); !has {
				continue
			}
			c.tokens = append(c.tokens, term)
			score := weight * math.Log(1+float64(total)/float64(1+w.rare[term]))
			if _, inTitle := slices.BinarySearch(title, term); inTitle {
				score *= 2
			}
			best = max(best, score)
		}
		c.score += best
	}
	c.score = math.Round(c.score*(1+1/float64(1+len(tokens)))*1e6) / 1e6
	slices.Sort(c.tokens)
}

// match gives the question in the database's own form. Tokens hold nothing that
// would mean something in it.
func (x *Index) match(words []*word, all bool) string {
	and, or, not := " AND ", " OR ", " NOT "
	if x.o.DB.Dialect() == sqldb.Postgres {
		and, or, not = " & ", " | ", " & !"
	}
	quote := func(t string) string {
		if x.o.DB.Dialect() == sqldb.Postgres {
			return "'" + t + "'"
		}
		return `"` + t + `"`
	}
	any := func(w *word) string {
		var terms []string
		for _, t := range slices.Sorted(maps.Keys(w.terms)) {
			terms = append(terms, quote(t))
		}
		return "(" + strings.Join(terms, or) + ")"
	}
	var wanted, unwanted []string
	for _, w := range words {
		switch {
		case w.exclude && len(w.terms) > 0:
			unwanted = append(unwanted, any(w))
		case w.exclude:
		case len(w.terms) > 0:
			wanted = append(wanted, any(w))
		case all:
			return "" // there is nothing that has all of them
		}
	}
	if len(wanted) == 0 {
		return ""
	}
	glue := and
	if !all {
		glue = or
	}
	text := "(" + strings.Join(wanted, glue) + ")"
	for _, u := range unwanted {
		text += not + u
	}
	return text
}

// readable reads the documents' records as the asker may see them.
func (x *Index) readable(ctx context.Context, ranked []candidate, scopes map[string]Scope) ([]Hit, error) {
	keys := map[string][]any{}
	for _, c := range ranked {
		keys[c.table] = append(keys[c.table], c.key)
	}
	rows := map[id.ID]record.Row{}
	for table, list := range keys {
		t, ok := x.o.Catalog().Table(table)
		if !ok {
			continue
		}
		columns := scopes[table].Columns
		if columns == nil {
			columns = Columns(t)
		}
		if !slices.Contains(columns, t.Title) {
			columns = append([]string{t.Title}, columns...)
		}
		for chunk := range slices.Chunk(list, 500) {
			where := query.And{query.In{Left: query.Path{t.ID}, Values: chunk}}
			if scopes[table].Where != nil {
				where = append(where, scopes[table].Where)
			}
			page, err := x.o.Store.Find(ctx, query.Query{Table: table, Select: columns, Where: where, Limit: len(chunk)})
			if errs.Has(err, errs.Forbidden) {
				break // a table that the asker may not read at all
			}
			if err != nil {
				return nil, err
			}
			for _, row := range page.Rows {
				rows[row.ID(t.ID)] = row
			}
		}
	}
	out := []Hit{}
	for _, c := range ranked {
		if row, ok := rows[c.key]; ok {
			out = append(out, Hit{c.table, row, c.score, c.tokens})
		}
	}
	return out, nil
}

// Complete gives the words that go on from what was typed, the commonest first.
// Words tell nothing of who has them, but only those of records that the asker
// may read are given.
func (x *Index) Complete(ctx context.Context, r Request) (string, error) {
	hits, _, err := x.Find(ctx, Request{Text: r.Text, Scopes: r.Scopes, Top: 20})
	if err != nil {
		return "", err
	}
	words := Words(r.Text)
	last := words[len(words)-1]
	for _, h := range hits {
		t, ok := x.o.Catalog().Table(h.Table)
		if !ok {
			continue
		}
		for _, c := range Columns(t) {
			for _, w := range Words(h.Row.Text(c)) {
				if strings.HasPrefix(w, last) && w != last {
					return strings.Join(append(words[:len(words)-1:len(words)-1], w), " "), nil
				}
			}
		}
	}
	return strings.Join(words, " "), nil
}
