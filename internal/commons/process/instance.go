package process

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/customise"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// InstanceKind is the kind of the jobs that make the instance tables of
// customers' processes.
const InstanceKind = "process.instance"

// needs gives the table of a customer's instances as edits: its definition, a
// lookup for each table of the process, a view and a form. It gives none where
// the table ships.
func needs(text string, shipped *metadata.Catalog) ([]customise.Edit, error) {
	d, err := parse(text)
	if err != nil {
		return nil, err
	}
	if _, ships := shipped.Table(d.Instance); ships {
		return nil, nil
	}
	if err := customise.CheckName(d.Instance); err != nil {
		return nil, invalid("process %s: no table of instances can be made: %s", d.Name, err.Error())
	}
	set := d.Instance + "s"
	if d.Instance[len(d.Instance)-1] == 's' {
		set = d.Instance + "es"
	}
	body, err := customise.Encode(metadata.Table{Name: d.Instance, Set: set, Label: d.Title, Plural: d.Title, ID: "businessprocessflowinstanceid", Title: "bpf_name",
		Ownership: metadata.OwnedByUser, Process: true, States: metadata.ProcessStates()})
	edits := []customise.Edit{{Name: customise.Table(d.Instance), Body: body}}
	add := func(kind customise.Kind, name string, v any) {
		e, bad := customise.PutPart(kind, d.Instance, name, v)
		if edits = append(edits, e); bad != nil {
			err = bad
		}
	}
	columns := []string{"bpf_name"}
	for _, table := range d.tables() {
		name, label := d.Tables[table], metadata.Label{"en": table}
		if t, ok := shipped.Table(table); ok {
			label = t.Label
		}
		add(customise.KindColumn, name, metadata.Column{Name: name, TypeName: "lookup", Targets: []string{table}, Label: label, Nav: name, Collection: table + "_" + d.Instance, Cascade: metadata.Parental()})
		columns = append(columns, name)
	}
	add(customise.KindView, "active", metadata.View{Name: "active", Label: metadata.Label{"en": "Active processes", "de": "Laufende Prozesse"}, Default: true,
		Columns: slices.Concat(columns, []string{"activestageid", "activestagestartedon", "ownerid"}), Filter: "statecode eq 0", Order: "createdon desc"})
	add(customise.KindForm, "main", metadata.Form{Name: "main", Header: []string{"statuscode", "activestageid", "ownerid"}, Tabs: []metadata.Tab{{Label: metadata.Label{"en": "Process", "de": "Prozess"},
		Sections: []metadata.Section{{Label: metadata.Label{"en": "Process", "de": "Prozess"}, Columns: slices.Concat(columns[1:], []string{"activestageid", "activestagestartedon", "completedon", "duration"})}}}}})
	return edits, err
}

// Instances makes the tables of instances that customers' processes lack.
type Instances struct {
	Customs *customise.Service
	Store   *record.Store
	Jobs    *job.Queue
}

// ask has the instance table of an activated process made once the transaction
// has committed; whoever activates it must be allowed to customise.
func (s *Instances) ask(ctx context.Context, tx *record.Tx, row record.Row) error {
	missing, err := s.missing(row.Text("clientdata"))
	if err != nil || len(missing) == 0 {
		return err
	}
	if err := s.Customs.Allow(ctx); err != nil {
		return err
	}
	key := row.ID("workflowid")
	_, err = s.Jobs.Enqueue(tx.SQL(), job.Spec{Kind: InstanceKind, Key: key.String(), Payload: key})
	return err
}

// missing gives the edits that are still to be made for a process.
func (s *Instances) missing(text string) ([]customise.Edit, error) {
	edits, err := needs(text, s.Customs.Shipped())
	if err != nil {
		return nil, err
	}
	_, there := s.Customs.Stored(customise.Table(first(edits)))
	return slices.DeleteFunc(edits, func(e customise.Edit) bool {
		if there && (e.Kind == customise.KindView || e.Kind == customise.KindForm) {
			return true // they were there once and people may have taken them away
		}
		_, has := s.Customs.Stored(e.Name)
		return has
	}), nil
}

func first(edits []customise.Edit) string {
	if len(edits) == 0 {
		return ""
	}
	return edits[0].Table
}

// Handler makes the tables.
func (s *Instances) Handler() job.Handler {
	return job.Handler{Run: func(ctx context.Context, j *job.Job) error {
		var key id.ID
		if err := json.Unmarshal(j.Payload, &key); err != nil {
			return errs.Wrap(err, errs.Internal, "process.job", "the payload can't be read")
		}
		ctx = access.AsSystem(ctx, "process")
		row, err := s.Store.Get(ctx, "workflow", key, nil, nil)
		if errs.Has(err, errs.NotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		edits, err := s.missing(row.Text("clientdata"))
		if err != nil || len(edits) == 0 {
			return err
		}
		for i := range edits {
			edits[i].Solution = row.Text("rpt_solution")
		}
		_, err = s.Customs.Change(ctx, customise.How{}, edits...)
		return err
	}}
}
