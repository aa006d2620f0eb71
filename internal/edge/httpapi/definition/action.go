package definition

import (
	"net/http"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/platform/customise"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

// Actions lists the actions on the data model.
func Actions() []string {
	return []string{"CreateEntities", "CreateCustomerRelationships", "InsertOptionValue", "UpdateOptionValue", "DeleteOptionValue", "OrderOption", "InsertStatusValue", "UpdateStateValue", "PublishXml", "PublishAllXml"}
}

func (c *call) action(name string) (*Answer, error) {
	if c.Method != http.MethodPost || len(c.segments) > 1 {
		return nil, notAllowed()
	}
	if s, ok := c.Body["SolutionUniqueName"].(string); ok && s != "" {
		c.solution = s
		if err := c.Customs.CheckSolution(c.ctx, s); err != nil {
			return nil, err
		}
	}
	if merge, ok := c.Body["MergeLabels"].(bool); ok {
		c.merge = merge
	}
	switch name {
	case "CreateEntities":
		return c.createEntities()
	case "CreateCustomerRelationships":
		return c.createCustomer()
	case "PublishXml", "PublishAllXml":
		// What is changed is in force at once; there is nothing left to publish.
		return &Answer{Status: http.StatusNoContent}, nil
	case "InsertStatusValue":
		return c.insertStatus()
	case "UpdateStateValue":
		return c.updateState()
	}
	return c.optionAction(name)
}

// createEntities makes several tables, all or none.
func (c *call) createEntities() (*Answer, error) {
	list, _ := c.Body["Entities"].([]any)
	if len(list) == 0 {
		return nil, invalid("entities", "Entities is a list of tables")
	}
	var all []customise.Edit
	ids := []string{}
	for _, item := range list {
		o, ok := item.(map[string]any)
		if !ok {
			return nil, invalid("entities", "Entities is a list of objects")
		}
		t, edits, err := c.newTable(c.reader, o)
		if err != nil {
			return nil, err
		}
		all = append(all, edits...)
		ids = append(ids, entityID(t.Name).String())
	}
	if _, err := c.change(all...); err != nil {
		return nil, err
	}
	return &Answer{Status: http.StatusOK, Body: obj{"@odata.context": c.Base + "$metadata#Microsoft.Dynamics.CRM.CreateEntitiesResponse", "EntityIds": ids}}, nil
}

// optionAction changes the options of a column or of a global choice.
func (c *call) optionAction(name string) (*Answer, error) {
	set, _ := c.Body["OptionSetName"].(string)
	var list []metadata.Option
	var put func(list []metadata.Option) (customise.Edit, error)
	if set != "" {
		g, ok := c.catalog.Choice(strings.ToLower(set))
		if !ok {
			return nil, notFound(set)
		}
		list = g.Options
		put = func(list []metadata.Option) (customise.Edit, error) {
			mine := *g
			mine.Options = list
			return c.Customs.PutChoice(&mine)
		}
	} else {
		t, col, err := c.named()
		if err != nil {
			return nil, err
		}
		mine, err := c.declared(t, col.Name)
		if err != nil {
			return nil, err
		}
		if !mine.IsChoice() || mine.Choice != "" {
			return nil, invalid("options", "%s.%s has no options of its own", t.Name, col.Name)
		}
		list = mine.Options
		put = func(list []metadata.Option) (customise.Edit, error) {
			mine.Options = list
			return c.Customs.PutColumn(t.Name, mine)
		}
	}
	list, answer, err := c.editOptions(name, slices.Clone(list))
	if err != nil {
		return nil, err
	}
	e, err := put(list)
	if err != nil {
		return nil, err
	}
	if _, err := c.change(e); err != nil {
		return nil, err
	}
	return answer, nil
}

// editOptions makes one change to a list of options.
func (c *call) editOptions(name string, list []metadata.Option) ([]metadata.Option, *Answer, error) {
	done := &Answer{Status: http.StatusNoContent}
	value, has := whole(c.Body["Value"])
	at := slices.IndexFunc(list, func(o metadata.Option) bool { return o.Value == value })
	switch name {
	case "InsertOptionValue":
		if !has {
			value = nextOption(list)
		} else if at >= 0 {
			return nil, nil, errThere("option", str(value))
		}
		l, err := readLabel(c.Body["Label"], nil, false)
		if err != nil {
			return nil, nil, err
		}
		o := metadata.Option{Value: value, Label: l}
		o.Color, _ = c.Body["Color"].(string)
		done = &Answer{Status: http.StatusOK, Body: obj{"@odata.context": c.Base + "$metadata#Microsoft.Dynamics.CRM.InsertOptionValueResponse", "NewOptionValue": value}}
		return append(list, o), done, nil
	case "OrderOption":
		return c.order(list, done)
	}
	if !has || at < 0 {
		return nil, nil, notFound("option " + str(value))
	}
	if name == "DeleteOptionValue" {
		return slices.Delete(list, at, at+1), done, nil
	}
	if v := c.Body["Label"]; v != nil {
		l, err := readLabel(v, list[at].Label, c.merge)
		if err != nil {
			return nil, nil, err
		}
		list[at].Label = l
	}
	if color, ok := c.Body["Color"].(string); ok {
		list[at].Color = color
	}
	return list, done, nil
}

func (c *call) order(list []metadata.Option, done *Answer) ([]metadata.Option, *Answer, error) {
	wanted, _ := c.Body["Values"].([]any)
	var out []metadata.Option
	for _, v := range wanted {
		n, _ := whole(v)
		at := slices.IndexFunc(list, func(o metadata.Option) bool { return o.Value == n })
		if at < 0 {
			return nil, nil, notFound("option " + str(n))
		}
		out = append(out, list[at])
		list = slices.Delete(list, at, at+1)
	}
	return append(out, list...), done, nil
}

// named finds the column that the body of an action names.
func (c *call) named() (*metadata.Table, *metadata.Column, error) {
	table, _ := c.Body["EntityLogicalName"].(string)
	name, _ := c.Body["AttributeLogicalName"].(string)
	t, ok := c.catalog.Table(strings.ToLower(table))
	if !ok {
		return nil, nil, notFound(table)
	}
	col, ok := t.Column(strings.ToLower(name))
	if !ok {
		return nil, nil, notFound(table + "." + name)
	}
	return t, col, nil
}

// insertStatus adds a status reason to a state of a table.
func (c *call) insertStatus() (*Answer, error) {
	t, _, err := c.named()
	if err != nil {
		return nil, err
	}
	state, ok := whole(c.Body["StateCode"])
	at := slices.IndexFunc(t.States, func(s metadata.State) bool { return s.Value == state })
	if !ok || at < 0 {
		return nil, notFound("state " + str(state) + " of " + t.Name)
	}
	l, err := readLabel(c.Body["Label"], nil, false)
	if err != nil {
		return nil, err
	}
	var all []metadata.Option
	for _, s := range t.States {
		all = append(all, s.Reasons...)
	}
	value, has := whole(c.Body["Value"])
	if !has {
		value = nextOption(all)
	} else if slices.ContainsFunc(all, func(o metadata.Option) bool { return o.Value == value }) {
		return nil, errThere("status reason", str(value))
	}
	if err := c.putStates(t, func(states []metadata.State) {
		states[at].Reasons = append(slices.Clone(states[at].Reasons), metadata.Option{Value: value, Label: l})
	}); err != nil {
		return nil, err
	}
	return &Answer{Status: http.StatusOK, Body: obj{"@odata.context": c.Base + "$metadata#Microsoft.Dynamics.CRM.InsertStatusValueResponse", "NewOptionValue": value}}, nil
}

// updateState gives a state another label.
func (c *call) updateState() (*Answer, error) {
	t, _, err := c.named()
	if err != nil {
		return nil, err
	}
	value, _ := whole(c.Body["Value"])
	at := slices.IndexFunc(t.States, func(s metadata.State) bool { return s.Value == value })
	if at < 0 {
		return nil, notFound("state " + str(value) + " of " + t.Name)
	}
	l, err := readLabel(c.Body["Label"], t.States[at].Label, c.merge)
	if err != nil {
		return nil, err
	}
	if err := c.putStates(t, func(states []metadata.State) { states[at].Label = l }); err != nil {
		return nil, err
	}
	return &Answer{Status: http.StatusNoContent}, nil
}

func (c *call) putStates(t *metadata.Table, edit func([]metadata.State)) error {
	declared, _ := c.catalog.Declared(t.Name)
	declared.States = slices.Clone(declared.States)
	edit(declared.States)
	e, err := c.Customs.PutTable(declared)
	if err != nil {
		return err
	}
	_, err = c.change(e)
	return err
}
