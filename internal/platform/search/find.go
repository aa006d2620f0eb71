package search

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

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
	topMost        = 100
	candidatesMost = 1000                // documents that are ranked, unless Options say otherwise
	readAhead      = 50                  // hits that are read at a time
	gatheredMost   = 20 * candidatesMost // so many documents at most are fetched and sorted, whatever PostgreSQL would do
)

// Find gives the records that the asker may read, the best first, and how many
// of those ranked there are in all.
func (x *Index) Find(ctx context.Context, r Request) (hits []Hit, total int, err error) {
	hits, of, err := x.FindBy(ctx, r)
	for _, n := range of {
		total += n
	}
	return hits, total, err
}

// FindBy does the same and counts by table.
func (x *Index) FindBy(ctx context.Context, r Request) (hits []Hit, of map[string]int, err error) {
	if access.From(ctx).Kind == access.Member {
		// The index holds columns that are not listed for members: what is found
		// would tell of them.
		return nil, nil, errs.New(errs.Forbidden, "search.member", "members of the portal can't search all records")
	}
	words, err := parse(r.Text)
	if err != nil {
		return nil, nil, err
	}
	if r.Top == 0 {
		r.Top = 50
	}
	if r.Top < 0 || r.Top > topMost || r.Skip < 0 || r.Skip > candidatesMost {
		return nil, nil, errs.New(errs.Invalid, "search.top", "top lies between 1 and %d, skip between 0 and %d", topMost, candidatesMost)
	}
	scopes, err := x.scopes(r.Scopes)
	if err != nil {
		return nil, nil, err
	}
	g, err := x.gate(ctx, scopes)
	if err != nil || len(g.tables) == 0 {
		return []Hit{}, nil, err
	}
	if !g.open {
		// Documents of an earlier version do not say who may see them: until the
		// index is made anew, rights are looked at after ranking only.
		if g.open, err = x.Outdated(ctx); err != nil {
			return nil, nil, err
		}
	}
	if err := x.expand(ctx, words); err != nil {
		return nil, nil, err
	}
	ranked, err := x.ranked(ctx, words, g, true)
	if err != nil {
		return nil, nil, err
	}
	if len(ranked) < r.Skip+r.Top && !r.All && len(words) > 1 {
		more, err := x.ranked(ctx, words, g, false)
		if err != nil {
			return nil, nil, err
		}
		ranked = together(ranked, more)
	}
	return x.page(ctx, ranked, scopes, r)
}

// together adds the candidates that are not among the first already.
func together(first, more []candidate) []candidate {
	type record struct {
		table string
		key   id.ID
	}
	there := make(map[record]bool, len(first))
	for _, c := range first {
		there[record{c.table, c.key}] = true
	}
	for _, c := range more {
		if !there[record{c.table, c.key}] {
			first = append(first, c)
		}
	}
	return first
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

// ranked gives the documents that have the words, the best first. Where the
// words mean more documents than are ranked, those that have the words as they
// stand come before those that have beginnings or slips of them.
func (x *Index) ranked(ctx context.Context, words []*word, g gate, all bool) ([]candidate, error) {
	size, err := x.documents(ctx)
	if err != nil {
		return nil, err
	}
	var out []candidate
	if exact, narrower := exactly(words, all); narrower && most(words, all) > int64(x.most()) {
		if out, err = x.candidates(ctx, exact, words, g, all, size); err != nil {
			return nil, err
		}
	}
	if len(out) < x.most() {
		more, err := x.candidates(ctx, words, words, g, all, size)
		if err != nil {
			return nil, err
		}
		out = together(out, more)
	}
	slices.SortStableFunc(out, func(a, b candidate) int {
		if by := cmp.Compare(b.score, a.score); by != 0 {
			return by
		}
		return cmp.Compare(a.key.String(), b.key.String())
	})
	return out, nil
}

// exactly gives the words with only those terms that are the words themselves,
// and tells whether that is less.
func exactly(words []*word, all bool) (out []*word, narrower bool) {
	for _, w := range words {
		only := *w
		if weight, has := w.terms[w.text]; has {
			narrower = narrower || len(w.terms) > 1
			only.terms = map[string]float64{w.text: weight}
		} else if all && !w.exclude {
			return nil, false
		}
		out = append(out, &only)
	}
	return out, narrower
}

// most bounds from above how many documents the words can mean.
func most(words []*word, all bool) (n int64) {
	n = -1
	for _, w := range words {
		if w.exclude {
			continue
		}
		var sum int64
		for term := range w.terms {
			sum += w.rare[term]
		}
		switch {
		case n < 0:
			n = sum
		case all:
			n = min(n, sum)
		default:
			n += sum
		}
	}
	return n
}

// candidates gives the newest documents that have the wanted words, with their
// scores by all of the words.
func (x *Index) candidates(ctx context.Context, wanted, words []*word, g gate, all bool, size *sized) ([]candidate, error) {
	d := x.o.DB.Dialect()
	text := match(d, wanted, all)
	if text == "" {
		return nil, nil
	}
	var beside []*word
	if d == sqldb.SQLite && all && size.n > 2*int64(x.most()) {
		var asked []*word
		if asked, beside = apart(wanted, g.narrow(), size.n/4); len(beside) > 0 {
			text = match(d, asked, all)
		}
		g.wide = size.n/4 <= size.sum(g.tables)
	}
	switch reach := g.match(d); {
	case text == "":
		text = reach
	case reach != "":
		text = "(" + text + ")" + operator(d, and) + reach
	}
	names := anys(g.tables)
	in := "d.tablename IN (" + marks(d, 2, len(names)) + ")"
	statement := "SELECT d.tablename, d.recordid, d.title, d.tokens FROM searchdoc d WHERE d.lexemes @@ " + d.Placeholder(1) + "::tsquery AND " + in
	order := "d.docid"
	if d == sqldb.Postgres && most(wanted, all) <= gatheredMost {
		// Of words that it keeps no count of PostgreSQL guesses that some thousand
		// documents have each, and walks through all documents to meet them.
		statement = "SELECT d.tablename, d.recordid, d.title, d.tokens FROM (" + strings.Replace(statement, "SELECT ", "SELECT d.docid, ", 1) + " OFFSET 0) d"
	}
	if d == sqldb.SQLite {
		statement = "SELECT d.tablename, d.recordid, d.title, d.tokens FROM searchindex i CROSS JOIN searchdoc d WHERE d.docid = i.rowid AND i.searchindex MATCH ?1 AND " + in
		order = "i.rowid"
	}
	args := append([]any{text}, names...)
	statement, args = withWords(d, statement, args, beside)
	statement += " ORDER BY " + order + " DESC LIMIT " + strconv.Itoa(x.most())
	rows, err := x.o.DB.QueryPlanned(ctx, statement, args...)
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
		c.rank(words, strings.Fields(title), strings.Fields(tokens), size.n)
		out = append(out, c)
	}
	return out, rows.Err()
}

// apart leaves the words that very many documents have, so many at least, out of
// what the index is asked: SQLite would go through all of those documents, where
// the few that have the other words, or may be seen, can be looked at instead.
// Something is left to be asked, or what the asker may see is narrow enough.
func apart(words []*word, narrow bool, many int64) (asked, beside []*word) {
	wanted := 0
	for _, w := range words {
		if !w.exclude && slices.Max(slices.Collect(maps.Values(w.rare))) >= many {
			beside = append(beside, w)
			continue
		}
		if asked = append(asked, w); !w.exclude {
			wanted++
		}
	}
	if wanted == 0 && (!narrow || len(asked) > 0) {
		return words, nil
	}
	return asked, beside
}

// withWords adds the condition that a document has each of the words.
func withWords(d sqldb.Dialect, statement string, args []any, words []*word) (string, []any) {
	for _, w := range words {
		var any []string
		for _, term := range slices.SortedFunc(maps.Keys(w.terms), func(a, b string) int { return cmp.Compare(w.rare[b], w.rare[a]) }) {
			args = append(args, " "+term+" ")
			any = append(any, "instr(' ' || d.tokens || ' ', "+d.Placeholder(len(args))+") > 0")
		}
		statement += " AND (" + strings.Join(any, " OR ") + ")"
	}
	return statement, args
}

func (s *sized) sum(tables []string) (n int64) {
	for _, t := range tables {
		n += s.of[t]
	}
	return n
}

// sized is how many documents there were at a time, in all and by table.
type sized struct {
	n  int64
	of map[string]int64
	at time.Time
}

// The number of documents only weighs words and ways to find them: the more there
// are, the older it may be.
const (
	sizedFrom = 10_000
	sizedFor  = time.Minute // for every sizedFrom documents
)

func (x *Index) documents(ctx context.Context) (*sized, error) {
	now := x.o.Clock.Now()
	if s := x.size.Load(); s != nil && s.n >= sizedFrom && now.Sub(s.at) < time.Duration(s.n/sizedFrom)*sizedFor {
		return s, nil
	}
	s := &sized{at: now, of: map[string]int64{}}
	rows, err := x.o.DB.Query(ctx, "SELECT tablename, COUNT(*) FROM searchdoc GROUP BY tablename")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var n int64
		if err := rows.Scan(&name, &n); err != nil {
			return nil, err
		}
		s.of[name] = n
		s.n += n
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	x.size.Store(s)
	return s, nil
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

// page reads the records of the wanted hits as the asker may see them. The index
// knows who may see what but for the changes of the last moments: what may not be
// read after all is left out. Where a scope has a condition, only the records tell
// who meets it: all are asked, and those of the page read.
func (x *Index) page(ctx context.Context, ranked []candidate, scopes map[string]Scope, r Request) (hits []Hit, of map[string]int, err error) {
	all, err := x.Outdated(ctx)
	if err != nil {
		return nil, nil, err
	}
	if slices.ContainsFunc(slices.Collect(maps.Values(scopes)), func(s Scope) bool { return s.Where != nil }) {
		if ranked, err = x.meeting(ctx, ranked, scopes); err != nil {
			return nil, nil, err
		}
	}
	step := max(readAhead, r.Skip+r.Top)
	if all {
		step = len(ranked)
	}
	var read []Hit
	done := 0
	for done < len(ranked) && len(read) < r.Skip+r.Top {
		next := ranked[done:min(done+step, len(ranked))]
		some, err := x.readable(ctx, next, scopes)
		if err != nil {
			return nil, nil, err
		}
		read, done = append(read, some...), done+len(next)
	}
	out := []Hit{}
	if r.Skip < len(read) {
		out = read[r.Skip:min(r.Skip+r.Top, len(read))]
	}
	of = map[string]int{}
	for _, h := range read {
		of[h.Table]++
	}
	for _, c := range ranked[done:] {
		of[c.table]++
	}
	return out, of, nil
}

// meeting gives those of the candidates that meet the condition of their scope.
func (x *Index) meeting(ctx context.Context, ranked []candidate, scopes map[string]Scope) ([]candidate, error) {
	bare := maps.Clone(scopes)
	for name, s := range bare {
		if s.Where != nil {
			s.Columns = []string{}
			bare[name] = s
		}
	}
	var asked []candidate
	for _, c := range ranked {
		if bare[c.table].Where != nil {
			asked = append(asked, c)
		}
	}
	rows, err := x.rows(ctx, asked, bare)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(ranked, func(c candidate) bool {
		_, meets := rows[c.key]
		return bare[c.table].Where != nil && !meets
	}), nil
}

// readable reads the documents' records as the asker may see them.
func (x *Index) readable(ctx context.Context, ranked []candidate, scopes map[string]Scope) ([]Hit, error) {
	rows, err := x.rows(ctx, ranked, scopes)
	if err != nil {
		return nil, err
	}
	out := []Hit{}
	for _, c := range ranked {
		if row, ok := rows[c.key]; ok {
			out = append(out, Hit{c.table, row, c.score, c.tokens})
		}
	}
	return out, nil
}

// rows reads records as the asker may see them: the columns of their scope, and
// nothing but their ids where that has none.
func (x *Index) rows(ctx context.Context, ranked []candidate, scopes map[string]Scope) (map[id.ID]record.Row, error) {
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
		switch {
		case len(columns) == 0:
			columns = []string{t.ID}
		case !slices.Contains(columns, t.Title):
			columns = append([]string{t.Title}, columns...)
		}
		for chunk := range slices.Chunk(list, candidatesMost) {
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
	return rows, nil
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
