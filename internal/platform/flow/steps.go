package flow

import (
	"context"
	"reflect"
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

type (
	find struct {
		head
		table   string
		columns []string
		where   filter
		order   []Order
		limit   int
	}
	create struct {
		head
		table string
		row   rowOf
	}
	update struct {
		head
		table  string
		target template
		row    rowOf
	}
	upsert struct {
		head
		table string
		key   template
		row   rowOf
	}
	remove struct {
		head
		table  string
		target template
	}
	call struct {
		head
		action        string
		target, input template
	}
)

// rowOf makes the values of a row.
type rowOf struct {
	layers []template
	omit   []string
	fill   bool
}

func (r rowOf) eval(ctx context.Context, vars map[string]any) (record.Row, error) {
	out := record.Row{}
	for _, layer := range r.layers {
		v, err := layer.eval(ctx, vars)
		if err != nil {
			return nil, err
		}
		values, ok := v.(map[string]any)
		if !ok && v != nil {
			return nil, errs.New(errs.Invalid, "flow.step", "the values of a row must be an object")
		}
		for name, value := range values {
			if slices.Contains(r.omit, name) || r.fill && blank(value) {
				continue
			}
			out[name] = value
		}
	}
	return out, nil
}

func (i *find) exec(m *machine) error {
	m.note(nil)
	where, err := i.where.node(m.ctx, m.vars)
	if err != nil {
		return err
	}
	q := query.Query{Table: i.table, Select: i.columns, Where: where, Limit: i.limit}
	for _, o := range i.order {
		q.Order = append(q.Order, query.Order{Column: o.Column, Desc: o.Desc})
	}
	out := map[string]any{"rows": []any{}, "count": int64(0), "first": nil}
	if !never(where) {
		page, err := m.records.Find(m.ctx, q)
		if err != nil {
			return err
		}
		rows, _ := plain(page.Rows).([]any)
		out["count"] = int64(len(rows))
		if len(rows) > 0 {
			out["rows"], out["first"] = rows, rows[0]
		}
	}
	m.gives(&i.head, out, map[string]any{"rows": out["rows"], "count": out["count"]})
	return nil
}

// never tells whether a condition can't hold, so that nothing need be asked:
// a comparison with a value that is null.
func never(n query.Node) bool {
	switch x := n.(type) {
	case query.Const:
		return !bool(x)
	case query.And:
		return slices.ContainsFunc(x, never)
	case query.Or:
		return len(x) > 0 && !slices.ContainsFunc(x, func(n query.Node) bool { return !never(n) })
	}
	return false
}

func (i *create) exec(m *machine) error {
	row, err := i.row.eval(m.ctx, m.vars)
	if err != nil {
		return err
	}
	m.note(row)
	made, err := m.records.Create(m.ctx, i.table, row)
	if err != nil {
		return err
	}
	m.wrote(&i.head, row, made)
	return nil
}

func (i *update) exec(m *machine) error {
	key, err := targetOf(m, i.target)
	if err != nil {
		return err
	}
	row, err := i.row.eval(m.ctx, m.vars)
	if err != nil {
		return err
	}
	m.note(map[string]any{"target": key.String(), "row": row})
	now, err := m.records.Update(m.ctx, i.table, key, row, record.Match{})
	if err != nil {
		return err
	}
	m.wrote(&i.head, row, now)
	return nil
}

func (i *upsert) exec(m *machine) error {
	v, err := i.key.eval(m.ctx, m.vars)
	if err != nil {
		return err
	}
	key, _ := v.(map[string]any)
	row, err := i.row.eval(m.ctx, m.vars)
	if err != nil {
		return err
	}
	m.note(map[string]any{"key": key, "row": row})
	for name, value := range key {
		if empty(value) {
			return errs.New(errs.Invalid, "flow.step", "the key column %s has no value", name)
		}
	}
	now, created, err := m.records.UpsertByKey(m.ctx, i.table, key, row, record.Match{})
	if err != nil {
		return err
	}
	m.wrote(&i.head, row, now)
	m.history[len(m.history)-1].Created = created
	return nil
}

func (i *remove) exec(m *machine) error {
	key, err := targetOf(m, i.target)
	if err != nil {
		return err
	}
	m.note(map[string]any{"target": key.String()})
	if err := m.records.Delete(m.ctx, i.table, key, record.Match{}); err != nil {
		return err
	}
	m.gives(&i.head, nil, nil)
	return nil
}

func (i *call) exec(m *machine) error {
	target := id.Nil
	if i.target != nil {
		var err error
		if target, err = targetOf(m, i.target); err != nil {
			return err
		}
	}
	v, err := i.input.eval(m.ctx, m.vars)
	if err != nil {
		return err
	}
	input, _ := v.(map[string]any)
	shown := map[string]any{"action": i.action, "input": input}
	if target != id.Nil {
		shown["target"] = target.String()
	}
	m.note(shown)
	out, err := m.engine.o.Caller.Call(m.ctx, m.tx, i.action, target, input)
	if err != nil {
		return err
	}
	result := plainMap(out)
	m.gives(&i.head, result, result)
	return nil
}

// wrote ends a step that has written a row. History shows what the platform
// added to the values that were sent, not the same values twice.
func (m *machine) wrote(h *head, sent, row record.Row) {
	whole := plainMap(row)
	added := map[string]any{}
	for name, v := range whole {
		if v != nil && !reflect.DeepEqual(plain(sent[name]), v) {
			added[name] = v
		}
	}
	m.gives(h, whole, added)
}

func targetOf(m *machine, t template) (id.ID, error) {
	v, err := t.eval(m.ctx, m.vars)
	if err != nil {
		return id.Nil, err
	}
	text, _ := v.(string)
	key, err := id.Parse(text)
	if err != nil {
		return id.Nil, errs.New(errs.Invalid, "flow.step", "the step needs the id of a record and has none")
	}
	return key, nil
}
