package delta

import (
	"encoding/json"
	"maps"
	"regexp"
	"strconv"
)

type jsonField struct {
	Name     string          `json:"name"`
	Type     json.RawMessage `json:"type"`
	Nullable bool            `json:"nullable"`
	Metadata map[string]any  `json:"metadata"`
}

type jsonType struct {
	Type         string          `json:"type"`
	Fields       []jsonField     `json:"fields"`
	ElementType  json.RawMessage `json:"elementType"`
	ContainsNull bool            `json:"containsNull"`
	KeyType      json.RawMessage `json:"keyType"`
	ValueType    json.RawMessage `json:"valueType"`
	ValueNull    bool            `json:"valueContainsNull"`
}

// JSON gives the schema as the log keeps it.
func (s Schema) JSON() string {
	b, err := json.Marshal(Type{Kind: Struct, Fields: s.Fields}.json())
	if err != nil {
		return "" // metadata came out of JSON, or is made of texts: it always goes into it
	}
	return string(b)
}

func (t Type) json() any {
	switch t.Kind {
	case Struct:
		fields := make([]any, len(t.Fields))
		for i, f := range t.Fields {
			metadata := maps.Clone(f.Metadata)
			if metadata == nil {
				metadata = map[string]any{}
			}
			fields[i] = map[string]any{"name": f.Name, "type": f.Type.json(), "nullable": f.Nullable, "metadata": metadata}
		}
		return map[string]any{"type": "struct", "fields": fields}
	case Array:
		return map[string]any{"type": "array", "elementType": t.Elem.json(), "containsNull": t.Nulls}
	case Map:
		return map[string]any{"type": "map", "keyType": t.Key.json(), "valueType": t.Elem.json(), "valueContainsNull": t.Nulls}
	}
	return t.String()
}

// ParseSchema reads a schema as the log keeps it.
func ParseSchema(text string) (Schema, error) {
	if len(text) > maxSchemaText {
		return Schema{}, fault(ErrTooLarge, "the schema has %d bytes, over the %d allowed", len(text), maxSchemaText)
	}
	if text == "" {
		return Schema{}, nil // a table of which nobody has said what it holds
	}
	p := schemaParser{}
	t, err := p.parse(json.RawMessage(text), 0)
	if err != nil {
		return Schema{}, err
	}
	if t.Kind != Struct {
		return Schema{}, fault(ErrSchema, "the schema is not a struct")
	}
	return Schema{Fields: t.Fields}, nil
}

type schemaParser struct{ nodes int }

var decimalName = regexp.MustCompile(`^decimal\(\s*(\d{1,2})\s*,\s*(\d{1,2})\s*\)$`)

func (p *schemaParser) parse(raw json.RawMessage, depth int) (Type, error) {
	if p.nodes++; depth > maxSchemaDepth || p.nodes > maxSchemaNodes {
		return Type{}, fault(ErrTooLarge, "the schema has over %d types, or over %d within each other", maxSchemaNodes, maxSchemaDepth)
	}
	var name string
	if json.Unmarshal(raw, &name) == nil {
		return namedType(name)
	}
	var j jsonType
	if err := json.Unmarshal(raw, &j); err != nil {
		return Type{}, faultBy(err, ErrSchema, "the schema is not the JSON of a schema")
	}
	switch j.Type {
	case "struct":
		t := Type{Kind: Struct, Fields: make([]Field, len(j.Fields))}
		for i, f := range j.Fields {
			inner, err := p.parse(f.Type, depth+1)
			if err != nil {
				return Type{}, err
			}
			t.Fields[i] = Field{Name: f.Name, Type: inner, Nullable: f.Nullable, Metadata: f.Metadata}
		}
		return t, nil
	case "array":
		elem, err := p.parse(j.ElementType, depth+1)
		return Type{Kind: Array, Elem: &elem, Nulls: j.ContainsNull}, err
	case "map":
		key, err := p.parse(j.KeyType, depth+1)
		if err != nil {
			return Type{}, err
		}
		value, err := p.parse(j.ValueType, depth+1)
		return Type{Kind: Map, Key: &key, Elem: &value, Nulls: j.ValueNull}, err
	}
	return Type{}, fault(ErrFeature, "the schema has the type %.60q, which is not offered", j.Type)
}

func namedType(name string) (Type, error) {
	for k, n := range kindNames {
		if n == name {
			return Type{Kind: k}, nil
		}
	}
	if name == "null" {
		return Type{Kind: Void}, nil
	}
	if name == "decimal" {
		return DecimalOf(10, 0), nil
	}
	if m := decimalName.FindStringSubmatch(name); m != nil {
		precision, _ := strconv.Atoi(m[1]) // two digits at most
		scale, _ := strconv.Atoi(m[2])
		if precision < 1 || precision > 38 || scale > precision {
			return Type{}, fault(ErrSchema, "%s is not a decimal type", name)
		}
		return DecimalOf(precision, scale), nil
	}
	return Type{}, fault(ErrFeature, "the schema has the type %.60q, which is not offered", name)
}
