package process

import (
	"maps"
	"slices"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/customise"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Definition is a process as it is written.
type Definition struct {
	Name     string            `yaml:"process"` // unique
	Title    metadata.Label    `yaml:"title"`
	Instance string            `yaml:"instance"` // table of instances; default is the process's name
	Order    *int64            `yaml:"order"`    // among the processes of its tables; nil leaves that of the row
	Tables   map[string]string `yaml:"tables"`   // table → the instance's lookup to its record; default is bpf_<table>id
	Links    map[string]string `yaml:"links"`    // table → its lookup to the record of the table before it
	// For says which new records of a table begin the process: table → OData
	// $filter text. With it, records of tables that are not named begin none.
	For        map[string]string `yaml:"for"`
	BackReason bool              `yaml:"backreason"` // who goes back to a stage says why, in rpt_movereason
	Stages     []*Stage          `yaml:"stages"`
}

// Stage is one part of the way.
type Stage struct {
	Key      string         `yaml:"stage"`
	Name     metadata.Label `yaml:"name"`
	Category int64          `yaml:"category"` // 0 Qualify, 1 Develop, 2 Propose, 3 Close, 4 Identify, 5 Research, 6 Resolve
	Table    string         `yaml:"table"`
	Steps    []Step         `yaml:"steps"`
	Gates    []Gate         `yaml:"gates"`   // what must hold to leave the stage for a later one
	Next     []Branch       `yaml:"next"`    // the first that holds; none is the stage that follows here
	Stalled  string         `yaml:"stalled"` // how long a record stays before it counts as stalled, such as 72h; "" is for ever

	id      id.ID
	after   int           // index of the stage that follows; -1 after the last
	stalled time.Duration // 0 is for ever
}

// Gate is a condition on the stage's record.
type Gate struct {
	When    string         `yaml:"when"`    // OData $filter text
	Message metadata.Label `yaml:"message"` // what is told where it does not hold

	matcher *query.Matcher
}

// Step is a column to be filled in.
type Step struct {
	Column   string `yaml:"column"`
	Required bool   `yaml:"required"` // the stage can't be left while it is empty
}

// Branch leads to a stage when its condition holds on the stage's record.
type Branch struct {
	When  string `yaml:"when"` // OData $filter text; "" always holds
	Stage string `yaml:"stage"`

	matcher *query.Matcher
	to      int
}

const (
	maxStages = 30 // as in Dataverse
	maxTables = 5
	maxText   = 200_000
)

// Process is a definition that has been checked against the catalog.
type Process struct {
	*Definition
	ID    id.ID // of its row in workflow
	order int64

	title string // primary name column of the instance table
	only  map[string]*query.Matcher
}

func invalid(format string, args ...any) error {
	return errs.New(errs.Invalid, "process.definition", format, args...)
}

// parse reads a definition and fills in what it leaves to the default.
func parse(text string) (*Definition, error) {
	if len(text) > maxText {
		return nil, invalid("a process has at most %d bytes", maxText)
	}
	d := new(Definition)
	if err := yaml.UnmarshalWithOptions([]byte(text), d, yaml.DisallowUnknownField()); err != nil {
		return nil, errs.Wrap(err, errs.Invalid, "process.definition", "this is not the definition of a process: %s", yaml.FormatError(err, false, false))
	}
	if d.Instance == "" {
		d.Instance = d.Name
	}
	if d.Tables == nil {
		d.Tables = map[string]string{}
	}
	for _, s := range d.Stages {
		if s != nil && s.Table != "" && d.Tables[s.Table] == "" && len(d.Tables) <= maxTables {
			d.Tables[s.Table] = "bpf_" + s.Table + "id"
		}
	}
	if d.Name == "" || d.Title["en"] == "" || len(d.Stages) == 0 || len(d.Stages) > maxStages || len(d.Tables) == 0 || len(d.Tables) > maxTables {
		return nil, invalid("a process needs process, title.en, at most %d tables and %d stages", maxTables, maxStages)
	}
	for i, s := range d.Stages {
		if s == nil {
			return nil, invalid("process %s: stage %d is empty", d.Name, i+1)
		}
	}
	return d, nil
}

// tables lists the tables of the process by name.
func (d *Definition) tables() []string { return slices.Sorted(maps.Keys(d.Tables)) }

// Compile reads and checks a definition, its table of instances included.
func Compile(text string, catalog *metadata.Catalog) (*Process, error) {
	p, err := compile(text, catalog)
	if err != nil {
		return nil, err
	}
	instance, ok := catalog.Table(p.Instance)
	if !ok {
		return nil, invalid("process %s: there is no table %q for its instances", p.Name, p.Instance)
	}
	for _, name := range []string{"activestageid", "activestagestartedon", "traversedpath", "completedon", "duration", "processid", "rpt_stages", "rpt_movereason", "rpt_stalledon"} {
		if _, ok := instance.Column(name); !ok {
			return nil, invalid("process %s: the table %s has no column %s", p.Name, p.Instance, name)
		}
	}
	for _, table := range p.tables() {
		if c, ok := instance.Column(p.Tables[table]); !ok || !c.IsLookup() || c.Polymorphic() || c.Targets[0] != table {
			return nil, invalid("process %s: %s.%s is no lookup to %s", p.Name, p.Instance, p.Tables[table], table)
		}
	}
	p.title = instance.Title
	return p, nil
}

// compile is Compile for a process whose table of instances need not be there yet.
func compile(text string, catalog *metadata.Catalog) (*Process, error) {
	d, err := parse(text)
	if err != nil {
		return nil, err
	}
	if _, there := catalog.Table(d.Instance); !there {
		if err := customise.CheckName(d.Instance); err != nil {
			return nil, invalid("process %s: no table of instances can be made: %s", d.Name, err.Error())
		}
	}
	for table, column := range d.Links {
		t, ok := catalog.Table(table)
		if c, has := columnOf(t, column); !ok || !has || !c.IsLookup() || c.Polymorphic() || d.Tables[c.Targets[0]] == "" {
			return nil, invalid("process %s: %s.%s does not lead to a table of the process", d.Name, table, column)
		}
	}
	p := &Process{Definition: d, only: map[string]*query.Matcher{}}
	for table, when := range d.For {
		t, ok := catalog.Table(table)
		if !ok || d.Tables[table] == "" || when == "" {
			return nil, invalid("process %s: %q is no table of the process, or has no condition", d.Name, table)
		}
		var err error
		if p.only[table], err = odata.Condition(catalog, t, when); err != nil {
			return nil, invalid("process %s, for %s: %s", d.Name, table, err.Error())
		}
	}
	return p, p.compileStages(catalog)
}

func columnOf(t *metadata.Table, name string) (*metadata.Column, bool) {
	if t == nil {
		return nil, false
	}
	return t.Column(name)
}

func (p *Process) compileStages(catalog *metadata.Catalog) error {
	index := make(map[string]int, len(p.Stages))
	for i, s := range p.Stages {
		if _, twice := index[s.Key]; twice || s.Key == "" || s.Name["en"] == "" || s.Category < 0 || s.Category > 6 {
			return invalid("process %s: stage %q stands twice, or has no key, name.en or category of 0 to 6", p.Name, s.Key)
		}
		index[s.Key] = i
		s.id = StageID(p.Name, s.Key)
		if s.after = i + 1; s.after == len(p.Stages) {
			s.after = -1
		}
	}
	for _, s := range p.Stages {
		t, ok := catalog.Table(s.Table)
		if !ok || p.Tables[s.Table] == "" {
			return invalid("process %s, stage %s: %q is no table of the process", p.Name, s.Key, s.Table)
		}
		for _, step := range s.Steps {
			if _, ok := t.Column(step.Column); !ok {
				return invalid("process %s, stage %s: table %s has no column %q", p.Name, s.Key, s.Table, step.Column)
			}
		}
		if s.Stalled != "" {
			d, err := time.ParseDuration(s.Stalled)
			if err != nil || d < time.Minute {
				return invalid("process %s, stage %s: stalled is a time such as 72h, of a minute at least", p.Name, s.Key)
			}
			s.stalled = d
		}
		for i := range s.Gates {
			g := &s.Gates[i]
			var err error
			if g.matcher, err = odata.Condition(catalog, t, g.When); err != nil || g.Message["en"] == "" {
				return invalid("process %s, stage %s: gate %d needs a message.en, and a condition that can be read: %v", p.Name, s.Key, i+1, err)
			}
		}
		for i := range s.Next {
			if err := s.Next[i].compile(catalog, t, index); err != nil {
				return invalid("process %s, stage %s: %s", p.Name, s.Key, err.Error())
			}
		}
	}
	return nil
}

func (b *Branch) compile(catalog *metadata.Catalog, t *metadata.Table, index map[string]int) error {
	to, ok := index[b.Stage]
	if !ok {
		return invalid("there is no stage %q", b.Stage)
	}
	b.to = to
	if b.When == "" {
		return nil
	}
	var err error
	b.matcher, err = odata.Condition(catalog, t, b.When)
	return err
}

// StageID gives the id of a stage's row.
func StageID(process, stage string) id.ID { return id.Derive("processstage", process, stage) }

// stage finds a stage by the id of its row.
func (p *Process) stage(key id.ID) *Stage {
	for _, s := range p.Stages {
		if s.id == key {
			return s
		}
	}
	return nil
}

// start gives the first stage of a table; nil when it has none.
func (p *Process) start(table string) *Stage {
	for _, s := range p.Stages {
		if s.Table == table {
			return s
		}
	}
	return nil
}
