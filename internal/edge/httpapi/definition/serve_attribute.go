package definition

import (
	"net/http"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/platform/customise"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

func (c *call) attributes(t *metadata.Table) []obj {
	var out []obj
	for _, col := range t.Columns {
		out = append(out, attribute(t, col, c.custom(t.Name, col.Name)))
	}
	return out
}

func (c *call) expandAttribute(o obj, e expansion) error {
	table, _ := o["EntityLogicalName"].(string)
	name, _ := o["LogicalName"].(string)
	t, _ := c.catalog.Table(table)
	col, ok := t.Column(name)
	if !ok {
		return notFound(name)
	}
	switch e.name {
	case "OptionSet", "GlobalOptionSet":
	default:
		return invalid("expand", "a column has nothing named %s to expand", clip(e.name))
	}
	set := optionSet(c.catalog, t, col)
	if set == nil || e.name == "GlobalOptionSet" && col.Choice == "" || e.name == "OptionSet" && col.Choice != "" && !slices.Contains([]string{"Picklist", "MultiSelectPicklist"}, kind(col).class) {
		o[e.name] = nil
		return nil
	}
	chosen, err := selected(set, e.sel)
	o[e.name] = chosen
	return err
}

func (c *call) findColumn(t *metadata.Table, k *itemKey) (*metadata.Column, error) {
	for _, col := range t.Columns {
		if k.is(attributeID(t.Name, col.Name).String(), col.Name, col.Schema) {
			return col, nil
		}
	}
	return nil, notFound(t.Name + "." + k.value)
}

// cast takes the class off a segment such as Microsoft.Dynamics.CRM.PicklistAttributeMetadata.
func cast(s segment) (string, bool) {
	name, ok := strings.CutPrefix(s.name, namespace)
	if !ok || s.key != nil {
		return "", false
	}
	return strings.CutSuffix(name, "AttributeMetadata")
}

// isClass tells whether a column is of a class; Enum and the empty one take in others.
func isClass(col *metadata.Column, class string) bool {
	k := kind(col).class
	switch class {
	case "":
		return true
	case "Enum":
		return slices.Contains([]string{"Picklist", "MultiSelectPicklist", "State", "Status"}, k)
	}
	return k == class
}

func (c *call) attributesBelow(t *metadata.Table, base string) (*Answer, error) {
	s, rest := c.segments[1], c.segments[2:]
	class := ""
	if len(rest) > 0 {
		if name, ok := cast(rest[0]); ok {
			class, rest = name, rest[1:]
			base += "/" + namespace + class + "AttributeMetadata"
		}
	}
	if s.key == nil {
		switch {
		case len(rest) > 0:
			return nil, notFound(c.Path)
		case c.Method == http.MethodGet:
			var all []obj
			for _, col := range t.Columns {
				if isClass(col, class) {
					all = append(all, attribute(t, col, c.custom(t.Name, col.Name)))
				}
			}
			return c.many(base, all, c.expandAttribute)
		case c.Method == http.MethodPost:
			return c.createAttribute(t)
		}
		return nil, notAllowed()
	}
	col, err := c.findColumn(t, s.key)
	if err != nil {
		return nil, err
	}
	if !isClass(col, class) {
		return nil, notFound(c.Path)
	}
	if len(rest) > 0 {
		return c.attributeProperty(t, col, base, rest)
	}
	switch c.Method {
	case http.MethodGet:
		return c.one(base, attribute(t, col, c.custom(t.Name, col.Name)), c.expandAttribute)
	case http.MethodPut, http.MethodPatch:
		return c.updateAttribute(t, col)
	case http.MethodDelete:
		return c.changed("", customise.Edit{Name: customise.Column(t.Name, col.Name), Remove: true})
	}
	return nil, notAllowed()
}

// attributeProperty serves the options, or a property, of a column.
func (c *call) attributeProperty(t *metadata.Table, col *metadata.Column, base string, rest []segment) (*Answer, error) {
	if c.Method != http.MethodGet || len(rest) > 1 || rest[0].key != nil {
		return nil, notFound(c.Path)
	}
	switch rest[0].name {
	case "OptionSet", "GlobalOptionSet":
		set := optionSet(c.catalog, t, col)
		if set == nil || rest[0].name == "GlobalOptionSet" && col.Choice == "" {
			return nil, notFound(c.Path)
		}
		return c.one(base+"/"+rest[0].name, set, nil)
	}
	v, ok := attribute(t, col, false)[rest[0].name]
	if !ok {
		return nil, notFound(c.Path)
	}
	return &Answer{Status: http.StatusOK, Body: obj{"@odata.context": c.Base + "$metadata#" + base + "/" + rest[0].name, "value": v}}, nil
}

// itself is the address of what was made below the address of the request.
func (c *call) itself(id string) string {
	return c.Base + strings.TrimSuffix(c.Path, "/") + "(" + id + ")"
}

func (c *call) createAttribute(t *metadata.Table) (*Answer, error) {
	col, err := c.newColumn(c.Body)
	if err != nil {
		return nil, err
	}
	if _, there := t.Column(col.Name); there {
		return nil, errThere("column", t.Name+"."+col.Name)
	}
	if (col.TypeName == "lookup") && len(col.Targets) == 0 {
		return nil, invalid("lookup", "a lookup is made with its relationship: POST to RelationshipDefinitions")
	}
	e, err := c.Customs.PutColumn(t.Name, col)
	if err != nil {
		return nil, err
	}
	return c.changed(c.itself(attributeID(t.Name, col.Name).String()), e)
}

// declared gives a column as it is declared, to be changed.
func (c *call) declared(t *metadata.Table, name string) (*metadata.Column, error) {
	if d, ok := c.catalog.Declared(t.Name); ok {
		for _, col := range d.Columns {
			if col.Name == name {
				return col, nil
			}
		}
	}
	return nil, invalid("system", "the platform keeps the column %s of every table; it can't be changed", name)
}

func (c *call) updateAttribute(t *metadata.Table, col *metadata.Column) (*Answer, error) {
	mine, err := c.declared(t, col.Name)
	if err != nil {
		return nil, err
	}
	if k := class(c.Body); k != "" && k != kind(col).class && k != kind(col).code {
		return nil, invalid("type", "the column is of the type %s, which can't be changed", kind(col).class)
	}
	if err := c.column(mine, c.Body); err != nil {
		return nil, err
	}
	e, err := c.Customs.PutColumn(t.Name, mine)
	if err != nil {
		return nil, err
	}
	return c.changed("", e)
}
