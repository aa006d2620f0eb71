package definition

import "github.com/rapport-platform/rapport/internal/platform/metadata"

func option(o metadata.Option) obj {
	out := obj{"Value": o.Value, "Label": label(o.Label), "Description": text(o.Description), "Color": nil, "IsManaged": false, "ExternalValue": "", "ParentValues": []any{},
		"MetadataId": nil, "HasChanged": nil}
	if o.Color != "" {
		out["Color"] = o.Color
	}
	return out
}

func optionList(list []metadata.Option) []any {
	out := make([]any, len(list))
	for i, o := range list {
		out[i] = option(o)
	}
	return out
}

// choice shows a global choice.
func choice(g *metadata.Choice, custom bool) obj {
	return obj{"@odata.type": "#Microsoft.Dynamics.CRM.OptionSetMetadata", "MetadataId": choiceID(g.Name).String(), "Name": g.Name, "DisplayName": label(g.Label), "Description": text(g.Description),
		"IsGlobal": true, "IsCustomOptionSet": custom, "IsManaged": false, "OptionSetType": "Picklist", "IsCustomizable": flag(true, "iscustomizable"), "Options": optionList(g.Options),
		"ExternalTypeName": "", "ParentOptionSetName": nil, "IntroducedVersion": nil, "HasChanged": nil}
}

// optionSet shows the options of a column; nil where it has none.
func optionSet(c *metadata.Catalog, t *metadata.Table, col *metadata.Column) obj {
	base := obj{"MetadataId": localChoiceID(t.Name, col.Name).String(), "Name": t.Name + "_" + col.Name, "DisplayName": label(col.Label), "Description": text(col.Description),
		"IsGlobal": false, "IsCustomOptionSet": isCustom(col.Name), "IsManaged": false, "IsCustomizable": flag(true, "iscustomizable"), "HasChanged": nil}
	switch {
	case col.Choice != "":
		if g, ok := c.Choice(col.Choice); ok {
			return choice(g, isCustom(g.Name))
		}
	case col.TypeName == "boolean":
		yes, no := metadata.Option{Value: 1, Label: metadata.Label{"en": "Yes", "de": "Ja"}}, metadata.Option{Value: 0, Label: metadata.Label{"en": "No", "de": "Nein"}}
		if o, ok := col.Option(1); ok {
			yes = o
		}
		if o, ok := col.Option(0); ok {
			no = o
		}
		base["@odata.type"], base["OptionSetType"], base["TrueOption"], base["FalseOption"] = "#Microsoft.Dynamics.CRM.BooleanOptionSetMetadata", "Boolean", option(yes), option(no)
		return base
	case !col.IsChoice():
		return nil
	}
	base["@odata.type"], base["OptionSetType"] = "#Microsoft.Dynamics.CRM.OptionSetMetadata", "Picklist"
	list := optionList(col.Options)
	switch col.Name {
	case "statecode":
		base["OptionSetType"] = "State"
		for i, s := range t.States {
			if o, ok := list[i].(obj); ok && len(s.Reasons) > 0 {
				o["@odata.type"], o["DefaultStatus"], o["InvariantName"] = "#Microsoft.Dynamics.CRM.StateOptionMetadata", s.Reasons[0].Value, s.Label["en"]
			}
		}
	case "statuscode":
		base["OptionSetType"] = "Status"
		for i, r := range col.Options {
			if s, ok := t.State(r.Value); ok {
				o, _ := list[i].(obj)
				o["@odata.type"], o["State"] = "#Microsoft.Dynamics.CRM.StatusOptionMetadata", s.Value
			}
		}
	}
	base["Options"] = list
	return base
}

// flag is a property that could be locked for changes.
func flag(v bool, name string) obj {
	return obj{"Value": v, "CanBeChanged": true, "ManagedPropertyLogicalName": name}
}
