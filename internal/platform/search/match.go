package search

import (
	"maps"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/sqldb"
)

// connective joins two conditions of a full-text question.
type connective uint8

const (
	and connective = iota
	or
	butNot
)

// operator gives the connective as the database writes it.
func operator(d sqldb.Dialect, c connective) string {
	if d == sqldb.Postgres {
		return [...]string{" & ", " | ", " & !"}[c]
	}
	return [...]string{" AND ", " OR ", " NOT "}[c]
}

// anyOf asks for one of the tokens. They hold nothing that would mean something
// to the database.
func anyOf(d sqldb.Dialect, tokens []string) string {
	mark := `"`
	if d == sqldb.Postgres {
		mark = "'"
	}
	return "(" + mark + strings.Join(tokens, mark+operator(d, or)+mark) + mark + ")"
}

// match gives the words in the database's own form; "" where nothing can meet them.
func match(d sqldb.Dialect, words []*word, all bool) string {
	var wanted, unwanted []string
	for _, w := range words {
		switch {
		case w.exclude && len(w.terms) > 0:
			unwanted = append(unwanted, anyOf(d, slices.Sorted(maps.Keys(w.terms))))
		case w.exclude:
		case len(w.terms) > 0:
			wanted = append(wanted, anyOf(d, slices.Sorted(maps.Keys(w.terms))))
		case all:
			return "" // there is nothing that has all of them
		}
	}
	if len(wanted) == 0 {
		return ""
	}
	glue := operator(d, and)
	if !all {
		glue = operator(d, or)
	}
	text := "(" + strings.Join(wanted, glue) + ")"
	for _, u := range unwanted {
		text += operator(d, butNot) + u
	}
	return text
}
