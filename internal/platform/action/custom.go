package action

import (
	"context"
	"encoding/json"
	"log/slog"
	"regexp"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/expr"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Customs are the actions that customers have defined, as they are in force.
type Customs struct{ defined map[string]*definition }

// CustomParam is a parameter of a customer's action.
type CustomParam struct {
	Name        string `json:"name"`
	Type        string `json:"type"`
	Optional    bool   `json:"optional"`
	Description string `json:"description"`
	Expression  string `json:"expression"` // of a result: what it is
}

// Customiser makes actions of definitions.
type Customiser struct {
	Catalog func() *metadata.Catalog
	Access  *access.Control
	Flows   Starter // nil: actions can start no flows
	Clock   clock.Clock
	Logger  *slog.Logger

	env *expr.Env
}

// NewCustomiser makes one.
func NewCustomiser(c func() *metadata.Catalog, a *access.Control, f Starter, k clock.Clock, l *slog.Logger) (*Customiser, error) {
	env, err := expr.New(expr.Options{Vars: []expr.Var{{Name: "params"}, {Name: "target"}, {Name: "user", Kind: expr.Text}, {Name: "run", Kind: expr.Text}, {Name: "now", Kind: expr.Time}}})
	return &Customiser{Catalog: c, Access: a, Flows: f, Clock: k, Logger: l, env: env}, err
}

// Load reads the active definitions. One that can't be used is kept out and told of.
func (m *Customiser) Load(ctx context.Context, from record.Reader) (*Customs, error) {
	out := &Customs{defined: map[string]*definition{}}
	q := query.Query{Table: "customapi", Where: query.Compare{Left: query.Path{"statecode"}, Value: int64(0)}}
	for {
		page, err := from.Find(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, row := range page.Rows {
			d, err := m.compile(row)
			if err != nil {
				m.Logger.Warn("a custom action can't be used and is left out", "action", row.Text("uniquename"), "error", err)
				continue
			}
			out.defined[d.spec.Name] = d
		}
		if page.Next == nil {
			return out, nil
		}
		q.After = page.Next
	}
}

// Check refuses definitions that could not be used, when they are written.
func (m *Customiser) Check(r *Registry) record.Hook {
	check := func(row record.Row) error {
		if _, ours := r.defined[row.Text("uniquename")]; ours {
			return wrongDefinition("uniquename", "the product has an action of this name")
		}
		_, err := m.compile(row)
		return err
	}
	return record.Hook{Table: "customapi",
		BeforeCreate: func(_ context.Context, _ *record.Tx, row record.Row) error { return check(row) },
		BeforeUpdate: func(_ context.Context, _ *record.Tx, old, change record.Row) error {
			whole := record.Row{}
			for name, v := range old {
				whole[name] = v
			}
			for name, v := range change {
				whole[name] = v
			}
			return check(whole)
		}}
}

var customName = regexp.MustCompile(`^[a-z][a-z0-9]{1,9}_[A-Za-z][A-Za-z0-9_]{0,100}$`)

func wrongDefinition(column, why string) error {
	return errs.InvalidFields("action.definition", "the definition can't be used: "+column+": "+why, []errs.Field{{Name: column, Code: "definition", Message: why}})
}

const customParams = 100

// compile makes an action of a row of customapi.
func (m *Customiser) compile(row record.Row) (*definition, error) {
	name := row.Text("uniquename")
	if !customName.MatchString(name) || strings.HasPrefix(name, "rpt_") || strings.HasPrefix(name, "msdyn_") {
		return nil, wrongDefinition("uniquename", "it must begin with a prefix of one's own and an underscore, such as acme_Approve")
	}
	c := &custom{m: m, flow: row.Text("rpt_flow")}
	function, _ := row["isfunction"].(bool)
	d := &definition{spec: Spec{Name: name, Function: function, Effect: DB, Description: row.Text("description")}, call: c.call}
	if function {
		d.spec.Effect = Read
		if c.flow != "" {
			return nil, wrongDefinition("rpt_flow", "a function changes nothing, so it starts no flow")
		}
	}
	if err := m.bound(row, d, c); err != nil {
		return nil, err
	}
	var err error
	if c.in, err = readParams("rpt_parameters", row["rpt_parameters"]); err != nil {
		return nil, err
	}
	if c.out, err = readParams("rpt_results", row["rpt_results"]); err != nil {
		return nil, err
	}
	for _, p := range c.in {
		d.in = append(d.in, Param{Name: p.Name, Type: customTypes[p.Type], Optional: p.Optional, Doc: p.Description})
	}
	for _, p := range c.out {
		program, err := m.env.Compile(p.Expression)
		if err != nil {
			return nil, wrongDefinition("rpt_results", "the expression of "+p.Name+": "+plain(err))
		}
		c.results = append(c.results, program)
		d.out = append(d.out, Param{Name: p.Name, Type: customTypes[p.Type], Doc: p.Description})
	}
	if c.flow == "" && len(c.out) == 0 {
		return nil, wrongDefinition("rpt_results", "name a flow to start or a result to give")
	}
	return d, nil
}

// bound reads what the action is bound to, and which privilege it takes.
func (m *Customiser) bound(row record.Row, d *definition, c *custom) error {
	if row.Int("bindingtype") != 0 {
		t, ok := m.Catalog().Table(row.Text("boundentitylogicalname"))
		if !ok {
			return wrongDefinition("boundentitylogicalname", "there is no table of that name")
		}
		d.spec.Table, d.spec.Collection, c.table = t.Name, row.Int("bindingtype") == 2, t
	}
	privilege := row.Text("executeprivilegename")
	switch {
	case privilege == "":
		return nil
	case access.IsGeneral(privilege):
		d.spec.Privilege = privilege
		return nil
	}
	table, right, ok := m.privilege(privilege)
	if !ok {
		return wrongDefinition("executeprivilegename", "there is no privilege of that name")
	}
	c.needs, c.right = table, right
	return nil
}

// privilege reads prvWriteLead.
func (m *Customiser) privilege(name string) (string, access.Right, bool) {
	rest, ok := strings.CutPrefix(name, "prv")
	if !ok {
		return "", 0, false
	}
	rights := access.Rights()
	slices.SortFunc(rights, func(a, b access.Right) int { return len(b.String()) - len(a.String()) }) // AppendTo before Append
	for _, r := range rights {
		table, ok := strings.CutPrefix(rest, r.String())
		if !ok {
			continue
		}
		if t, ok := m.Catalog().Table(strings.ToLower(table)); ok {
			return t.Name, r, true
		}
	}
	return "", 0, false
}

// customTypes are the types of parameters and results, by Dataverse's names, on the wire.
var customTypes = map[string]string{
	"Boolean": "Edm.Boolean", "DateTime": "Edm.DateTimeOffset", "Decimal": "Edm.Decimal", "Money": "Edm.Decimal", "Float": "Edm.Double", "Guid": "Edm.Guid",
	"Integer": "Edm.Int32", "Picklist": "Edm.Int32", "String": "Edm.String", "StringArray": "Collection(Edm.String)", "Entity": "mscrm.crmbaseentity", "EntityReference": "mscrm.crmbaseentity",
}

var parameterName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,100}$`)

func readParams(column string, v any) ([]CustomParam, error) {
	raw, _ := v.(json.RawMessage)
	if len(raw) == 0 {
		return nil, nil
	}
	var list []CustomParam
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, wrongDefinition(column, "a list of {name, type} is expected")
	}
	if len(list) > customParams {
		return nil, wrongDefinition(column, "there are more than 100")
	}
	seen := map[string]bool{}
	for _, p := range list {
		switch {
		case !parameterName.MatchString(p.Name) || seen[p.Name]:
			return nil, wrongDefinition(column, "a name is missing, stands twice or has other signs than letters and digits")
		case customTypes[p.Type] == "":
			return nil, wrongDefinition(column, "the type of "+p.Name+" is unknown")
		}
		seen[p.Name] = true
	}
	return list, nil
}
