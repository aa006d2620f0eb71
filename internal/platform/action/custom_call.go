package action

import (
	"context"
	"encoding/json"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/expr"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Starter starts flows; *flow.Engine is one.
type Starter interface {
	Begin(ctx context.Context, tx *sqldb.Tx, flow string, input map[string]any, key string) (id.ID, error)
}

// custom is a customer's action, ready to be called.
type custom struct {
	m       *Customiser
	table   *metadata.Table // of the row that it is bound to; nil for none
	needs   string          // table on which the caller must hold right; "" for none
	right   access.Right
	in, out []CustomParam
	results []*expr.Program // beside out
	flow    string
}

func (a *custom) call(ctx context.Context, c Call, body map[string]any) (map[string]any, error) {
	if a.needs != "" {
		if err := a.m.Access.Allow(ctx, a.needs, a.right); err != nil {
			return nil, err
		}
	}
	given, err := a.params(ctx, binder{a.m.Catalog(), c.Reader}, withoutAnnotations(body))
	if err != nil {
		return nil, err
	}
	vars := map[string]any{"params": given, "user": access.From(ctx).ID.String(), "now": a.m.Clock.Now()}
	if a.table != nil && c.Target != id.Nil {
		row, err := c.Reader.Get(ctx, a.table.Name, c.Target, nil, nil)
		if err != nil {
			return nil, err
		}
		vars["target"] = plainRow(row)
	}
	if a.flow != "" {
		run, err := a.start(ctx, c, given)
		if err != nil {
			return nil, err
		}
		vars["run"] = run.String()
	}
	out := make(map[string]any, len(a.out))
	for i, p := range a.out {
		v, err := a.results[i].Eval(ctx, vars)
		if err != nil {
			return nil, errs.Wrap(err, errs.Invalid, "action.expression", "the result %s can't be worked out", p.Name)
		}
		if out[p.Name], err = fit(p, v); err != nil {
			return nil, errs.Wrap(err, errs.Internal, "action.expression", "the result %s is of another type", p.Name)
		}
	}
	return out, nil
}

// start begins the flow in the call's transaction: both commit, or neither.
func (a *custom) start(ctx context.Context, c Call, given map[string]any) (id.ID, error) {
	if a.m.Flows == nil || c.Tx == nil {
		return id.Nil, errs.New(errs.Unsupported, "action.flow", "flows can't be started here")
	}
	input := map[string]any{"params": given, "user": access.From(ctx).ID.String()}
	if a.table != nil && c.Target != id.Nil {
		input["target"] = map[string]any{"table": a.table.Name, "id": c.Target.String()}
	}
	return a.m.Flows.Begin(ctx, c.Tx.SQL(), a.flow, input, "")
}

// params checks what was sent against the definition.
func (a *custom) params(ctx context.Context, b binder, body map[string]any) (map[string]any, error) {
	out := make(map[string]any, len(a.in))
	var bad []errs.Field
	for _, p := range a.in {
		v, given := body[p.Name]
		if !given || v == nil {
			if !p.Optional {
				bad = append(bad, errs.Field{Name: p.Name, Code: "required", Message: "a value is needed"})
			}
			out[p.Name] = nil
			continue
		}
		value, err := a.value(ctx, b, p, v)
		if err != nil {
			if !errs.Has(err, errs.Invalid) {
				return nil, err
			}
			bad = append(bad, errs.Field{Name: p.Name, Code: "type", Message: "this must be of type " + p.Type})
			continue
		}
		out[p.Name] = value
	}
	for name := range body {
		if _, known := out[name]; !known && !containsField(bad, name) {
			bad = append(bad, errs.Field{Name: name, Code: "unknown", Message: "the action has no such parameter"})
		}
	}
	return out, errs.InvalidFields("action.input", "the parameters do not fit the action", bad)
}

func containsField(list []errs.Field, name string) bool {
	for _, f := range list {
		if f.Name == name {
			return true
		}
	}
	return false
}

// value gives a parameter as expressions and flows see it.
func (a *custom) value(ctx context.Context, b binder, p CustomParam, v any) (any, error) {
	if p.Type == "EntityReference" || p.Type == "Entity" {
		text, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		var e Entity
		if e.UnmarshalJSON(text) != nil || e.raw == nil {
			return nil, badRef(p.Name, "an object is expected")
		}
		if p.Type == "EntityReference" {
			err = b.ref(ctx, &e.Ref, p.Name, "")
			return map[string]any{"table": e.Table, "id": e.ID.String()}, err
		}
		if err := b.entity(ctx, &e, p.Name, ""); err != nil {
			return nil, err
		}
		row := plainRow(e.Row)
		row["table"] = e.Table
		if e.ID != id.Nil {
			row["id"] = e.ID.String()
		}
		return row, nil
	}
	return fit(p, v)
}

// fit refuses a value that is not of a parameter's type.
func fit(p CustomParam, v any) (any, error) {
	wrong := errs.New(errs.Invalid, "action.input", "%s must be of type %s", p.Name, p.Type)
	if n, ok := v.(json.Number); ok {
		if i, err := n.Int64(); err == nil {
			v = i
		} else if f, err := n.Float64(); err == nil {
			v = f
		}
	}
	if n, ok := v.(int); ok {
		v = int64(n)
	}
	switch x := v.(type) {
	case nil:
		return nil, nil
	case bool:
		if p.Type == "Boolean" {
			return x, nil
		}
	case int64:
		switch p.Type {
		case "Integer", "Picklist":
			if x == int64(int32(x)) {
				return x, nil
			}
		case "Decimal", "Money", "Float":
			return float64(x), nil
		}
	case float64:
		if p.Type == "Decimal" || p.Type == "Money" || p.Type == "Float" {
			return x, nil
		}
	case string:
		return fitText(p.Type, x, wrong)
	case time.Time:
		if p.Type == "DateTime" {
			return x, nil
		}
	case id.ID:
		if p.Type == "Guid" {
			return x.String(), nil
		}
	case []any:
		for _, item := range x {
			if _, ok := item.(string); !ok || p.Type != "StringArray" {
				return nil, wrong
			}
		}
		return x, nil
	case map[string]any:
		if p.Type == "Entity" || p.Type == "EntityReference" {
			return x, nil
		}
	}
	return nil, wrong
}

func fitText(kind, x string, wrong error) (any, error) {
	switch kind {
	case "String":
		return x, nil
	case "Guid":
		if _, err := id.Parse(x); err == nil {
			return x, nil
		}
	case "DateTime":
		if t, err := time.Parse(time.RFC3339Nano, x); err == nil {
			return t.UTC(), nil
		}
	}
	return nil, wrong
}

// plainRow gives a record's values as expressions and flows see them.
func plainRow(row record.Row) map[string]any {
	out := make(map[string]any, len(row))
	for name, v := range row {
		switch x := v.(type) {
		case id.ID:
			out[name] = x.String()
		case query.Number:
			out[name] = x.Float()
		case query.Date:
			out[name] = string(x)
		case json.RawMessage:
			var any any
			if json.Unmarshal(x, &any) == nil {
				out[name] = any
			}
		case nil, bool, int64, string, time.Time:
			out[name] = x
		}
	}
	return out
}
