package businessrule

import (
	"github.com/goccy/go-yaml"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

// Scope says where a rule is obeyed.
type Scope string

// The scopes.
const (
	ScopeEntity Scope = "entity" // by the store and by forms
	ScopeForm   Scope = "form"   // by forms alone
)

// Definition is a rule as it is written.
type Definition struct {
	Name      string         `yaml:"rule"` // unique
	Title     metadata.Label `yaml:"title"`
	Table     string         `yaml:"table"`
	Scope     Scope          `yaml:"scope"` // default is entity
	Branches  []Branch       `yaml:"branches"`
	Otherwise []Action       `yaml:"otherwise"` // when no branch holds
}

// Branch is what happens when its condition is the first to hold.
type Branch struct {
	When string   `yaml:"when"` // OData $filter text over the row; "" always holds
	Then []Action `yaml:"then"`
}

// Action is one thing that a rule does. One of its fields is set.
type Action struct {
	Show      []string       `yaml:"show"`
	Hide      []string       `yaml:"hide"`
	Require   []string       `yaml:"require"`
	Recommend []string       `yaml:"recommend"`
	Optional  []string       `yaml:"optional"`
	Lock      []string       `yaml:"lock"`
	Unlock    []string       `yaml:"unlock"`
	Set       map[string]any `yaml:"set"`     // value by column; null empties it
	Default   map[string]any `yaml:"default"` // the value of columns that have none when the row is made
	Error     *Complaint     `yaml:"error"`
}

// Complaint refuses the row.
type Complaint struct {
	Column  string         `yaml:"column"`
	Message metadata.Label `yaml:"message"`
}

// The limits of a rule.
const (
	maxText     = 100_000
	maxBranches = 10 // as in Dataverse
	maxActions  = 100
)

// Parse reads a definition; JSON is YAML, too.
func Parse(text []byte) (*Definition, error) {
	if len(text) > maxText {
		return nil, invalid("a rule has at most %d bytes", maxText)
	}
	d := new(Definition)
	if err := yaml.UnmarshalWithOptions(text, d, yaml.DisallowUnknownField()); err != nil {
		return nil, errs.Wrap(err, errs.Invalid, "businessrule.definition", "this is not the definition of a rule: %s", yaml.FormatError(err, false, false))
	}
	if d.Scope == "" {
		d.Scope = ScopeEntity
	}
	actions := len(d.Otherwise)
	for _, b := range d.Branches {
		actions += len(b.Then)
	}
	switch {
	case d.Name == "" || d.Table == "" || d.Title["en"] == "":
		return nil, invalid("a rule needs rule, table and title.en")
	case d.Scope != ScopeEntity && d.Scope != ScopeForm:
		return nil, invalid("the scope of a rule is entity or form, not %q", d.Scope)
	case len(d.Branches) == 0 || len(d.Branches) > maxBranches:
		return nil, invalid("a rule has between 1 and %d branches", maxBranches)
	case actions == 0 || actions > maxActions:
		return nil, invalid("a rule has between 1 and %d actions", maxActions)
	}
	return d, nil
}
