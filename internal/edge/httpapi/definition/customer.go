package definition

import (
	"net/http"
	"strings"

	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

// createCustomer makes a lookup to accounts and contacts with its two relationships.
func (c *call) createCustomer() (*Answer, error) {
	lookup, ok := c.Body["Lookup"].(map[string]any)
	list, _ := c.Body["OneToManyRelationships"].([]any)
	if !ok || len(list) == 0 {
		return nil, invalid("customer", "a customer column is made with Lookup and OneToManyRelationships")
	}
	lookup["@odata.type"] = namespace + "LookupAttributeMetadata"
	col, err := c.newColumn(lookup)
	if err != nil {
		return nil, err
	}
	col.TypeName, col.Targets, col.Collections, col.Nav = "customer", nil, map[string]string{}, col.Schema
	child := ""
	ids := []string{}
	for _, item := range list {
		o, _ := item.(map[string]any)
		schema, _ := o["SchemaName"].(string)
		parent, _ := o["ReferencedEntity"].(string)
		from, _ := o["ReferencingEntity"].(string)
		from, parent = strings.ToLower(from), strings.ToLower(parent)
		switch {
		case schema == "" || from == "" || child != "" && child != from:
			return nil, invalid("customer", "each of OneToManyRelationships has a SchemaName and the same ReferencingEntity")
		case parent != "account" && parent != "contact" || col.Collections[parent] != "":
			return nil, invalid("customer", "OneToManyRelationships lead to account and contact, once each")
		}
		child = from
		if err := c.tables(child, parent); err != nil {
			return nil, err
		}
		if err := readCascade(&col.Cascade, o["CascadeConfiguration"], col.Required); err != nil {
			return nil, err
		}
		col.Collections[parent] = schema
		ids = append(ids, relationID(schema).String())
	}
	for _, parent := range []string{"account", "contact"} {
		if col.Collections[parent] == "" {
			return nil, invalid("customer", "OneToManyRelationships lack one to %s", parent)
		}
	}
	if t, _ := c.catalog.Table(child); hasColumn(t, col.Name) {
		return nil, errThere("column", child+"."+col.Name)
	}
	e, err := c.Customs.PutColumn(child, col)
	if err != nil {
		return nil, err
	}
	if _, err := c.change(e); err != nil {
		return nil, err
	}
	return &Answer{Status: http.StatusOK, Body: obj{"@odata.context": c.Base + "$metadata#Microsoft.Dynamics.CRM.CreateCustomerRelationshipsResponse", "RelationshipIds": ids,
		"AttributeId": attributeID(child, col.Name).String()}}, nil
}

func hasColumn(t *metadata.Table, name string) bool {
	_, ok := t.Column(name)
	return ok
}
