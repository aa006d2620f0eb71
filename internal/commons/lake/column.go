package lake

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/kit/delta"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// kindNames are what a column's metadata in the lake calls the kinds.
var kindNames = map[query.Kind]string{query.Text: "text", query.Memo: "memo", query.Int: "int", query.Bool: "bool", query.ID: "id", query.Time: "time",
	query.Day: "day", query.Fixed: "fixed", query.JSON: "json", query.Float: "float", query.Set: "set"}

const kindKey = "rapport.kind"

// numberDigits holds every number of 64 bits.
const numberDigits = 19

// deltaType gives the type in which values of a kind are kept.
func deltaType(c Column) delta.Type {
	switch c.Kind {
	case query.Int:
		return delta.Of(delta.Long)
	case query.Bool:
		return delta.Of(delta.Boolean)
	case query.Time:
		return delta.Of(delta.Timestamp)
	case query.Day:
		return delta.Of(delta.DateKind)
	case query.Float:
		return delta.Of(delta.Double)
	case query.Fixed:
		return delta.DecimalOf(numberDigits, int(min(c.Scale, numberDigits)))
	}
	return delta.Of(delta.String)
}

func field(c Column) delta.Field {
	return delta.Field{Name: c.Name, Type: deltaType(c), Nullable: true, Metadata: map[string]any{kindKey: kindNames[c.Kind]}}
}

// columnOf reads a field of a table in the lake, also one that others made.
func columnOf(f delta.Field) Column {
	c := Column{Name: f.Name}
	name, _ := f.Metadata[kindKey].(string)
	for k, n := range kindNames {
		if n == name && deltaType(Column{Kind: k, Scale: uint8(f.Type.Scale)}).Kind == f.Type.Kind {
			c.Kind, c.Scale = k, uint8(f.Type.Scale)
			return c
		}
	}
	switch f.Type.Kind {
	case delta.Long, delta.Integer, delta.Short, delta.Byte:
		c.Kind = query.Int
	case delta.Boolean:
		c.Kind = query.Bool
	case delta.Timestamp:
		c.Kind = query.Time
	case delta.DateKind:
		c.Kind = query.Day
	case delta.Double, delta.Float:
		c.Kind = query.Float
	case delta.DecimalKind:
		c.Kind, c.Scale = query.Fixed, uint8(f.Type.Scale)
	}
	return c
}

// Names of the columns that every table of changes has beside the record's own.
const (
	colSeq     = "_seq"
	colVersion = "_version"
	colOp      = "_op"
	colAt      = "_at"
	colActor   = "_actor"
	colBehalf  = "_onbehalfof"
	colOrigin  = "_origin"
	colChanged = "_changed"
)

func isMeta(name string) bool { return strings.HasPrefix(name, "_") }

// metaFields are those columns; the record's id stands before them.
func metaFields() []delta.Field {
	var out []delta.Field
	for _, c := range []Column{{Name: colVersion, Kind: query.Int}, {Name: colSeq, Kind: query.Int}, {Name: colOp, Kind: query.Text}, {Name: colAt, Kind: query.Time},
		{Name: colActor, Kind: query.ID}, {Name: colBehalf, Kind: query.ID}, {Name: colOrigin, Kind: query.Text}, {Name: colChanged, Kind: query.JSON}} {
		out = append(out, field(c))
	}
	return out
}

// recordColumns lists the columns of a record table that the lake keeps.
func recordColumns(t *metadata.Table) []Column {
	shape := t.Shape()
	out := make([]Column, 0, len(shape.AllNames))
	for _, name := range shape.AllNames {
		c := shape.Columns[name]
		out = append(out, Column{Name: c.Name, Kind: c.Kind, Scale: c.Scale})
	}
	return out
}

// changesSchema gives the schema of changes/TABLE: the id, what is said of the
// change, and the record's columns.
func changesSchema(key string, columns []Column) delta.Schema {
	s := delta.Schema{Fields: append([]delta.Field{field(Column{Name: key, Kind: query.ID})}, metaFields()...)}
	for _, c := range columns {
		if c.Name != key {
			s.Fields = append(s.Fields, field(c))
		}
	}
	return s
}

// keep turns the JSON of a value in a change row into the value that is kept; ok
// is false where it is none of the column's kind.
func keep(c Column, raw json.RawMessage) (v any, ok bool) {
	if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
		return nil, true
	}
	switch c.Kind {
	case query.Int:
		return unmarshal[int64](raw)
	case query.Bool:
		return unmarshal[bool](raw)
	case query.Float:
		return unmarshal[float64](raw)
	case query.Fixed:
		n, err := query.ParseNumber(string(bytes.Trim(raw, `"`)), c.Scale)
		return delta.DecimalFrom(n.Units, int(n.Scale)), err == nil
	case query.JSON:
		var s string
		if json.Unmarshal(raw, &s) == nil {
			return s, true
		}
		return string(raw), true
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return nil, false
	}
	switch c.Kind {
	case query.Time:
		t, err := time.Parse(time.RFC3339Nano, s)
		return t.UTC().Truncate(time.Microsecond), err == nil
	case query.Day:
		d, err := delta.ParseDate(s)
		return d, err == nil
	case query.ID:
		_, err := id.Parse(s)
		return strings.ToLower(s), err == nil
	}
	return s, true
}

func unmarshal[T any](raw json.RawMessage) (any, bool) {
	var v T
	if json.Unmarshal(raw, &v) != nil {
		return nil, false
	}
	return v, true
}

// keepValue turns a canonical value into the one that is kept.
func keepValue(c Column, v any) (any, bool) {
	switch x := v.(type) {
	case nil:
		return nil, true
	case string:
		return x, c.Kind == query.Text || c.Kind == query.Memo
	case int64:
		return x, c.Kind == query.Int
	case bool:
		return x, c.Kind == query.Bool
	case float64:
		return x, c.Kind == query.Float
	case id.ID:
		if x == id.Nil {
			return nil, c.Kind == query.ID
		}
		return x.String(), c.Kind == query.ID
	case time.Time:
		return x.UTC().Truncate(time.Microsecond), c.Kind == query.Time
	case query.Date:
		d, err := delta.ParseDate(string(x))
		return d, c.Kind == query.Day && err == nil
	case query.Number:
		return delta.DecimalFrom(x.Units, int(x.Scale)), c.Kind == query.Fixed && x.Scale == c.Scale
	case query.SetValue:
		return string(x), c.Kind == query.Set
	case json.RawMessage:
		return string(x), c.Kind == query.JSON
	}
	return nil, false
}

// give turns a kept value into the canonical one.
func give(c Column, v any) any {
	switch x := v.(type) {
	case string:
		switch c.Kind {
		case query.ID:
			if parsed, err := id.Parse(x); err == nil {
				return parsed
			}
			return nil
		case query.JSON:
			return json.RawMessage(x)
		case query.Set:
			if set, err := query.ParseSet(x); err == nil {
				return set
			}
			return nil
		}
	case delta.Date:
		return query.Date(x.String())
	case delta.Decimal:
		if x.Units.IsInt64() {
			return query.Number{Units: x.Units.Int64(), Scale: uint8(x.Scale)}
		}
		return nil // made by others, and beyond what a number here can be
	case float32:
		return float64(x)
	}
	return v
}

func opOf(s any) changelog.Op {
	for _, op := range []changelog.Op{changelog.Create, changelog.Update, changelog.Delete} {
		if op.String() == s {
			return op
		}
	}
	return 0
}
