package action_test

import (
	"context"
	"testing"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

type part struct {
	Who action.Ref `json:"Who" type:"principal"`
}

type shapesIn struct {
	Any    action.Ref    `json:"Any,omitempty"`
	Lead   *action.Ref   `json:"Lead,omitempty" type:"lead"`
	Many   []action.Ref  `json:"Many,omitempty" type:"account|contact"`
	Entity action.Entity `json:"Entity,omitempty"`
	Part   *part         `json:"Part,omitempty"`
	Count  *int64        `json:"Count,omitempty"`
}

type shapesOut struct {
	Found  []string     `json:"Found"`
	Record *odata.Typed `json:"Record,omitempty"`
}

func shapes(_ context.Context, _ action.Call, in shapesIn) (shapesOut, error) {
	var out shapesOut
	note := func(r action.Ref) { out.Found = append(out.Found, r.Table+" "+r.ID.String()) }
	if !in.Any.IsZero() {
		note(in.Any)
	}
	if in.Lead != nil {
		note(*in.Lead)
	}
	for _, r := range in.Many {
		note(r)
	}
	if in.Part != nil {
		note(in.Part.Who)
	}
	if in.Entity.Sent() {
		out.Record = &odata.Typed{Table: in.Entity.Table, Row: in.Entity.Row}
	}
	return out, nil
}

// What the outside may send for a reference or a record.
func TestParametersThatNameRecords(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		account := e.must("account", record.Row{"name": "Berg Ltd", "accountnumber": "A1"}).ID("accountid")
		key := id.New()
		call := func(body map[string]any) (map[string]any, error) {
			return e.actions.Call(e.system(), "Shapes", id.Nil, body)
		}
		m := func(pairs ...any) map[string]any {
			out := map[string]any{}
			for i := 0; i < len(pairs); i += 2 {
				out[pairs[i].(string)] = pairs[i+1]
			}
			return out
		}
		for name, c := range map[string]struct {
			body map[string]any
			want string
		}{
			"by type":              {m("Any", m("@odata.type", "Microsoft.Dynamics.CRM.lead", "leadid", key.String())), "lead " + key.String()},
			"by type with a hash":  {m("Any", m("@odata.type", "#Microsoft.Dynamics.CRM.lead", "leadid", key.String())), "lead " + key.String()},
			"by address":           {m("Any", m("@odata.id", "leads("+key.String()+")")), "lead " + key.String()},
			"by absolute address":  {m("Any", m("@odata.id", "https://x.example/api/data/v9.2/leads("+key.String()+")")), "lead " + key.String()},
			"by alternate key":     {m("Any", m("@odata.id", "accounts(accountnumber='A1')")), "account " + account.String()},
			"by name":              {m("Any", m("LogicalName", "lead", "Id", key.String())), "lead " + key.String()},
			"by primary id":        {m("Any", m("accountid", key.String())), "account " + key.String()},
			"of the declared type": {m("Lead", m("leadid", key.String())), "lead " + key.String()},
			"in a list":            {m("Many", []any{m("@odata.type", "mscrm.contact", "contactid", key.String())}), "contact " + key.String()},
			"inside":               {m("Part", m("Who", m("@odata.type", "Microsoft.Dynamics.CRM.team", "teamid", key.String()))), "team " + key.String()},
			"a principal":          {m("Part", m("Who", m("@odata.type", "Microsoft.Dynamics.CRM.systemuser", "ownerid", key.String()))), "systemuser " + key.String()},
		} {
			out, err := call(c.body)
			found, _ := out["Found"].([]any)
			if err != nil || len(found) != 1 || found[0] != c.want {
				t.Errorf("%s: %v %v", name, found, err)
			}
		}
		for name, body := range map[string]map[string]any{
			"no table":       m("Any", m("id", key.String())),
			"unknown table":  m("Any", m("@odata.type", "Microsoft.Dynamics.CRM.shoe", "id", key.String())),
			"no id":          m("Any", m("@odata.type", "Microsoft.Dynamics.CRM.lead")),
			"no GUID":        m("Any", m("@odata.type", "Microsoft.Dynamics.CRM.lead", "leadid", "x")),
			"another table":  m("Lead", m("@odata.type", "Microsoft.Dynamics.CRM.contact", "contactid", key.String())),
			"a table of two": m("Many", []any{m("@odata.id", "leads("+key.String()+")")}),
			"a text":         m("Any", "x"),
			"unknown":        m("Shoe", 1),
			"type":           m("Count", "x"),
		} {
			if _, err := call(body); !errs.Has(err, errs.Invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		out, err := call(m("Entity", m("@odata.type", "Microsoft.Dynamics.CRM.contact", "lastname", "Berg", "parentcustomerid_account@odata.bind", "accounts(accountnumber='A1')")))
		made, _ := out["Record"].(odata.Typed)
		if err != nil || made.Row.Text("lastname") != "Berg" || made.Row.ID("parentcustomerid") != account || made.Row.Text("parentcustomeridtype") != "account" {
			t.Errorf("%v %v", made, err)
		}
		if _, err := call(m("Entity", m("@odata.type", "Microsoft.Dynamics.CRM.contact", "shoesize", 43))); !errs.Has(err, errs.Invalid) {
			t.Errorf("an unknown column: %v", err)
		}
	})
}
