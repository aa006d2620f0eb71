package metadata

import "github.com/rapport-platform/rapport/internal/platform/query"

// Label is a text in several languages, by BCP 47 tag; "en" is always there.
type Label map[string]string

// In gives the text in a language, else in English.
func (l Label) In(lang string) string {
	if s := l[lang]; s != "" {
		return s
	}
	return l["en"]
}

// Ownership says to whom the rows of a table belong.
type Ownership string

// The ownerships.
const (
	OwnedByUser         Ownership = "user"         // a user or team owns each row; privileges have depth
	OwnedByOrganization Ownership = "organization" // rows belong to all; privileges are none or global
)

// Table defines one table. Names are those of the Common Data Model where it
// has the table; our own tables and columns begin with rpt_.
type Table struct {
	Name        string    `yaml:"table"` // logical name, lower case
	Schema      string    `yaml:"schema"`
	Set         string    `yaml:"set"` // entity set name on the wire
	Label       Label     `yaml:"label"`
	Plural      Label     `yaml:"plural"`
	Description string    `yaml:"description"`
	ID          string    `yaml:"id"`   // primary id column
	Title       string    `yaml:"name"` // primary name column
	Ownership   Ownership `yaml:"ownership"`
	Base        string    `yaml:"extends"`   // base table that mirrors the common columns, such as activitypointer
	Managed     bool      `yaml:"managed"`   // rows are written by a package of the platform only; the Web API reads
	NoSearch    bool      `yaml:"no_search"` // the search of everything leaves it out: its rows are definitions, or only repeat what others say
	NoTrack     bool      `yaml:"no_track"`  // no change rows (high-volume logs that are themselves a history)
	Process     bool      `yaml:"process"`   // rows are the instances of a business process flow, whose columns come by themselves
	Code        int       `yaml:"code"`      // object type code of Dataverse, 0 if it has none
	States      []State   `yaml:"states"`
	Columns     []*Column `yaml:"columns"`
	Keys        []Key     `yaml:"keys"`
	Indexes     []Index   `yaml:"indexes"`
	Views       []View    `yaml:"views"`
	Forms       []Form    `yaml:"forms"`
	Charts      []Chart   `yaml:"charts"`
	Privacy     *Privacy  `yaml:"privacy"` // nil: rows may speak of persons in their texts
	Work        *Work     `yaml:"work"`    // nil: its rows stand in no work list
	Frozen      *Frozen   `yaml:"frozen"`  // nil: its rows can be changed at any time

	// Back names the navigation properties that lead to the rows from users,
	// teams and units, where Dataverse does not follow its own pattern
	// (lk_lead_createdby, user_lead, team_lead, business_unit_lead): by createdby,
	// modifiedby, owninguser, owningteam, owningbusinessunit.
	Back map[string]string `yaml:"back"`

	ManyToMany []*ManyToMany `yaml:"many_to_many"`
	Choices    []*Choice     `yaml:"choices"` // global choices that come with this table
	Intersect  bool          `yaml:"-"`       // made for an N:N relation; rows come and go by associating

	// Epoch is the one in which the table got its present shape: writers tell it,
	// so that none writes by definitions of the past. Catalog.With sets it.
	Epoch int64 `yaml:"-"`

	byName    map[string]*Column
	relations map[string]query.Relation
	shape     *query.Table
	formulas  []*Column
	money     bool // it has money, and so a currency
	derives   bool
	groups    Groups
}

// State is a value of statecode with its status reasons.
type State struct {
	Value   int64    `yaml:"value"`
	Label   Label    `yaml:"label"`
	Reasons []Option `yaml:"reasons"` // the first is the default of the state
}

// Option is one value of a choice.
type Option struct {
	Value       int64   `yaml:"value"`
	Label       Label   `yaml:"label"`
	Description string  `yaml:"description"`
	Color       string  `yaml:"color"`
	Next        []int64 `yaml:"next"` // of a status reason: those that may follow it; none allows all
}

// The limits of alternate keys. The size is that of the columns' largest values
// as Dataverse counts it, two bytes a character.
const (
	MaxKeys       = 10
	MaxKeyColumns = 16
	MaxKeyBytes   = 900
)

// Key is an alternate key: its columns together are unique where all are set.
type Key struct {
	Name      string   `yaml:"name"`
	Columns   []string `yaml:"columns"`
	WhereOpen bool     `yaml:"where_open"` // unique only among rows of statecode 0
}

// Index speeds up a question that is asked often.
type Index struct {
	Name      string   `yaml:"name"`
	Columns   []string `yaml:"columns"`
	WhereOpen bool     `yaml:"where_open"` // only rows of statecode 0
	// Filled leaves out rows in which the first column is empty: the index then finds
	// values, and does not sort.
	Filled bool `yaml:"filled"`
}

// Whole tells whether the index holds all rows.
func (x Index) Whole() bool { return !x.WhereOpen && !x.Filled }

// View is a saved list.
type View struct {
	Name    string   `yaml:"name"`
	Label   Label    `yaml:"label"`
	Default bool     `yaml:"default"`
	Columns []string `yaml:"columns"`
	Filter  string   `yaml:"filter"` // OData $filter text
	Order   string   `yaml:"orderby"`
}

// Form lays a record page out.
type Form struct {
	Name   string   `yaml:"name"`
	Header []string `yaml:"header"`
	Tabs   []Tab    `yaml:"tabs"`
}

// Tab is a page of a form.
type Tab struct {
	Label    Label     `yaml:"label"`
	Sections []Section `yaml:"sections"`
}

// Section is a group of columns on a tab.
type Section struct {
	Label   Label    `yaml:"label"`
	Columns []string `yaml:"columns"`
}

// Column gives a column by logical name.
func (t *Table) Column(name string) (*Column, bool) {
	c, ok := t.byName[name]
	return c, ok
}

// Relation gives a relation by its navigation property.
func (t *Table) Relation(nav string) (query.Relation, bool) {
	r, ok := t.relations[nav]
	return r, ok
}

// Relations gives all relations by navigation property. Do not change it.
func (t *Table) Relations() map[string]query.Relation { return t.relations }

// Shape gives the table as queries see it.
func (t *Table) Shape() *query.Table { return t.shape }

// HasMoney tells whether rows have a currency and amounts in the base currency.
func (t *Table) HasMoney() bool { return t.money }

// Derives tells whether anything follows from a row's values when it is
// written: automatic numbers, amounts in the base currency, formulas, the place
// in a tree.
func (t *Table) Derives() bool { return t.derives }

// HasSecured tells whether column security applies to any column.
func (t *Table) HasSecured() bool { return t.shape.Secured }

// Owned tells whether rows have an owner.
func (t *Table) Owned() bool { return t.Ownership == OwnedByUser }

// Stateful tells whether rows have statecode and statuscode.
func (t *Table) Stateful() bool { return len(t.States) > 0 }

// State finds the state that a status reason belongs to.
func (t *Table) State(reason int64) (State, bool) {
	for _, s := range t.States {
		for _, r := range s.Reasons {
			if r.Value == reason {
				return s, true
			}
		}
	}
	return State{}, false
}
