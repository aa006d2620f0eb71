package definition

import (
	"net/http"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/platform/customise"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

// custom tells whether a table, or one of its columns, does not ship.
func (a *API) custom(table, column string) bool {
	t, ships := a.Customs.Shipped().Table(table)
	if !ships || column == "" {
		return !ships
	}
	_, has := t.Column(column)
	return !has
}

func (c *call) findTable(k *itemKey) (*metadata.Table, error) {
	if k.property == "LogicalName" {
		if t, ok := c.catalog.Table(strings.ToLower(k.value)); ok {
			return t, nil
		}
		return nil, notFound(k.value)
	}
	for _, name := range c.catalog.Names() {
		t, _ := c.catalog.Table(name)
		if k.is(entityID(name).String(), name, t.Schema) {
			return t, nil
		}
	}
	return nil, notFound(k.value)
}

// entities serves EntityDefinitions and what is below.
func (c *call) entities() (*Answer, error) {
	first := c.segments[0]
	if first.key == nil {
		switch {
		case len(c.segments) > 1:
			return nil, notFound(c.Path)
		case c.Method == http.MethodGet:
			return c.listEntities()
		case c.Method == http.MethodPost:
			return c.createEntity(c.Body)
		}
		return nil, notAllowed()
	}
	t, err := c.findTable(first.key)
	if err != nil {
		return nil, err
	}
	if len(c.segments) > 1 {
		return c.below(t)
	}
	switch c.Method {
	case http.MethodGet:
		return c.one(entities, entity(t, c.custom(t.Name, "")), c.expandEntity)
	case http.MethodPut, http.MethodPatch:
		return c.updateEntity(t)
	case http.MethodDelete:
		return c.changed("", customise.Edit{Name: customise.Table(t.Name), Remove: true})
	}
	return nil, notAllowed()
}

func (c *call) listEntities() (*Answer, error) {
	cond, err := parseFilter(c.filter, c.Clock)
	if err != nil {
		return nil, err
	}
	names := c.catalog.Names()
	if cond.name != "" {
		names = []string{cond.name}
	}
	var all []obj
	for _, name := range names {
		if t, ok := c.catalog.Table(name); ok {
			all = append(all, entity(t, c.custom(name, "")))
		}
	}
	return c.many(entities, all, c.expandEntity)
}

func (c *call) expandEntity(o obj, e expansion) error {
	name, _ := o["LogicalName"].(string)
	t, ok := c.catalog.Table(name)
	if !ok {
		return notFound(name)
	}
	var all []obj
	var below func(obj, expansion) error
	switch e.name {
	case "Attributes":
		all, below = c.attributes(t), c.expandAttribute
	case "Keys":
		all = c.keys(t)
	case "OneToManyRelationships", "ManyToOneRelationships", "ManyToManyRelationships":
		all = shown(c.related(t, e.name))
	default:
		return invalid("expand", "a table has nothing named %s to expand", clip(e.name))
	}
	chosen, err := c.choose(all, e.options, below)
	o[e.name] = chosen
	return err
}

func (c *call) related(t *metadata.Table, which string) []relation {
	var out []relation
	switch which {
	case "OneToManyRelationships":
		out = toMany(c.catalog, t)
	case "ManyToManyRelationships":
		out = manyToMany(c.catalog, t)
	default:
		for _, r := range relationsOf(c.catalog, t) {
			if r.many == nil {
				out = append(out, r)
			}
		}
	}
	slices.SortFunc(out, func(a, b relation) int { return strings.Compare(a.schema, b.schema) })
	return out
}

func shown(all []relation) []obj {
	out := []obj{}
	for _, r := range all {
		out = append(out, r.show())
	}
	return out
}

// below serves what belongs to a table.
func (c *call) below(t *metadata.Table) (*Answer, error) {
	s := c.segments[1]
	base := entities + "('" + t.Name + "')/" + s.name
	switch s.name {
	case "Attributes":
		return c.attributesBelow(t, base)
	case "Keys":
		return c.keysBelow(t, base)
	case "OneToManyRelationships", "ManyToOneRelationships", "ManyToManyRelationships":
		if c.Method != http.MethodGet {
			return nil, notAllowed()
		}
		all := c.related(t, s.name)
		if s.key == nil && (len(c.segments) == 2 || strings.HasPrefix(c.segments[2].name, namespace)) {
			return c.many(base, shown(all), nil)
		}
		for _, r := range all {
			if s.key != nil && s.key.is(relationID(r.schema).String(), r.schema, r.schema) {
				return c.one(base, r.show(), nil)
			}
		}
	default:
		if o := entity(t, c.custom(t.Name, "")); len(c.segments) == 2 && c.Method == http.MethodGet && s.key == nil {
			if v, ok := o[s.name]; ok {
				return &Answer{Status: http.StatusOK, Body: obj{"@odata.context": c.Base + "$metadata#" + base, "value": v}}, nil
			}
		}
	}
	return nil, notFound(c.Path)
}

func (c *call) createEntity(body obj) (*Answer, error) {
	t, edits, err := c.newTable(c.reader, body)
	if err != nil {
		return nil, err
	}
	return c.changed(c.Base+entities+"("+entityID(t.Name).String()+")", edits...)
}

func (c *call) updateEntity(t *metadata.Table) (*Answer, error) {
	declared, ok := c.catalog.Declared(t.Name)
	if !ok {
		return nil, notFound(t.Name)
	}
	if err := c.table(declared, c.Body); err != nil {
		return nil, err
	}
	e, err := c.Customs.PutTable(declared)
	if err != nil {
		return nil, err
	}
	return c.changed(c.Base+entities+"("+entityID(t.Name).String()+")", e)
}
