package flow

import (
	"maps"
	"slices"

	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

// Checker knows what definitions may speak of. A nil one checks names only
// against the definition itself.
type Checker struct {
	Catalog func() *metadata.Catalog
	// Action tells whether there is an action of the name, and whether it needs a record.
	Action func(name string) (bound, ok bool)
}

// column complains of a column that the table lacks.
func (c *compiler) column(path, table, column string) {
	if c.check == nil || c.check.Catalog == nil || column == "" {
		return
	}
	t, ok := c.check.Catalog().Table(table)
	if !ok {
		return // the table has its own complaint
	}
	if _, ok := t.Shape().Columns[column]; !ok {
		c.problem(path, "column", "the table "+table+" has no column "+column)
	}
}

func (c *compiler) table(path, table string) {
	if table == "" {
		c.problem(path+".table", "required", "the step needs a table")
		return
	}
	if c.check == nil || c.check.Catalog == nil {
		return
	}
	if _, ok := c.check.Catalog().Table(table); !ok {
		c.problem(path+".table", "table", "there is no table "+table)
	}
}

// record compiles the steps that touch records.
func (c *compiler) record(path string, h head, s *Step) instruction {
	switch s.Type {
	case "query", "create", "update", "upsert", "delete":
		c.table(path, s.Table)
	}
	target := func() template {
		if s.Target == nil {
			c.problem(path+".target", "required", "the step needs the id of a record")
		}
		return c.template(path+".target", s.Target)
	}
	switch s.Type {
	case "query":
		return c.find(path, h, s)
	case "create":
		return &create{head: h, table: s.Table, row: c.row(path, s)}
	case "update":
		return &update{head: h, table: s.Table, target: target(), row: c.row(path, s)}
	case "upsert":
		if len(s.Key) == 0 {
			c.problem(path+".key", "required", "an upsert needs the columns that find the row")
		}
		for name := range s.Key {
			c.column(path+".key", s.Table, name)
		}
		return &upsert{head: h, table: s.Table, key: c.template(path+".key", s.Key), row: c.row(path, s)}
	case "delete":
		return &remove{head: h, table: s.Table, target: target()}
	case "action":
		return c.action(path, h, s)
	}
	c.problem(path+".type", "type", "there is no step of this type")
	return nil
}

func (c *compiler) find(path string, h head, s *Step) instruction {
	limit := s.Limit
	if limit == 0 {
		limit = 50
	}
	if limit < 1 || limit > 1000 {
		c.problem(path+".limit", "range", "a query in a flow gives 1 to 1,000 rows")
	}
	q := &find{head: h, table: s.Table, columns: s.Select, limit: limit}
	for _, name := range s.Select {
		c.column(path+".select", s.Table, name)
	}
	for _, o := range s.Order {
		c.column(path+".order", s.Table, o.Column)
		q.order = append(q.order, o)
	}
	if s.Where == nil {
		c.problem(path+".where", "required", "a query needs a condition")
		return q
	}
	q.where = c.filter(path+".where", s.Table, plain(s.Where), 0)
	return q
}

func (c *compiler) action(path string, h head, s *Step) instruction {
	do := &call{head: h, action: s.Action, input: c.template(path+".input", s.Input)}
	if s.Target != nil {
		do.target = c.template(path+".target", s.Target)
	}
	if s.Action == "" {
		c.problem(path+".action", "required", "the step needs the name of an action")
		return do
	}
	if c.check != nil && c.check.Action != nil {
		bound, ok := c.check.Action(s.Action)
		switch {
		case !ok:
			c.problem(path+".action", "action", "there is no action "+s.Action)
		case bound && s.Target == nil:
			c.problem(path+".target", "required", "the action needs the id of a record")
		}
	}
	return do
}

// row compiles the values of a row.
func (c *compiler) row(path string, s *Step) rowOf {
	out := rowOf{omit: s.Omit, fill: s.Fill}
	if s.Row == nil {
		c.problem(path+".row", "required", "the step needs values")
		return out
	}
	layers, ok := plain(s.Row).([]any)
	if !ok {
		layers = []any{plain(s.Row)}
	}
	for _, layer := range layers {
		out.layers = append(out.layers, c.template(path+".row", layer))
		if m, ok := layer.(map[string]any); ok && m["$"] == nil {
			for _, name := range slices.Sorted(maps.Keys(m)) {
				c.column(path+".row", s.Table, name)
			}
		}
	}
	return out
}

// unused complains of fields that a step of this type does not have: a
// condition with "where", or a query with "row", says something it does not do.
func (c *compiler) unused(path string, s *Step) {
	fields := map[string]bool{
		"if": s.If != "", "then": len(s.Then) > 0, "else": len(s.Else) > 0, "on": s.On != "", "cases": len(s.Cases) > 0, "default": len(s.Default) > 0,
		"items": s.Items != "", "as": s.As != "", "most": s.Most != 0, "steps": len(s.Steps) > 0, "table": s.Table != "", "select": len(s.Select) > 0,
		"where": s.Where != nil, "order": len(s.Order) > 0, "limit": s.Limit != 0, "row": s.Row != nil, "omit": len(s.Omit) > 0, "fill": s.Fill,
		"key": len(s.Key) > 0, "target": s.Target != nil, "action": s.Action != "", "input": s.Input != nil, "set": len(s.Set) > 0,
		"for": s.For != nil, "until": s.Until != "", "status": s.Status != "", "message": s.Message != nil,
	}
	has := map[string][]string{
		"condition": {"if", "then", "else"}, "switch": {"on", "cases", "default"}, "foreach": {"items", "as", "most", "steps"},
		"query": {"table", "select", "where", "order", "limit"}, "create": {"table", "row", "omit", "fill"}, "update": {"table", "target", "row", "omit", "fill"},
		"upsert": {"table", "key", "row", "omit", "fill"}, "delete": {"table", "target"}, "action": {"action", "target", "input"},
		"set": {"set"}, "wait": {"for", "until"}, "terminate": {"status", "message"},
	}
	known, ok := has[s.Type]
	if !ok {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if fields[name] && !slices.Contains(known, name) {
			c.problem(path+"."+name, "unused", "a step of type "+s.Type+" has no "+name)
		}
	}
}
