package definition

import (
	"net/http"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/platform/customise"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

func (c *call) keysBelow(t *metadata.Table, base string) (*Answer, error) {
	s := c.segments[1]
	if len(c.segments) > 2 {
		return nil, notFound(c.Path)
	}
	if s.key == nil {
		switch c.Method {
		case http.MethodGet:
			return c.many(base, c.keys(t), nil)
		case http.MethodPost:
			return c.createKey(t)
		}
		return nil, notAllowed()
	}
	for _, o := range c.keys(t) {
		name, _ := o["SchemaName"].(string)
		if !s.key.is(keyID(t.Name, name).String(), name, name) {
			continue
		}
		switch c.Method {
		case http.MethodGet:
			return c.one(base, o, nil)
		case http.MethodDelete:
			return c.changed("", customise.Edit{Name: customise.Name{Kind: customise.KindKey, Table: t.Name, Name: name}, Remove: true})
		}
		return nil, notAllowed()
	}
	return nil, notFound(c.Path)
}

func (c *call) createKey(t *metadata.Table) (*Answer, error) {
	k := metadata.Key{}
	k.Name, _ = c.Body["SchemaName"].(string)
	list, _ := c.Body["KeyAttributes"].([]any)
	for _, v := range list {
		name, _ := v.(string)
		k.Columns = append(k.Columns, strings.ToLower(name))
	}
	if k.Name == "" || len(k.Columns) == 0 {
		return nil, invalid("key", "a key needs a SchemaName and KeyAttributes")
	}
	if slices.ContainsFunc(t.Keys, func(o metadata.Key) bool { return strings.EqualFold(o.Name, k.Name) }) {
		return nil, errThere("key", k.Name)
	}
	e, err := customise.PutPart(customise.KindKey, t.Name, k.Name, k)
	if err != nil {
		return nil, err
	}
	return c.changed(c.itself(keyID(t.Name, k.Name).String()), e)
}

// relationships serves RelationshipDefinitions.
func (c *call) relationships() (*Answer, error) {
	s := c.segments[0]
	typed := ""
	if len(c.segments) == 2 {
		typed, _ = strings.CutPrefix(c.segments[1].name, namespace)
		typed = strings.TrimSuffix(typed, "Metadata")
	}
	if len(c.segments) > 2 || len(c.segments) == 2 && typed == "" {
		return nil, notFound(c.Path)
	}
	if s.key == nil {
		switch c.Method {
		case http.MethodGet:
			return c.listRelations(typed)
		case http.MethodPost:
			schema, e, err := c.newRelation(c.reader, c.Body)
			if err != nil {
				return nil, err
			}
			return c.changed(c.itself(relationID(schema).String()), e)
		}
		return nil, notAllowed()
	}
	r, ok := c.findRelation(s.key)
	if !ok {
		return nil, notFound(c.Path)
	}
	switch c.Method {
	case http.MethodGet:
		return c.one(relations, r.show(), nil)
	case http.MethodDelete:
		if r.many != nil {
			return c.changed("", customise.Edit{Name: customise.Name{Kind: customise.KindMany, Table: r.first.Name, Name: r.many.Name}, Remove: true})
		}
		return c.changed("", customise.Edit{Name: customise.Column(r.child.Name, r.lookup.Name), Remove: true})
	case http.MethodPut, http.MethodPatch:
		return c.updateRelation(r)
	}
	return nil, notAllowed()
}

func (c *call) listRelations(typed string) (*Answer, error) {
	cond, err := parseFilter(c.filter, c.Clock)
	if err != nil {
		return nil, err
	}
	var all []obj
	for _, name := range c.catalog.Names() {
		t, _ := c.catalog.Table(name)
		for _, r := range relationsOf(c.catalog, t) {
			if cond.schema != "" && !strings.EqualFold(cond.schema, r.schema) {
				continue
			}
			if o := r.show(); typed == "" || o["RelationshipType"] == typed {
				all = append(all, o)
			}
		}
	}
	return c.many(relations, all, nil)
}

func (c *call) findRelation(k *itemKey) (relation, bool) {
	for _, name := range c.catalog.Names() {
		t, _ := c.catalog.Table(name)
		for _, r := range relationsOf(c.catalog, t) {
			if k.is(relationID(r.schema).String(), r.schema, r.schema) {
				return r, true
			}
		}
	}
	return relation{}, false
}

func (c *call) updateRelation(r relation) (*Answer, error) {
	if r.many != nil {
		return nil, invalid("relationship", "an N:N relationship has nothing that could be changed")
	}
	col, err := c.declared(r.child, r.lookup.Name)
	if err != nil {
		return nil, err
	}
	if err := readCascade(&col.Cascade, c.Body["CascadeConfiguration"], col.Required); err != nil {
		return nil, err
	}
	e, err := c.Customs.PutColumn(r.child.Name, col)
	if err != nil {
		return nil, err
	}
	return c.changed("", e)
}

func findChoice(catalog *metadata.Catalog, k *itemKey) *metadata.Choice {
	for _, name := range catalog.Choices() {
		if k.is(choiceID(name).String(), name, name) {
			g, _ := catalog.Choice(name)
			return g
		}
	}
	return nil
}

// choices serves GlobalOptionSetDefinitions.
func (c *call) choices() (*Answer, error) {
	s := c.segments[0]
	custom := func(name string) bool { _, ships := c.Customs.Shipped().Choice(name); return !ships }
	if len(c.segments) > 1 && (len(c.segments) > 2 || c.segments[1].name != namespace+"OptionSetMetadata") {
		return nil, notFound(c.Path)
	}
	if s.key == nil {
		switch c.Method {
		case http.MethodGet:
			var all []obj
			for _, name := range c.catalog.Choices() {
				g, _ := c.catalog.Choice(name)
				all = append(all, choice(g, custom(name)))
			}
			return c.many(choices, all, nil)
		case http.MethodPost:
			return c.createChoice()
		}
		return nil, notAllowed()
	}
	g := findChoice(c.catalog, s.key)
	if g == nil {
		return nil, notFound(c.Path)
	}
	switch c.Method {
	case http.MethodGet:
		return c.one(choices, choice(g, custom(g.Name)), nil)
	case http.MethodPut, http.MethodPatch:
		mine := *g
		if err := c.choice(&mine, c.Body); err != nil {
			return nil, err
		}
		e, err := c.Customs.PutChoice(&mine)
		if err != nil {
			return nil, err
		}
		return c.changed("", e)
	case http.MethodDelete:
		return c.changed("", customise.Edit{Name: customise.Choice(g.Name), Remove: true})
	}
	return nil, notAllowed()
}

func (c *call) createChoice() (*Answer, error) {
	name, _ := c.Body["Name"].(string)
	g := &metadata.Choice{Name: strings.ToLower(name), Label: metadata.Label{"en": name}}
	if name == "" {
		return nil, invalid("name", "a global choice needs a Name")
	}
	if _, there := c.catalog.Choice(g.Name); there {
		return nil, errThere("global choice", g.Name)
	}
	if err := c.choice(g, c.Body); err != nil {
		return nil, err
	}
	e, err := c.Customs.PutChoice(g)
	if err != nil {
		return nil, err
	}
	return c.changed(c.itself(choiceID(g.Name).String()), e)
}

// choice lays what a client sends over a global choice.
func (r reader) choice(g *metadata.Choice, o obj) error {
	if v := o["DisplayName"]; v != nil {
		l, err := readLabel(v, g.Label, r.merge)
		if err != nil {
			return err
		}
		if l["en"] != "" {
			g.Label = l
		}
	}
	if v := o["Description"]; v != nil {
		l, err := readLabel(v, nil, false)
		if err != nil {
			return err
		}
		g.Description = l["en"]
	}
	if o["Options"] == nil {
		return nil
	}
	list, err := r.options(o["Options"], g.Options)
	if err == nil {
		g.Options = list
	}
	return err
}
