package odata

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// ParseSQL reads one SELECT of the subset that Dataverse takes, and makes a
// query of it; the text itself never comes near a database. It has columns and
// aliases, DISTINCT, TOP, INNER and LEFT JOIN on one pair of columns, WHERE,
// GROUP BY with COUNT, SUM, AVG, MIN and MAX, ORDER BY, OFFSET and FETCH.
func ParseSQL(ctx *Context, text string) (*Fetch, error) {
	if len(text) > maxText {
		return nil, errs.New(errs.Invalid, "odata.too_long", "sql is longer than %d characters", maxText)
	}
	p := &sqlParser{lexer: sqlLexer{src: text}, ctx: ctx, fetch: &Fetch{Top: -1, Page: 1}, sources: map[string]*sqlSource{}}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if err := p.statement(); err != nil {
		return nil, err
	}
	return p.fetch, nil
}

// sqlSource is a table of FROM or JOIN.
type sqlSource struct {
	alias string // "" for the table of FROM
	table *metadata.Table
	link  *query.Link
	below []*sqlSource // joined to this one
}

type sqlParser struct {
	lexer   sqlLexer
	tok     sqlToken
	ctx     *Context
	fetch   *Fetch
	main    *sqlSource
	sources map[string]*sqlSource // by name as written, in lower case
	depth   int
}

// sqlItem is one part of the select list, which is read before the tables are known.
type sqlItem struct {
	pos      int
	function string // upper case; "" for a column
	distinct bool
	star     bool
	column   sqlColumn
	alias    string
}

// sqlColumn is a column's name as written.
type sqlColumn struct {
	pos           int
	source, named string
}

func (p *sqlParser) advance() error {
	var err error
	p.tok, err = p.lexer.next()
	return err
}

func (p *sqlParser) fail(pos int, format string, args ...any) error {
	return sqlFail(p.lexer.src, pos, format, args...)
}

func (p *sqlParser) is(words ...string) bool {
	return p.tok.kind == sqlWord && slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(w, p.tok.text) })
}

func (p *sqlParser) isPunct(s string) bool { return p.tok.kind == sqlPunct && p.tok.text == s }

// take passes a keyword over, if it stands there.
func (p *sqlParser) take(word string) (bool, error) {
	if !p.is(word) {
		return false, nil
	}
	return true, p.advance()
}

func (p *sqlParser) expect(word string) error {
	if ok, err := p.take(word); ok || err != nil {
		return err
	}
	return p.fail(p.tok.pos, "%s is expected", word)
}

func (p *sqlParser) punct(s string) error {
	if !p.isPunct(s) {
		return p.fail(p.tok.pos, "%q is expected", s)
	}
	return p.advance()
}

// reserved words end a list or an alias.
var sqlReserved = []string{"select", "from", "where", "group", "order", "by", "having", "union", "join", "inner", "left", "right", "full", "cross", "outer", "on", "as", "and", "or", "not", "in", "like", "between", "is", "null",
	"top", "distinct", "offset", "fetch", "asc", "desc", "with", "into", "case", "exists", "except", "intersect", "for", "option", "set", "values", "insert", "update", "delete"}

func (p *sqlParser) isName() bool {
	return p.tok.kind == sqlName || p.tok.kind == sqlWord && !p.is(sqlReserved...)
}

func (p *sqlParser) name(what string) (string, error) {
	if !p.isName() {
		return "", p.fail(p.tok.pos, "%s is expected", what)
	}
	text := p.tok.text
	return text, p.advance()
}

func (p *sqlParser) statement() error {
	if err := p.expect("SELECT"); err != nil {
		return err
	}
	var err error
	if p.fetch.Query.Distinct, err = p.take("DISTINCT"); err != nil {
		return err
	}
	if err := p.top(); err != nil {
		return err
	}
	items, err := p.items()
	if err != nil {
		return err
	}
	if err := p.from(); err != nil {
		return err
	}
	if ok, err := p.take("WHERE"); err != nil {
		return err
	} else if ok {
		if p.fetch.Query.Where, err = p.or(); err != nil {
			return err
		}
	}
	groups, err := p.groupBy()
	if err != nil {
		return err
	}
	if err := p.shape(items, groups); err != nil {
		return err
	}
	if err := p.orderBy(); err != nil {
		return err
	}
	if err := p.offset(); err != nil {
		return err
	}
	if p.tok.kind != sqlEnd {
		return p.fail(p.tok.pos, "%q can't stand here", clip(p.tok.text))
	}
	p.fetch.Query.Links = links(p.main.below)
	return nil
}

// links brings the joins together once all are known.
func links(sources []*sqlSource) []query.Link {
	var out []query.Link
	for _, s := range sources {
		l := *s.link
		l.Links = links(s.below)
		out = append(out, l)
	}
	return out
}

// top reads TOP 10 or TOP (10).
func (p *sqlParser) top() error {
	ok, err := p.take("TOP")
	if !ok || err != nil {
		return err
	}
	bracket := p.isPunct("(")
	if bracket {
		if err := p.advance(); err != nil {
			return err
		}
	}
	if p.fetch.Top, err = p.whole("TOP"); err != nil {
		return err
	}
	if bracket {
		return p.punct(")")
	}
	return nil
}

func (p *sqlParser) whole(of string) (int, error) {
	n, err := strconv.Atoi(p.tok.text)
	if p.tok.kind != sqlNumber || err != nil || n < 0 || n > 1<<30 {
		return 0, p.fail(p.tok.pos, "%s takes a whole number that is not negative", of)
	}
	return n, p.advance()
}

var sqlFunctions = map[string]query.Function{"COUNT": query.CountValues, "SUM": query.Sum, "AVG": query.Average, "MIN": query.Min, "MAX": query.Max}

func (p *sqlParser) items() ([]sqlItem, error) {
	var out []sqlItem
	for {
		item, err := p.item()
		if err != nil {
			return nil, err
		}
		out = append(out, item)
		if len(out) > 1_000 {
			return nil, p.fail(p.tok.pos, "the list of columns is too long")
		}
		if !p.isPunct(",") {
			return out, nil
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
}

func (p *sqlParser) item() (sqlItem, error) {
	item := sqlItem{pos: p.tok.pos}
	if p.isPunct("*") {
		return item, p.fail(p.tok.pos, "SELECT * is not taken: name the columns")
	}
	ahead := p.lexer
	if next, err := ahead.next(); err == nil && p.tok.kind == sqlWord && next.kind == sqlPunct && next.text == "(" {
		if err := p.function(&item); err != nil {
			return item, err
		}
	} else {
		var err error
		if item.column, err = p.column(); err != nil {
			return item, err
		}
	}
	as, err := p.take("AS")
	if err != nil {
		return item, err
	}
	if !as && !p.isName() {
		return item, nil
	}
	pos := p.tok.pos
	if item.alias, err = p.name("an alias"); err == nil && !isIdentifier(item.alias) {
		err = p.fail(pos, "an alias is made of letters, digits and underscores")
	}
	return item, err
}

func (p *sqlParser) function(item *sqlItem) error {
	item.function = strings.ToUpper(p.tok.text)
	if _, ok := sqlFunctions[item.function]; !ok {
		return p.fail(p.tok.pos, "the function %s is not known: there are COUNT, SUM, AVG, MIN and MAX", clip(item.function))
	}
	if err := p.advance(); err != nil {
		return err
	}
	if err := p.punct("("); err != nil {
		return err
	}
	if p.isPunct("*") && item.function == "COUNT" {
		item.star = true
		if err := p.advance(); err != nil {
			return err
		}
		return p.punct(")")
	}
	var err error
	if item.distinct, err = p.take("DISTINCT"); err != nil {
		return err
	}
	if item.distinct && item.function != "COUNT" {
		return p.fail(item.pos, "DISTINCT goes with COUNT only")
	}
	if item.column, err = p.column(); err != nil {
		return err
	}
	return p.punct(")")
}

func (p *sqlParser) column() (sqlColumn, error) {
	c := sqlColumn{pos: p.tok.pos}
	var err error
	if c.named, err = p.name("a column"); err != nil || !p.isPunct(".") {
		return c, err
	}
	if err := p.advance(); err != nil {
		return c, err
	}
	c.source = c.named
	if p.isPunct("*") {
		return c, p.fail(p.tok.pos, "SELECT * is not taken: name the columns")
	}
	c.named, err = p.name("a column")
	return c, err
}

// literal reads a value; ok is false where none stands.
func (p *sqlParser) literal() (v any, ok bool, err error) {
	switch {
	case p.tok.kind == sqlString:
		v = p.tok.text
	case p.tok.kind == sqlNumber:
		text := strings.TrimPrefix(p.tok.text, "+")
		if !json.Valid([]byte(text)) {
			return nil, false, p.fail(p.tok.pos, "this is not a number")
		}
		v = json.Number(text)
	case p.is("NULL"):
	default:
		return nil, false, nil
	}
	return v, true, p.advance()
}
