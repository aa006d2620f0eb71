package query_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
)

// TestScripts runs testdata/*.txt on both databases and, where the condition
// needs no other row, in memory as well. A script is lines of
//
//	row TABLE NAME column=value …      a row; NAME stands for its id from then on
//	share NAME PRINCIPAL MASK
//	guard TABLE CONDITION | guard off  what may be seen of a table
//	where TABLE CONDITION => NAME …    the rows that match, in any order
//	order TABLE a,-b [LIMIT] => NAME … the rows in order; also fetched page by page, and from the middle
//	fails CODE TABLE CONDITION         the code of the refusal
//
// A condition is an s-expression: (and (eq city "Ulm") (not (null score))).
func TestScripts(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts: ", err)
	}
	for _, file := range files {
		s := newSchema()
		dbtest.Each(t, lay(s), func(t *testing.T, db *sqldb.DB) {
			(&script{schema: s, db: db, names: map[string]string{}, guards: map[string]query.Node{}, rows: map[string][]map[string]any{}}).run(t, file)
		})
	}
}

type script struct {
	schema schema
	db     *sqldb.DB
	names  map[string]string // id → name
	guards map[string]query.Node
	rows   map[string][]map[string]any
	ran    int
}

func (s *script) run(t *testing.T, file string) {
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if err := s.line(t, line); err != nil {
			t.Errorf("%s:%d: %s\n%v", file, n, line, err)
		}
	}
	if lines.Err() != nil || s.ran == 0 {
		t.Fatalf("%s: no checks ran (%v)", file, lines.Err())
	}
}

func (s *script) line(t *testing.T, line string) error {
	word, rest, _ := strings.Cut(line, " ")
	switch word {
	case "row":
		return s.row(t, rest)
	case "share":
		parts := strings.Fields(rest)
		mask, err := strconv.ParseInt(parts[2], 10, 64)
		if err != nil {
			return err
		}
		return s.db.Write(t.Context(), func(tx *sqldb.Tx) error { return share(tx, named(parts[0]), named(parts[1]), mask) })
	case "guard":
		name, cond, _ := strings.Cut(rest, " ")
		if name == "off" {
			clear(s.guards)
			return nil
		}
		n, err := parseCond(cond)
		s.guards[name] = n
		return err
	case "where":
		return s.where(t, rest)
	case "order":
		return s.order(t, rest)
	case "fails":
		s.ran++
		code, rest, _ := strings.Cut(rest, " ")
		name, cond, _ := strings.Cut(rest, " ")
		n, err := parseCond(cond)
		if err != nil {
			return err
		}
		limits := query.Limits{Secured: func(string, string) bool { return true }}
		_, err = query.Check(s.schema, &query.Query{Table: name, Where: n}, limits)
		if errs.CodeOf(err) != code {
			return fmt.Errorf("got %v", err)
		}
		return nil
	}
	return errors.New("unknown line")
}

// named gives the id that a name stands for.
func named(name string) id.ID { return id.Derive("query-test", name) }

func (s *script) row(t *testing.T, text string) error {
	words, err := tokens(text)
	if err != nil {
		return err
	}
	tab := s.schema[words[0]]
	row := map[string]any{tab.PrimaryID: named(words[1])}
	s.names[named(words[1]).String()] = words[1]
	for _, w := range words[2:] {
		column, text, _ := strings.Cut(w, "=")
		c, ok := tab.Columns[column]
		if !ok {
			return fmt.Errorf("no column %q", column)
		}
		v, err := literal(text)
		if err != nil {
			return err
		}
		if row[column], err = query.Coerce(c, v); err != nil && c.Kind != query.JSON {
			return err
		}
	}
	s.rows[words[0]] = append(s.rows[words[0]], row)
	return s.db.Write(t.Context(), func(tx *sqldb.Tx) error { return insert(tx, tab, row) })
}

func (s *script) guard(table string) (query.Node, error) { return s.guards[table], nil }

func (s *script) where(t *testing.T, text string) error {
	s.ran++
	text, want, _ := strings.Cut(text, "=>")
	name, cond, _ := strings.Cut(text, " ")
	n, err := parseCond(cond)
	if err != nil {
		return err
	}
	q := query.Query{Table: name, Where: n}
	rows, checked, err := find(t, s.db, s.schema, q, s.guard)
	if err != nil {
		return err
	}
	got := s.list(name, rows)
	slices.Sort(got)
	expected := strings.Fields(want)
	slices.Sort(expected)
	if !slices.Equal(got, expected) {
		st, _ := query.Render(s.schema, s.db.Dialect(), checked, s.guard)
		return fmt.Errorf("got %v, want %v\n%s", got, expected, st.SQL)
	}
	if err := s.count(t, checked, len(expected)); err != nil {
		return err
	}
	return s.inMemory(name, n, expected)
}

func (s *script) count(t *testing.T, q *query.Query, want int) error {
	st, err := query.RenderCount(s.schema, s.db.Dialect(), q, s.guard)
	if err != nil {
		return err
	}
	rows, err := run(t.Context(), s.db, st)
	if err != nil {
		return err
	}
	if rows[0]["count"] != int64(want) {
		return fmt.Errorf("count is %v, want %d", rows[0]["count"], want)
	}
	return nil
}

func (s *script) inMemory(table string, n query.Node, want []string) error {
	if s.guards[table] != nil {
		n = query.And{n, s.guards[table]}
	}
	var matched []map[string]any
	for _, row := range s.rows[table] {
		ok, err := query.Match(s.schema, table, n, row)
		if errs.CodeOf(err) == "query.not_in_memory" {
			return nil
		}
		if err != nil {
			return err
		}
		if ok {
			matched = append(matched, row)
		}
	}
	got := s.list(table, matched)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		return fmt.Errorf("in memory: got %v, want %v", got, want)
	}
	return nil
}

func (s *script) list(table string, rows []map[string]any) []string {
	out := []string{}
	for _, r := range rows {
		key := r[s.schema[table].PrimaryID].(id.ID).String()
		out = append(out, s.names[key])
	}
	return out
}

func (s *script) order(t *testing.T, text string) error {
	s.ran++
	text, want, _ := strings.Cut(text, "=>")
	words := strings.Fields(text)
	q := query.Query{Table: words[0]}
	for _, o := range strings.Split(words[1], ",") {
		name, desc := strings.CutPrefix(o, "-")
		q.Order = append(q.Order, query.Order{Column: name, Desc: desc})
	}
	expected := strings.Fields(want)
	for _, limit := range []int{0, 1, 2, 3} {
		got, err := s.pages(t, q, limit)
		if err != nil {
			return err
		}
		if !slices.Equal(got, expected) {
			return fmt.Errorf("pages of %d: got %v, want %v", limit, got, expected)
		}
	}
	for skip := range len(expected) + 2 {
		for _, limit := range []int{0, 2} {
			q.Skip, q.Limit = skip, limit
			rows, _, err := find(t, s.db, s.schema, q, s.guard)
			if err != nil {
				return err
			}
			want := expected[min(skip, len(expected)):]
			if limit > 0 {
				want = want[:min(limit, len(want))]
			}
			if got := s.list(q.Table, rows); !slices.Equal(got, want) {
				return fmt.Errorf("%d rows behind %d: got %v, want %v", limit, skip, got, want)
			}
		}
	}
	return nil
}

// pages fetches all rows by limit at a time, each page by way of a token.
func (s *script) pages(t *testing.T, q query.Query, limit int) ([]string, error) {
	q.Limit = limit
	out := []string{}
	for range 100 {
		rows, checked, err := find(t, s.db, s.schema, q, s.guard)
		if err != nil {
			return nil, err
		}
		out = append(out, s.list(q.Table, rows)...)
		if limit == 0 || len(rows) < limit {
			return out, nil
		}
		token, err := query.EncodeCursor(s.schema, &q, query.CursorAfter(checked, rows[len(rows)-1]))
		if err != nil {
			return nil, err
		}
		if q.After, err = query.DecodeCursor(s.schema, &q, token); err != nil {
			return nil, err
		}
	}
	return nil, errors.New("paging does not end")
}
