package definition

import (
	"strings"

	"github.com/rapport-platform/rapport/internal/platform/customise"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

// newRelation reads a relationship that is to be made: the lookup of a 1:N, or
// an N:N.
func (a *API) newRelation(r reader, o obj) (schema string, e customise.Edit, err error) {
	schema, _ = o["SchemaName"].(string)
	if schema == "" {
		return "", e, invalid("schema_name", "a relationship needs a SchemaName")
	}
	name := func(property string) string { s, _ := o[property].(string); return strings.ToLower(s) }
	kind, _ := o["@odata.type"].(string)
	if strings.Contains(kind, "ManyToMany") || o["Entity1LogicalName"] != nil {
		m := metadata.ManyToMany{Name: schema, With: name("Entity2LogicalName"), Intersect: name("IntersectEntityName")}
		m.Nav, _ = o["Entity1NavigationPropertyName"].(string)
		m.OtherNav, _ = o["Entity2NavigationPropertyName"].(string)
		if _, taken := r.catalog.Table(strings.ToLower(or(m.Intersect, schema))); taken {
			return "", e, errThere("table", or(m.Intersect, strings.ToLower(schema)))
		}
		if err := r.tables(name("Entity1LogicalName"), m.With); err != nil {
			return "", e, err
		}
		e, err = customise.PutPart(customise.KindMany, name("Entity1LogicalName"), schema, m)
		return schema, e, err
	}
	child, parent := name("ReferencingEntity"), name("ReferencedEntity")
	if err := r.tables(child, parent); err != nil {
		return "", e, err
	}
	lookup, ok := o["Lookup"].(map[string]any)
	if !ok {
		return "", e, invalid("lookup", "a 1:N relationship is made with the Lookup that it needs")
	}
	if lookup["@odata.type"] == nil {
		lookup["@odata.type"] = namespace + "LookupAttributeMetadata"
	}
	if referencing := name("ReferencingAttribute"); lookup["SchemaName"] == nil && referencing != "" {
		lookup["SchemaName"] = referencing
	}
	c, err := r.newColumn(lookup)
	if err != nil {
		return "", e, err
	}
	if t, ok := r.catalog.Table(child); ok {
		if _, there := t.Column(c.Name); there {
			return "", e, errThere("column", child+"."+c.Name)
		}
	}
	c.Targets = []string{parent}
	c.Collection = schema
	if nav, ok := o["ReferencedEntityNavigationPropertyName"].(string); ok && nav != "" {
		c.Collection = nav
	}
	c.Nav = c.Schema
	if nav, ok := o["ReferencingEntityNavigationPropertyName"].(string); ok && nav != "" {
		c.Nav = nav
	}
	if c.Hierarchy, _ = o["IsHierarchical"].(bool); c.Hierarchy && child != parent {
		return "", e, invalid("hierarchy", "a hierarchy is made by a lookup to the table itself")
	}
	if err := readCascade(&c.Cascade, o["CascadeConfiguration"], c.Required); err != nil {
		return "", e, err
	}
	e, err = a.Customs.PutColumn(child, c)
	return c.Collection, e, err
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// tables refuses names of tables that are not there.
func (r reader) tables(names ...string) error {
	for _, n := range names {
		if _, ok := r.catalog.Table(n); !ok {
			return invalid("table", "there is no table %q", clip(n))
		}
	}
	return nil
}

// readCascade reads what happens to the children. What is the default is left out.
func readCascade(to *metadata.Cascade, v any, required bool) error {
	o, ok := v.(map[string]any)
	if !ok {
		return nil
	}
	for name, into := range map[string]*metadata.Behaviour{"Delete": &to.Delete, "Assign": &to.Assign, "Share": &to.Share, "Unshare": &to.Unshare, "Reparent": &to.Reparent, "Merge": &to.Merge} {
		word, ok := o[name].(string)
		if !ok {
			continue
		}
		b := metadata.Behaviour(word)
		if b == metadata.NoCascade && name != "Delete" {
			b = ""
		}
		if name == "Delete" && b == metadata.RemoveLink {
			b = "" // the default; where the lookup is required it is Restrict, as no link can be removed
		}
		*into = b
	}
	return nil
}
