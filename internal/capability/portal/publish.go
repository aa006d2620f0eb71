package portal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

const (
	formTable    = "msdynmkt_marketingform"
	versionTable = "rpt_formversion"

	statusDraft = int64(1)
	statusLive  = int64(2)
)

// Publishing keeps the records of forms in order.
type Publishing struct {
	Clock clock.Clock
	Lead  func() *metadata.Table // that forms fill
}

// Hook checks a form when it is written, and publishes one that is made live.
func (p *Publishing) Hook() record.Hook {
	return record.Hook{Table: formTable,
		BeforeCreate: func(_ context.Context, _ *record.Tx, row record.Row) error { return p.check(row, row) },
		BeforeUpdate: func(ctx context.Context, tx *record.Tx, old, change record.Row) error {
			row := record.Row{"rpt_uniquename": old["rpt_uniquename"], "rpt_definition": old["rpt_definition"]}
			_, renamed := change["rpt_uniquename"]
			_, redefined := change["rpt_definition"]
			for _, name := range []string{"rpt_uniquename", "rpt_definition"} {
				if v, given := change[name]; given {
					row[name] = v
				}
			}
			if renamed || redefined {
				if err := p.check(row, change); err != nil {
					return err
				}
			}
			if old["rpt_versionid"] != nil || change["rpt_versionid"] != nil || change["statuscode"] != statusLive {
				return nil
			}
			version, err := p.publish(ctx, tx, old.ID("msdynmkt_marketingformid"), row)
			change["rpt_versionid"], change["rpt_publishedon"] = version, p.Clock.Now()
			return err
		},
		AfterCreate: func(ctx context.Context, tx *record.Tx, row record.Row) error {
			if row.Int("statuscode") != statusLive { // a solution brings it as it is to be
				return nil
			}
			key := row.ID("msdynmkt_marketingformid")
			version, err := p.publish(ctx, tx, key, row)
			if err != nil {
				return err
			}
			_, err = tx.Update(access.Elevate(ctx, "publish a form"), formTable, key, record.Row{"rpt_versionid": version, "rpt_publishedon": p.Clock.Now()}, record.Match{})
			return err
		},
	}
}

// check reads the definition of a row and notes in change what follows from it.
func (p *Publishing) check(row, change record.Row) error {
	text, _ := row["rpt_definition"].(json.RawMessage)
	f, err := parseNamed(row.Text("rpt_uniquename"), text)
	if err != nil {
		return err
	}
	change["rpt_language"] = f.Language
	return p.columns(&f)
}

// columns checks that what a lead's form asks for has a place in the lead.
func (p *Publishing) columns(f *Form) error {
	lead := p.Lead()
	if lead == nil || f.EventType != "lead.created" {
		return nil
	}
	var faults []errs.Field
	bad := func(i int, code, format string, args ...any) {
		faults = append(faults, errs.Field{Name: fmt.Sprintf("fields[%d].column", i), Code: code, Message: fmt.Sprintf(format, args...)})
	}
	for i := range f.Fields {
		field := &f.Fields[i]
		if field.Column == NoColumn {
			continue
		}
		c, ok := lead.Column(field.Column)
		switch {
		case !ok:
			bad(i, "unknown", "the table %s has no column %s", lead.Name, field.Column)
			continue
		case c.ReadOnly || c.System:
			bad(i, "read_only", "visitors can't set %s", field.Column)
			continue
		}
		for _, o := range field.Options {
			if _, err := c.Coerce(o.Value); err != nil {
				if _, known := c.OptionByLabel(o.Value); !known && !wholeOption(c, o.Value) {
					bad(i, "option", "%s does not take %q", field.Column, o.Value)
				}
			}
		}
	}
	return errs.InvalidFields("portal.form_definition", "the form's definition has faults", faults)
}

// wholeOption tells whether a text is the number of one of a choice's options.
func wholeOption(c *metadata.Column, text string) bool {
	n, err := json.Number(text).Int64()
	if err != nil {
		return false
	}
	_, ok := c.Option(n)
	return ok
}

// publish keeps a definition as the form's next version.
func (p *Publishing) publish(ctx context.Context, tx *record.Tx, form id.ID, row record.Row) (id.ID, error) {
	ctx = access.Elevate(ctx, "publish a form")
	// An update of nothing locks the form, so that numbers are taken one at a time.
	if _, err := tx.Update(ctx, formTable, form, record.Row{}, record.Match{}); err != nil {
		return id.Nil, err
	}
	if err := decisionsKnown(ctx, tx, row); err != nil {
		return id.Nil, err
	}
	page, err := tx.Find(ctx, query.Query{Table: versionTable, Select: []string{"rpt_number"}, Limit: 1, Order: []query.Order{{Column: "rpt_number", Desc: true}}, Where: query.Compare{Left: query.Path{"rpt_formid"}, Value: form}})
	if err != nil {
		return id.Nil, err
	}
	number := int64(1)
	if len(page.Rows) > 0 {
		number = page.Rows[0].Int("rpt_number") + 1
	}
	made, err := tx.Create(ctx, versionTable, record.Row{"rpt_formid": form, "rpt_number": number, "rpt_name": fmt.Sprintf("%s %d", row.Text("rpt_uniquename"), number), "rpt_definition": row["rpt_definition"]})
	return made.ID("rpt_formversionid"), err
}

// decisionsKnown refuses to publish a form that asks a decision set that is not there.
func decisionsKnown(ctx context.Context, tx *record.Tx, row record.Row) error {
	text, _ := row["rpt_definition"].(json.RawMessage)
	f, err := parseNamed(row.Text("rpt_uniquename"), text)
	if err != nil {
		return err
	}
	for i := range f.Tools {
		if f.Tools[i].Kind != ToolCheck {
			continue
		}
		_, err := tx.GetByKey(ctx, "rpt_decision", map[string]any{"rpt_uniquename": f.Tools[i].Decision}, nil, nil)
		if errors.Is(err, record.ErrNotFound) {
			return errs.InvalidFields("portal.form_definition", "the form's definition has faults", []errs.Field{{Name: fmt.Sprintf("tools[%d].decision", i), Code: "unknown", Message: "there is no decision set " + f.Tools[i].Decision}})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// PublishInput says which version is to be in force.
type PublishInput struct {
	Version *action.Ref `json:"Version,omitempty" type:"rpt_formversion" doc:"An earlier version to go back to; by default the definition as it is edited now"`
}

// PublishOutput names the version in force.
type PublishOutput struct {
	VersionID id.ID `json:"VersionId"`
}

// Define declares the actions.
func (p *Publishing) Define(r *action.Registry) {
	action.Define(r, action.Spec{Name: "rpt_PublishForm", Table: formTable, Effect: action.DB, Right: access.Write, Description: "Puts the form as it is edited in force as a new version, or goes back to an earlier one. The form is then open."}, p.act)
}

func (p *Publishing) act(ctx context.Context, c action.Call, in PublishInput) (PublishOutput, error) {
	row, err := c.Tx.Demand(ctx, formTable, c.Target, access.Write)
	if err != nil {
		return PublishOutput{}, err
	}
	change := record.Row{"statecode": int64(0), "statuscode": statusLive, "rpt_publishedon": p.Clock.Now()}
	system := access.Elevate(ctx, "publish a form")
	if in.Version != nil && !in.Version.IsZero() {
		version, err := c.Tx.Get(system, versionTable, in.Version.ID, nil, nil)
		if err != nil {
			return PublishOutput{}, err
		}
		if version.ID("rpt_formid") != c.Target {
			return PublishOutput{}, errs.New(errs.Invalid, "portal.form_version", "this version belongs to another form")
		}
		change["rpt_versionid"], change["rpt_definition"] = in.Version.ID, version["rpt_definition"]
	} else {
		key, err := p.publish(ctx, c.Tx, c.Target, row)
		if err != nil {
			return PublishOutput{}, err
		}
		change["rpt_versionid"] = key
	}
	_, err = c.Tx.Update(system, formTable, c.Target, change, record.Match{})
	return PublishOutput{change.ID("rpt_versionid")}, err
}
