package process

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// SetInput says by which process a record goes.
type SetInput struct {
	Target             action.Ref  `json:"Target" doc:"The record"`
	NewProcess         *action.Ref `json:"NewProcess,omitempty" type:"workflow" doc:"The process; without one the record follows none"`
	NewProcessInstance *action.Ref `json:"NewProcessInstance,omitempty" doc:"An instance that the record has of it; by default the one that is there, else a new one"`
}

// InstancesInput names a record.
type InstancesInput struct {
	EntityID          id.ID  `json:"EntityId" doc:"Id of the record"`
	EntityLogicalName string `json:"EntityLogicalName" doc:"Its table"`
}

// PathInput names an instance.
type PathInput struct {
	ProcessInstanceID id.ID `json:"ProcessInstanceId" doc:"Id of the instance of a process"`
}

// Records is a list of records.
type Records struct {
	Value []odata.Typed `json:"value"`
}

type calls struct {
	set     func() *Set
	catalog func() *metadata.Catalog
	clock   clock.Clock
}

// Define declares the actions on processes.
func Define(r *action.Registry, set func() *Set, catalog func() *metadata.Catalog, clk clock.Clock) {
	c := calls{set, catalog, clk}
	action.Define(r, action.Spec{Name: "SetProcess", Effect: action.DB, Description: "Has a record go by another business process flow."}, c.setProcess)
	action.Define(r, action.Spec{Name: "RetrieveProcessInstances", Function: true, Description: "The instances of business process flows that a record has, the one that it goes by first."}, c.instances)
	action.Define(r, action.Spec{Name: "RetrieveActivePath", Function: true, Description: "The stages of an instance: those passed, the active one, and those that follow as the record is now."}, c.path)
}

func (c calls) setProcess(ctx context.Context, call action.Call, in SetInput) (action.Empty, error) {
	row, err := call.Tx.Demand(ctx, in.Target.Table, in.Target.ID, access.Write)
	if err != nil {
		return action.Empty{}, err
	}
	system := access.AsSystem(ctx, "process")
	if in.NewProcess == nil || in.NewProcess.IsZero() {
		if t, _ := c.catalog().Table(in.Target.Table); t != nil {
			if _, has := t.Column("processid"); !has {
				return action.Empty{}, refused("records of %s follow no process", in.Target.Table)
			}
		}
		_, err := call.Tx.Update(system, in.Target.Table, in.Target.ID, record.Row{"processid": nil, "stageid": nil, "traversedpath": nil}, record.Match{})
		return action.Empty{}, err
	}
	p := c.set().find(func(p *Process) bool { return p.ID == in.NewProcess.ID })
	if p == nil || p.start(in.Target.Table) == nil {
		return action.Empty{}, refused("the process is not active, or none of %s", in.Target.Table)
	}
	where := query.And{query.Compare{Left: query.Path{p.Tables[in.Target.Table]}, Value: in.Target.ID}}
	if in.NewProcessInstance != nil {
		where = append(where, query.Compare{Left: query.Path{tableID(c.catalog(), p.Instance)}, Value: in.NewProcessInstance.ID})
	}
	page, err := call.Tx.Find(system, query.Query{Table: p.Instance, Where: where, Order: []query.Order{{Column: "modifiedon", Desc: true}}, Limit: 1})
	switch {
	case err != nil:
		return action.Empty{}, err
	case len(page.Rows) > 0:
		return action.Empty{}, p.mirror(system, call.Tx, page.Rows[0])
	case in.NewProcessInstance != nil:
		return action.Empty{}, errs.New(errs.NotFound, "process.instance", "the record has no such instance of %s", p.Name)
	}
	if err := p.begin(system, call.Tx, c.catalog(), in.Target.Table, row, c.clock); err != nil {
		return action.Empty{}, err
	}
	first := p.start(in.Target.Table).id
	_, err = call.Tx.Update(system, in.Target.Table, in.Target.ID, record.Row{"processid": p.ID, "stageid": first, "traversedpath": first.String()}, record.Match{})
	return action.Empty{}, err
}

func (c calls) instances(ctx context.Context, call action.Call, in InstancesInput) (Records, error) {
	t, ok := c.catalog().Table(in.EntityLogicalName)
	if !ok {
		return Records{}, errs.InvalidFields("action.input", "there is no table "+in.EntityLogicalName, []errs.Field{{Name: "EntityLogicalName", Code: "unknown", Message: "there is no such table"}})
	}
	row, err := call.Reader.Get(ctx, t.Name, in.EntityID, nil, nil)
	if err != nil {
		return Records{}, err
	}
	type found struct {
		odata.Typed
		current bool
		changed time.Time
	}
	var all []found
	for _, p := range c.set().all() {
		column := p.Tables[t.Name]
		if column == "" {
			continue
		}
		page, err := call.Reader.Find(ctx, query.Query{Table: p.Instance, Where: query.Compare{Left: query.Path{column}, Value: in.EntityID}, Limit: instancesMost})
		if errs.Has(err, errs.Forbidden) {
			continue
		}
		if err != nil {
			return Records{}, err
		}
		for _, instance := range page.Rows {
			at, _ := instance["modifiedon"].(time.Time)
			all = append(all, found{odata.Typed{Table: p.Instance, Row: instance}, row["processid"] == p.ID && row["traversedpath"] == instance["traversedpath"], at})
		}
	}
	slices.SortStableFunc(all, func(a, b found) int {
		if a.current != b.current {
			if a.current {
				return -1
			}
			return 1
		}
		return b.changed.Compare(a.changed)
	})
	out := Records{Value: []odata.Typed{}}
	for _, f := range all {
		out.Value = append(out.Value, f.Typed)
	}
	return out, nil
}

// instancesMost bounds how many instances of one process a record's list has.
const instancesMost = 100

func (c calls) path(ctx context.Context, call action.Call, in PathInput) (Records, error) {
	for _, p := range c.set().all() {
		instance, err := call.Reader.Get(ctx, p.Instance, in.ProcessInstanceID, nil, nil)
		if errs.Has(err, errs.NotFound) || errs.Has(err, errs.Forbidden) {
			continue
		}
		if err != nil {
			return Records{}, err
		}
		stages, err := p.path(ctx, call.Reader, instance)
		if err != nil {
			return Records{}, err
		}
		out := Records{Value: []odata.Typed{}}
		for _, s := range stages {
			row, err := call.Reader.Get(access.AsSystem(ctx, "process"), "processstage", s.id, nil, nil)
			if err != nil {
				return Records{}, err
			}
			out.Value = append(out.Value, odata.Typed{Table: "processstage", Row: row})
		}
		return out, nil
	}
	return Records{}, record.ErrNotFound
}

// path gives the stages that an instance has passed, is in, and will go through
// as its records are now. Where a record is not there yet, branches that ask for
// its values are passed over.
func (p *Process) path(ctx context.Context, r record.Reader, instance record.Row) ([]*Stage, error) {
	var out []*Stage
	current := p.stage(instance.ID("activestageid"))
	for text := range strings.SplitSeq(instance.Text("traversedpath"), ",") {
		key, err := id.Parse(text)
		if s := p.stage(key); err == nil && s != nil {
			out = append(out, s)
		}
	}
	for current != nil && len(out) <= maxStages {
		next, _, err := p.next(ctx, r, current, instance)
		if errs.Has(err, errs.NotFound) {
			next, err = nil, nil
			if current.after >= 0 {
				next = p.Stages[current.after]
			}
		}
		if err != nil {
			return nil, err
		}
		if next == nil || slices.Contains(out, next) {
			break
		}
		out, current = append(out, next), next
	}
	return out, nil
}
