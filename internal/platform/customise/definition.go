package customise

import (
	"strings"
	"sync"

	"github.com/goccy/go-yaml"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
)

// Kind is what a definition defines.
type Kind string

// The kinds. All but tables and choices belong to a table.
const (
	KindTable  Kind = "table"  // metadata.Table, without what has a kind of its own
	KindColumn Kind = "column" // metadata.Column
	KindKey    Kind = "key"    // metadata.Key
	KindIndex  Kind = "index"  // metadata.Index
	KindMany   Kind = "many"   // metadata.ManyToMany
	KindView   Kind = "view"   // metadata.View
	KindForm   Kind = "form"   // metadata.Form
	KindChart  Kind = "chart"  // metadata.Chart
	KindChoice Kind = "choice" // metadata.Choice
)

// State is how far a definition is.
type State int64

// The states.
const (
	Adding State = 1 // being laid in the database; nobody uses it yet
	Active State = 2
	Hiding State = 3 // nobody uses it any more; on its way out of the database
	Failed State = 4 // could not be laid; see the error
	// Dropped has left the database. The row stays, so that a node which heard of
	// nothing for a while learns of it.
	Dropped State = 5
)

// Name names a definition.
type Name struct {
	Kind  Kind
	Table string // logical name; "" of choices, and of tables their own
	Name  string // of the column, key …; of a table and a choice the logical name
}

// String gives the name as people read it, such as "column lead.new_score".
func (n Name) String() string {
	if n.Kind == KindTable || n.Kind == KindChoice {
		return string(n.Kind) + " " + n.Name
	}
	return string(n.Kind) + " " + n.Table + "." + n.Name
}

// ID gives the id of the definition's row, which follows from its name.
func (n Name) ID() id.ID { return id.Derive("rpt_definition", string(n.Kind), n.Table, n.Name) }

// Table names a table's definition.
func Table(name string) Name { return Name{KindTable, name, name} }

// Column names a column's definition.
func Column(table, name string) Name { return Name{KindColumn, table, name} }

// Choice names a global choice's definition.
func Choice(name string) Name { return Name{KindChoice, "", name} }

// Definition is one stored definition.
type Definition struct {
	Name
	Body     string // YAML; of what ships, only what is different
	Solution string // unique name
	State    State
	Epoch    int64
	Error    string

	read *memo // of the body; shared by copies that have the same
}

// memo keeps what a body says, so that it is read once and not at every change
// of its table.
type memo struct {
	once  sync.Once
	value any
	err   error
}

// definition makes one that remembers what its body says.
func definition(n Name, body, solution string, state State) *Definition {
	return &Definition{Name: n, Body: body, Solution: solution, State: state, read: new(memo)}
}

// said gives what the body says, as parse reads it the first time.
func said[T any](d *Definition, parse func() (T, error)) (T, error) {
	d.read.once.Do(func() { d.read.value, d.read.err = parse() })
	v, _ := d.read.value.(T)
	return v, d.read.err
}

// DefaultSolution takes what is made outside of any solution.
const DefaultSolution = "Default"

// Encode gives a definition's YAML: what is empty is left out, so that it reads
// and compares well.
func Encode(v any) (string, error) {
	b, err := yaml.MarshalWithOptions(v, yaml.OmitZero(), yaml.UseLiteralStyleIfMultiline(true))
	if err != nil {
		return "", errs.Wrap(err, errs.Internal, "customise.encode", "the definition has no text form")
	}
	return string(b), nil
}

// decode reads YAML; unknown fields are refused.
func decode(text string, into any) error {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	if err := yaml.UnmarshalWithOptions([]byte(text), into, yaml.DisallowUnknownField()); err != nil {
		return errs.New(errs.Invalid, "customise.body", "the definition can't be read: %s", firstLine(err.Error()))
	}
	return nil
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// merge lays the fields that the text has over a copy of a definition.
func merge[T any](base T, text string) (T, error) {
	var out T
	under, err := fields(base)
	if err != nil {
		return out, err
	}
	var over map[string]any
	if err := decode(text, &over); err != nil {
		return out, err
	}
	for k, v := range over {
		under[k] = v
	}
	b, err := yaml.Marshal(under)
	if err != nil {
		return out, errs.Wrap(err, errs.Internal, "customise.encode", "the definition has no text form")
	}
	err = decode(string(b), &out)
	return out, err
}

// difference gives the YAML of the fields in which a definition is other than
// the one below it.
func difference(base, now any) (string, error) {
	under, err := fields(base)
	if err != nil {
		return "", err
	}
	over, err := fields(now)
	if err != nil {
		return "", err
	}
	out := map[string]any{}
	for k, v := range over {
		if !same(under[k], v) {
			out[k] = v
		}
	}
	if len(out) == 0 {
		return "", nil
	}
	b, err := yaml.MarshalWithOptions(out, yaml.UseLiteralStyleIfMultiline(true))
	return string(b), err
}

func fields(v any) (map[string]any, error) {
	b, err := yaml.Marshal(v)
	if err != nil {
		return nil, errs.Wrap(err, errs.Internal, "customise.encode", "the definition has no text form")
	}
	out := map[string]any{}
	err = decode(string(b), &out)
	return out, err
}

func same(a, b any) bool {
	x, errA := yaml.Marshal(a)
	y, errB := yaml.Marshal(b)
	return errA == nil && errB == nil && string(x) == string(y)
}
