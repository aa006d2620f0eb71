package search

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
)

// How much a hit counts by the way in which it was found.
const (
	weightExact  = 4.0
	weightPrefix = 2.0
	weightTypo   = 1.0
)

const (
	inputMost  = 100 // letters of what is searched for, as in Dataverse
	wordsMost  = 10
	expandMost = 50 // terms that one word may mean

	common   = 50   // records that have a word, from which on an index knows it as common (migration 0100)
	rareMost = 2000 // rarer words of one beginning that are looked at
)

// word is one word of what is searched for, with the terms that it may mean.
type word struct {
	text    string // token
	exclude bool   // must not be there
	strict  bool   // in quotes: exactly so
	terms   map[string]float64
	rare    map[string]int64 // how many records have a term
}

// parse reads what people type: words; "quoted" ones exactly so; -word excludes;
// word* is a beginning, as the last word always is.
func parse(input string) ([]*word, error) {
	input = strings.TrimSpace(input)
	if n := len([]rune(input)); n == 0 || n > inputMost {
		return nil, errs.New(errs.Invalid, "search.input", "search for between 1 and %d letters", inputMost)
	}
	var out []*word
	quoted := false
	for i, part := range strings.Split(strings.ReplaceAll(input, `\`, " "), `"`) {
		quoted = i%2 == 1
		for _, field := range strings.Fields(part) {
			exclude := !quoted && strings.HasPrefix(field, "-") && len(field) > 1
			for _, w := range Words(field) {
				out = append(out, &word{text: token(w), exclude: exclude, strict: quoted})
			}
		}
	}
	if len(out) == 0 {
		return nil, errs.New(errs.Invalid, "search.input", "there is no word to search for")
	}
	return out[:min(len(out), wordsMost)], nil
}

// expand finds out what the words may mean. A word of which there is none as it
// stands, and no beginning either, is looked for under a slip of the pen.
func (x *Index) expand(ctx context.Context, words []*word) error {
	for _, w := range words {
		w.terms, w.rare = map[string]float64{}, map[string]int64{}
		if err := x.exactly(ctx, w); err != nil {
			return err
		}
		if w.strict || w.exclude {
			continue
		}
		if err := x.beginnings(ctx, w); err != nil {
			return err
		}
		if len(w.terms) == 0 {
			if err := x.slips(ctx, w); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *word) add(term string, n int64, weight float64) {
	if w.terms[term] < weight {
		w.terms[term], w.rare[term] = weight, n
	}
}

func (x *Index) exactly(ctx context.Context, w *word) error {
	var n int64
	found, err := x.o.DB.QueryRow(ctx, "SELECT n FROM searchterm WHERE term = "+x.o.DB.Dialect().Placeholder(1), []any{w.text}, &n)
	if found {
		w.add(w.text, n, weightExact)
	}
	return err
}

// beginnings looks for the words that begin so, the commonest first. Of a short
// beginning there may be hundreds of thousands: all of the common ones are looked
// at, which an index knows, and of the rare ones the first in order.
func (x *Index) beginnings(ctx context.Context, w *word) error {
	if len(w.text) < 2 {
		return nil
	}
	p := x.o.DB.Dialect().Placeholder
	begin := "term > " + p(1) + " AND term < " + p(2)
	args := []any{w.text, after(w.text)}
	found := 0
	add := func(term string, n int64) { w.add(term, n, weightPrefix); found++ }
	most := strconv.Itoa(expandMost)
	err := x.terms(ctx, "SELECT term, n FROM searchterm WHERE "+begin+" AND n >= "+strconv.Itoa(common)+" ORDER BY n DESC, term LIMIT "+most, args, add)
	if err != nil || found >= expandMost {
		return err
	}
	return x.terms(ctx, "SELECT term, n FROM (SELECT term, n FROM searchterm WHERE "+begin+" AND n < "+strconv.Itoa(common)+" ORDER BY term LIMIT "+strconv.Itoa(rareMost)+") r ORDER BY n DESC, term LIMIT "+strconv.Itoa(expandMost-found), args, add)
}

// after gives the least text that is above every text that begins so. Tokens
// hold plain letters and digits only.
func after(s string) string { return s[:len(s)-1] + string(s[len(s)-1]+1) }

// slips looks the tokens up of which a slip of the pen could have made the word.
func (x *Index) slips(ctx context.Context, w *word) error {
	list := slips(w.text)
	if len(list) == 0 {
		return nil
	}
	var in string
	var arg any = list
	if x.o.DB.Dialect() == sqldb.Postgres {
		in = "= ANY ($1::text[])"
	} else {
		text, err := json.Marshal(list)
		if err != nil {
			return err
		}
		in, arg = "IN (SELECT value FROM json_each(?1))", string(text)
	}
	return x.terms(ctx, "SELECT term, n FROM searchterm WHERE term "+in+" ORDER BY n DESC, term LIMIT "+strconv.Itoa(expandMost), []any{arg},
		func(term string, n int64) { w.add(term, n, weightTypo) })
}

func (x *Index) terms(ctx context.Context, text string, args []any, each func(term string, n int64)) error {
	rows, err := x.o.DB.Query(ctx, text, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var term string
		var n int64
		if err := rows.Scan(&term, &n); err != nil {
			return err
		}
		each(term, n)
	}
	return rows.Err()
}
