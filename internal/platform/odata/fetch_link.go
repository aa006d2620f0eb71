package odata

import (
	"strconv"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// link reads a link-entity that joins rows, or (exists, in) only asks for them.
func (r *fetchReader) link(t *metadata.Table, list *[]query.Link, where *query.Node, e *element) error {
	other, l, err := r.linkHead(t, e)
	if err != nil {
		return err
	}
	switch e.attr("link-type") {
	case "", "inner", "natural":
	case "outer":
		l.Kind = query.Outer
	case "matchfirstrowusingcrossapply":
		l.Kind = query.First
	case "exists", "in":
		n, err := r.linkedNode(other, l, e)
		*where = and(*where, n)
		return err
	case "any", "not any", "all", "not all":
		return e.fail("a link-entity of type %q stands in a filter", e.attr("link-type"))
	default:
		return e.fail("the link-type %q is unknown", clip(e.attr("link-type")))
	}
	l.Alias = e.attr("alias")
	if l.Alias == "" {
		r.ordinals[other.Name]++
		l.Alias = other.Name + strconv.Itoa(r.ordinals[other.Name])
	}
	if !isIdentifier(l.Alias) {
		return e.fail("the alias %q is not a name of letters, digits and underscores", clip(l.Alias))
	}
	if _, twice := r.tables[l.Alias]; twice {
		return e.fail("the alias %q stands twice", clip(l.Alias))
	}
	r.tables[l.Alias] = other
	for _, x := range e.below {
		switch x.name {
		case "attribute":
			err = r.attribute(other, l.Alias, &l, x)
		case "all-attributes", "no-attrs":
			err = r.allAttributes(other, l.Alias, &l, x)
		case "filter":
			var n query.Node
			if n, err = r.filter(other, x); err == nil {
				l.Where = and(l.Where, n)
			}
		case "order":
			err = r.order(other, l.Alias, x)
		case "link-entity":
			err = r.link(other, &l.Links, &l.Where, x)
		default:
			err = x.fail("the element is not known here")
		}
		if err != nil {
			return err
		}
	}
	*list = append(*list, l)
	return nil
}

// linkHead reads the attributes of a link-entity.
func (r *fetchReader) linkHead(t *metadata.Table, e *element) (*metadata.Table, query.Link, error) {
	var l query.Link
	if err := e.only("name", "from", "to", "alias", "link-type", "visible", "intersect", "enableprefiltering", "prefilterparametername"); err != nil {
		return nil, l, err
	}
	other, ok := r.ctx.Catalog.Table(e.attr("name"))
	if !ok {
		return nil, l, e.wrap(errs.New(errs.Invalid, "query.unknown_table", "there is no table %q", clip(e.attr("name"))))
	}
	l.Table, l.From, l.To = other.Name, e.attr("from"), e.attr("to")
	if l.From == "" && l.To == "" {
		// As the platform itself does: by the one lookup that leads from here to there.
		for _, rel := range t.Relations() {
			if !rel.Many && rel.Table == other.Name {
				if l.From != "" {
					return nil, l, e.fail("from and to are missing, and several lookups lead to %s", other.Name)
				}
				l.From, l.To = rel.To, rel.From
			}
		}
	}
	if l.From == "" || l.To == "" {
		return nil, l, e.fail("from and to are missing")
	}
	if _, ok := other.Column(l.From); !ok {
		return nil, l, e.wrap(unknownProperty(other, l.From))
	}
	if _, ok := t.Column(l.To); !ok {
		return nil, l, e.wrap(unknownProperty(t, l.To))
	}
	return other, l, nil
}

// linkedNode makes the condition that rows of a link are there; links below it
// narrow them.
func (r *fetchReader) linkedNode(other *metadata.Table, l query.Link, e *element) (query.Node, error) {
	n := query.Linked{Table: l.Table, From: l.From, To: l.To}
	for _, x := range e.below {
		var part query.Node
		var err error
		switch x.name {
		case "filter":
			part, err = r.filter(other, x)
		case "link-entity":
			part, err = r.linkBelow(other, x)
		case "attribute", "all-attributes", "no-attrs", "order":
			// Rows that are only asked for show nothing.
		default:
			err = x.fail("the element is not known here")
		}
		if err != nil {
			return nil, err
		}
		n.Where = and(n.Where, part)
	}
	return n, nil
}

func (r *fetchReader) linkBelow(t *metadata.Table, e *element) (query.Node, error) {
	switch e.attr("link-type") {
	case "outer":
		return nil, nil // takes no row away
	case "", "inner", "natural", "exists", "in", "matchfirstrowusingcrossapply":
		other, l, err := r.linkHead(t, e)
		if err != nil {
			return nil, err
		}
		return r.linkedNode(other, l, e)
	}
	return r.filterLink(t, e)
}

// filterLink reads a link-entity in a filter. As in Dataverse "all" means: there
// are rows, and none of them matches the filter inside; "not all" is "any".
func (r *fetchReader) filterLink(t *metadata.Table, e *element) (query.Node, error) {
	other, l, err := r.linkHead(t, e)
	if err != nil {
		return nil, err
	}
	n, err := r.linkedNode(other, l, e)
	if err != nil {
		return nil, err
	}
	linked, _ := n.(query.Linked)
	switch e.attr("link-type") {
	case "any", "not all":
		return linked, nil
	case "not any":
		linked.None = true
		return linked, nil
	case "all":
		some := query.Linked{Table: linked.Table, From: linked.From, To: linked.To}
		linked.None = true
		return query.And{some, linked}, nil
	}
	return nil, e.fail("a link-entity in a filter has the link-type any, not any, all or not all")
}
