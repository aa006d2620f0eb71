package odata

import (
	"encoding/json"
	"encoding/xml"
	"strconv"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// WriteFetch writes a tree as FetchXML: its columns or groups, order, and
// condition, and the tables that their paths lead to. What FetchXML has no form
// for is refused. Parts of dates go by the calendar of who asks.
func WriteFetch(c *metadata.Catalog, q *query.Query) (string, error) {
	t, ok := c.Table(q.Table)
	if !ok {
		return "", errs.New(errs.Invalid, "query.unknown_table", "there is no table %q", q.Table)
	}
	w := &fetchWriter{catalog: c}
	attrs := []string{"version", "1.0", "mapping", "logical"}
	if q.Group != nil {
		attrs = append(attrs, "aggregate", "true")
	}
	w.open("fetch", attrs...)
	w.open("entity", "name", t.Name)
	for _, name := range q.Select {
		w.empty("attribute", "name", name)
	}
	by := "attribute"
	if q.Group != nil {
		by = "alias"
		if err := w.group(t, q.Group); err != nil {
			return "", err
		}
	}
	for _, o := range q.Order {
		if o.Link != "" {
			return "", w.no("an order by another table")
		}
		w.empty("order", by, o.Column, "descending", strconv.FormatBool(o.Desc))
	}
	if q.Where != nil {
		links := &linkTree{}
		var inner strings.Builder
		sub := &fetchWriter{catalog: c, out: &inner}
		sub.open("filter", "type", "and")
		if err := sub.node(t, links, q.Where, false); err != nil {
			return "", err
		}
		sub.shut("filter")
		w.text().WriteString(inner.String())
		w.links(links)
	}
	w.shut("entity")
	w.shut("fetch")
	return w.text().String(), nil
}

type fetchWriter struct {
	catalog *metadata.Catalog
	out     *strings.Builder
	aliases int
}

// linkTree holds the outer links that paths need, each lookup once.
type linkTree struct {
	relation query.Relation
	alias    string
	below    []*linkTree
}

func (w *fetchWriter) text() *strings.Builder {
	if w.out == nil {
		w.out = &strings.Builder{}
	}
	return w.out
}

func (w *fetchWriter) no(what string) error {
	return errs.New(errs.Invalid, "fetch.no_form", "FetchXML has no form for %s", what)
}

func (w *fetchWriter) tag(name string, attrs []string, end string) {
	out := w.text()
	out.WriteString("<" + name)
	for i := 0; i < len(attrs); i += 2 {
		out.WriteString(" " + attrs[i] + `="`)
		_ = xml.EscapeText(out, []byte(attrs[i+1])) // a builder takes everything
		out.WriteString(`"`)
	}
	out.WriteString(end)
}

func (w *fetchWriter) open(name string, attrs ...string)  { w.tag(name, attrs, ">") }
func (w *fetchWriter) empty(name string, attrs ...string) { w.tag(name, attrs, "/>") }
func (w *fetchWriter) shut(name string)                   { w.text().WriteString("</" + name + ">") }

func (w *fetchWriter) links(t *linkTree) {
	for _, l := range t.below {
		w.open("link-entity", "name", l.relation.Table, "from", l.relation.To, "to", l.relation.From, "alias", l.alias, "link-type", "outer")
		w.links(l)
		w.shut("link-entity")
	}
}

// node writes a condition or, with neg, its opposite.
func (w *fetchWriter) node(t *metadata.Table, links *linkTree, n query.Node, neg bool) error {
	switch n := n.(type) {
	case query.And:
		return w.list(t, links, n, neg, neg)
	case query.Or:
		return w.list(t, links, n, neg, !neg)
	case query.Not:
		return w.node(t, links, n.Node, !neg)
	case query.Related:
		return w.related(t, n, neg)
	case query.Compare:
		return w.compare(t, links, n, neg)
	case query.Null:
		return w.condition(t, links, n.Left, word(n.Negate != neg, "not-null", "null"))
	case query.In:
		if neg && !n.Negate {
			return w.excluding(t, links, n.Left, "not-in", n.Values)
		}
		return w.condition(t, links, n.Left, word(n.Negate != neg, "not-in", "in"), n.Values...)
	case query.TextMatch:
		return w.match(t, links, n, neg)
	case query.HasAny:
		values := make([]any, len(n.Members))
		for i, m := range n.Members {
			values[i] = m
		}
		return w.condition(t, links, n.Left, word(n.Negate != neg, "not-contain-values", "contain-values"), values...)
	case query.Hierarchy:
		return w.hierarchy(t, links, n, neg)
	case query.Named:
		return w.named(t, links, n, neg)
	}
	return w.no("a condition of this kind")
}

func word(negate bool, no, yes string) string {
	if negate {
		return no
	}
	return yes
}

func (w *fetchWriter) list(t *metadata.Table, links *linkTree, list []query.Node, neg, or bool) error {
	w.open("filter", "type", word(or, "or", "and"))
	for _, n := range list {
		if err := w.node(t, links, n, neg); err != nil {
			return err
		}
	}
	w.shut("filter")
	return nil
}

// excluding writes a negated operator that rows without a value do not match.
func (w *fetchWriter) excluding(t *metadata.Table, links *linkTree, left query.Path, operator string, values []any) error {
	w.open("filter", "type", "and")
	if err := w.condition(t, links, left, operator, values...); err != nil {
		return err
	}
	if err := w.condition(t, links, left, "not-null"); err != nil {
		return err
	}
	w.shut("filter")
	return nil
}

var fetchOpNames = [...]string{query.Eq: "eq", query.Ne: "ne", query.Lt: "lt", query.Le: "le", query.Gt: "gt", query.Ge: "ge"}
var fetchOpNot = [...]string{query.Eq: "ne", query.Ne: "eq", query.Lt: "ge", query.Le: "gt", query.Gt: "le", query.Ge: "lt"}

func (w *fetchWriter) compare(t *metadata.Table, links *linkTree, n query.Compare, neg bool) error {
	operator := fetchOpNames[n.Op]
	if neg {
		operator = fetchOpNot[n.Op]
	}
	if len(n.Right) > 0 {
		return w.columns(t, links, n, operator, neg)
	}
	if n.Value == nil {
		return w.condition(t, links, n.Left, word((n.Op == query.Ne) != neg, "not-null", "null"))
	}
	if neg && n.Op == query.Eq {
		return w.excluding(t, links, n.Left, "ne", []any{n.Value})
	}
	return w.condition(t, links, n.Left, operator, n.Value)
}

func (w *fetchWriter) columns(t *metadata.Table, links *linkTree, n query.Compare, operator string, neg bool) error {
	if len(n.Left) > 1 || len(n.Right) > 1 || neg {
		return w.no("this comparison of two columns")
	}
	w.empty("condition", "attribute", n.Left[0], "operator", operator, "valueof", n.Right[0])
	return nil
}

func (w *fetchWriter) match(t *metadata.Table, links *linkTree, n query.TextMatch, neg bool) error {
	pattern := n.Text
	if n.Op != query.Like {
		pattern = strings.NewReplacer("%", "[%]", "_", "[_]", "[", "[[]").Replace(pattern)
		pattern = map[query.TextOp]string{query.Contains: "%" + pattern + "%", query.StartsWith: pattern + "%", query.EndsWith: "%" + pattern}[n.Op]
	}
	if neg {
		return w.excluding(t, links, n.Left, "not-like", []any{pattern})
	}
	return w.condition(t, links, n.Left, "like", pattern)
}

func (w *fetchWriter) hierarchy(t *metadata.Table, links *linkTree, n query.Hierarchy, neg bool) error {
	operator := ""
	switch {
	case n.Negate != neg && !n.Up && n.Self:
		operator = "not-under"
	case n.Negate != neg:
		return w.no("this condition on rows above and below")
	case n.Up:
		operator = word(n.Self, "eq-or-above", "above")
	default:
		operator = word(n.Self, "eq-or-under", "under")
	}
	return w.condition(t, links, n.Left, operator, n.Root)
}

func (w *fetchWriter) named(t *metadata.Table, links *linkTree, n query.Named, neg bool) error {
	if neg {
		return w.no("the opposite of " + n.Name)
	}
	for operator, name := range fetchNames {
		if name == n.Name {
			return w.condition(t, links, n.Left, operator, n.Values...)
		}
	}
	return w.no(n.Name)
}

// related writes any and all over rows of a collection.
func (w *fetchWriter) related(t *metadata.Table, n query.Related, neg bool) error {
	rel, ok := t.Relation(n.Relation)
	other, found := w.catalog.Table(rel.Table)
	if !ok || !found || rel.ManyToMany() || n.All {
		return w.no("a condition on all rows of a collection, or on an N:N relation")
	}
	w.open("link-entity", "name", other.Name, "from", rel.To, "to", rel.From, "link-type", word(neg, "not any", "any"))
	if n.Where != nil {
		links := &linkTree{}
		w.open("filter", "type", "and")
		if err := w.node(other, links, n.Where, false); err != nil {
			return err
		}
		w.shut("filter")
		if len(links.below) > 0 {
			return w.no("a path to another table within a collection")
		}
	}
	w.shut("link-entity")
	return nil
}

// condition writes one condition; a path becomes the alias of a link.
func (w *fetchWriter) condition(t *metadata.Table, links *linkTree, left query.Path, operator string, values ...any) error {
	var attrs []string
	for _, name := range left[:len(left)-1] {
		rel, ok := t.Relation(name)
		other, found := w.catalog.Table(rel.Table)
		if !ok || !found || rel.Many {
			return w.no("the path " + strings.Join(left, "/"))
		}
		links = links.to(rel, name)
		t = other
	}
	if links.alias != "" {
		attrs = append(attrs, "entityname", links.alias)
	}
	attrs = append(attrs, "attribute", left[len(left)-1], "operator", operator)
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = fetchText(v)
	}
	several := operator == "in" || operator == "not-in" || strings.HasSuffix(operator, "contain-values") || len(values) > 1
	if !several {
		if len(texts) == 1 {
			attrs = append(attrs, "value", texts[0])
		}
		w.empty("condition", attrs...)
		return nil
	}
	w.open("condition", attrs...)
	for _, text := range texts {
		w.open("value")
		_ = xml.EscapeText(w.text(), []byte(text))
		w.shut("value")
	}
	w.shut("condition")
	return nil
}

// to gives the link along a lookup, made at its first use.
func (l *linkTree) to(rel query.Relation, name string) *linkTree {
	for _, below := range l.below {
		if below.relation.Name == rel.Name {
			return below
		}
	}
	alias := name
	if l.alias != "" {
		alias = l.alias + "_" + name
	}
	below := &linkTree{relation: rel, alias: alias}
	l.below = append(l.below, below)
	return below
}

// fetchText writes a value as FetchXML holds it.
func fetchText(v any) string {
	switch x := v.(type) {
	case string:
		return x
	case json.Number:
		return x.String()
	case int64:
		return strconv.FormatInt(x, 10)
	case bool:
		return word(!x, "0", "1")
	case id.ID:
		return x.String()
	case time.Time:
		return x.UTC().Format(time.RFC3339Nano)
	case query.Date:
		return string(x)
	case query.Number:
		return x.String()
	case query.SetValue:
		return string(x)
	case float64:
		return strconv.FormatFloat(x, 'g', -1, 64)
	}
	return ""
}
