package delta

import (
	"fmt"
	"strings"
)

// Kind is a type of the Delta format.
type Kind uint8

// The kinds.
const (
	String  Kind = iota + 1
	Long         // 64 bits
	Integer      // 32 bits
	Short        // 16 bits
	Byte         // 8 bits
	Float        // 32 bits
	Double       // 64 bits
	Boolean
	Binary
	DateKind  // a calendar day
	Timestamp // an instant, to the microsecond
	DecimalKind
	Array
	Map
	Struct
	Void // always null
)

var kindNames = map[Kind]string{String: "string", Long: "long", Integer: "integer", Short: "short", Byte: "byte", Float: "float", Double: "double",
	Boolean: "boolean", Binary: "binary", DateKind: "date", Timestamp: "timestamp", Void: "void"}

// Type is the type of a field or element.
type Type struct {
	Kind      Kind
	Precision int     // of DecimalKind, 1 to 38
	Scale     int     // of DecimalKind
	Elem      *Type   // of Array; the values of Map
	Nulls     bool    // whether elements of Array, or values of Map, may be null
	Key       *Type   // of Map
	Fields    []Field // of Struct
}

// Field is a column, or a member of a struct.
type Field struct {
	Name     string
	Type     Type
	Nullable bool
	Metadata map[string]any
}

// Schema is the columns of a table. Names are unique ignoring case.
type Schema struct{ Fields []Field }

// Of gives the type of a simple kind.
func Of(k Kind) Type { return Type{Kind: k} }

// DecimalOf gives a decimal type.
func DecimalOf(precision, scale int) Type {
	return Type{Kind: DecimalKind, Precision: precision, Scale: scale}
}

// Flat tells whether a type is neither array, map nor struct.
func (t Type) Flat() bool { return t.Kind != Array && t.Kind != Map && t.Kind != Struct }

// String gives the type as the format writes it.
func (t Type) String() string {
	switch t.Kind {
	case DecimalKind:
		return fmt.Sprintf("decimal(%d,%d)", t.Precision, t.Scale)
	case Array:
		return "array<" + t.Elem.String() + ">"
	case Map:
		return "map<" + t.Key.String() + "," + t.Elem.String() + ">"
	case Struct:
		return "struct"
	}
	return kindNames[t.Kind]
}

// Equal tells whether two types are the same, names of members included.
func (t Type) Equal(o Type) bool {
	if t.Kind != o.Kind || t.Precision != o.Precision || t.Scale != o.Scale || len(t.Fields) != len(o.Fields) {
		return false
	}
	if (t.Elem == nil) != (o.Elem == nil) || (t.Key == nil) != (o.Key == nil) || t.Elem != nil && !t.Elem.Equal(*o.Elem) || t.Key != nil && !t.Key.Equal(*o.Key) {
		return false
	}
	for i, f := range t.Fields {
		if f.Name != o.Fields[i].Name || !f.Type.Equal(o.Fields[i].Type) {
			return false
		}
	}
	return true
}

// Index gives the position of a column, ignoring case; -1 if there is none.
func (s Schema) Index(name string) int {
	for i, f := range s.Fields {
		if f.Name == name {
			return i
		}
	}
	for i, f := range s.Fields {
		if strings.EqualFold(f.Name, name) {
			return i
		}
	}
	return -1
}

// Field gives a column by name, ignoring case.
func (s Schema) Field(name string) (Field, bool) {
	i := s.Index(name)
	if i < 0 {
		return Field{}, false
	}
	return s.Fields[i], true
}

// Names lists the columns in order.
func (s Schema) Names() []string {
	out := make([]string, len(s.Fields))
	for i, f := range s.Fields {
		out[i] = f.Name
	}
	return out
}

// Merge adds the columns of another schema that this one lacks, as nullable
// ones. A column of both must have one type. grown tells whether any was added.
func (s Schema) Merge(o Schema) (merged Schema, grown bool, err error) {
	merged.Fields = append(merged.Fields, s.Fields...)
	for _, f := range o.Fields {
		old, ok := s.Field(f.Name)
		if !ok {
			f.Nullable = true
			merged.Fields = append(merged.Fields, f)
			grown = true
			continue
		}
		if !old.Type.Equal(f.Type) {
			return s, false, fault(ErrSchema, "the column %s is of type %s and can't become %s", old.Name, old.Type, f.Type)
		}
	}
	if grown {
		err = merged.check()
	}
	return merged, grown, err
}

// check refuses what other engines can't read.
func (s Schema) check() error {
	seen := map[string]bool{}
	for _, f := range s.Fields {
		fold := strings.ToLower(f.Name)
		switch {
		case f.Name == "" || strings.ContainsAny(f.Name, " ,;{}()\n\t="):
			return fault(ErrSchema, "%q can't be the name of a column: it is empty or has one of the characters space , ; { } ( ) = tab or line feed", f.Name)
		case seen[fold]:
			return fault(ErrSchema, "the column %s stands twice; upper and lower case don't tell columns apart", f.Name)
		case f.Type.Kind == DecimalKind && (f.Type.Precision < 1 || f.Type.Precision > 38 || f.Type.Scale < 0 || f.Type.Scale > f.Type.Precision):
			return fault(ErrSchema, "the column %s can't be %s: the precision is 1 to 38 and the scale at most that", f.Name, f.Type)
		case !f.Type.Flat() || f.Type.Kind == Void || f.Type.Kind == 0:
			return fault(ErrFeature, "the column %s of type %s can be read but not written", f.Name, f.Type)
		}
		seen[fold] = true
	}
	return nil
}
