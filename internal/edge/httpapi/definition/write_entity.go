package definition

import (
	"strings"

	"github.com/rapport-platform/rapport/internal/platform/customise"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

// newTable reads a table that is to be made, with its columns.
func (a *API) newTable(r reader, o obj) (*metadata.Table, []customise.Edit, error) {
	schema, _ := o["SchemaName"].(string)
	if schema == "" {
		return nil, nil, invalid("schema_name", "a table needs a SchemaName")
	}
	name := strings.ToLower(schema)
	if _, there := r.catalog.Table(name); there {
		return nil, nil, errThere("table", name)
	}
	t := &metadata.Table{Name: name, Schema: schema, Set: name + "s", ID: name + "id", Label: metadata.Label{"en": schema}, Plural: metadata.Label{"en": schema + "s"},
		Ownership: metadata.OwnedByUser, States: []metadata.State{
			{Value: 0, Label: metadata.Label{"en": "Active", "de": "Aktiv"}, Reasons: []metadata.Option{{Value: 1, Label: metadata.Label{"en": "Active", "de": "Aktiv"}}}},
			{Value: 1, Label: metadata.Label{"en": "Inactive", "de": "Inaktiv"}, Reasons: []metadata.Option{{Value: 2, Label: metadata.Label{"en": "Inactive", "de": "Inaktiv"}}}}}}
	if strings.HasSuffix(name, "s") || strings.HasSuffix(name, "x") || strings.HasSuffix(name, "ch") || strings.HasSuffix(name, "sh") {
		t.Set = name + "es"
	} else if stem, ok := strings.CutSuffix(name, "y"); ok && !strings.ContainsAny(stem[len(stem)-1:], "aeiou_") {
		t.Set = stem + "ies"
	}
	if set, ok := o["EntitySetName"].(string); ok && set != "" {
		t.Set = set
	}
	if owner, ok := o["OwnershipType"].(string); ok && owner == "OrganizationOwned" {
		t.Ownership = metadata.OwnedByOrganization
	} else if ok && owner != "UserOwned" && owner != "TeamOwned" {
		return nil, nil, invalid("ownership", "OwnershipType is UserOwned or OrganizationOwned")
	}
	if activity, _ := o["IsActivity"].(bool); activity {
		return nil, nil, invalid("activity", "activities of one's own are not offered")
	}
	if err := r.table(t, o); err != nil {
		return nil, nil, err
	}
	columns, err := a.newColumns(r, t, o)
	if err != nil {
		return nil, nil, err
	}
	if _, taken := r.catalog.Set(t.Set); taken {
		return nil, nil, errThere("entity set", t.Set)
	}
	e, err := a.Customs.PutTable(t)
	return t, append([]customise.Edit{e}, columns...), err
}

// newColumns reads the columns of a table that is to be made, among them the
// one of the primary name.
func (a *API) newColumns(r reader, t *metadata.Table, o obj) ([]customise.Edit, error) {
	var edits []customise.Edit
	list, _ := o["Attributes"].([]any)
	for _, item := range list {
		attribute, ok := item.(map[string]any)
		if !ok {
			return nil, invalid("attributes", "Attributes is a list of objects")
		}
		c, err := r.newColumn(attribute)
		if err != nil {
			return nil, err
		}
		if primary, _ := attribute["IsPrimaryName"].(bool); primary {
			t.Title = c.Name
			c.Searchable = true
		}
		e, err := a.Customs.PutColumn(t.Name, c)
		if err != nil {
			return nil, err
		}
		edits = append(edits, e)
	}
	if t.Title == "" {
		return nil, invalid("primary_name", "one of the Attributes must have IsPrimaryName")
	}
	return edits, nil
}

// table lays what a client sends over a table.
func (r reader) table(t *metadata.Table, o obj) error {
	for name, to := range map[string]*metadata.Label{"DisplayName": &t.Label, "DisplayCollectionName": &t.Plural} {
		if o[name] == nil {
			continue
		}
		l, err := readLabel(o[name], *to, r.merge)
		if err != nil {
			return err
		}
		if l["en"] != "" {
			*to = l
		}
	}
	if v := o["Description"]; v != nil {
		l, err := readLabel(v, nil, false)
		if err != nil {
			return err
		}
		t.Description = l["en"]
	}
	return nil
}
