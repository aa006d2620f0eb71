package audit

import (
	"context"
	"slices"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/action/builtin"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// AsOfInput asks for a record as it was.
type AsOfInput struct {
	Target action.Ref `json:"Target" doc:"The record"`
	AsOf   time.Time  `json:"AsOf" doc:"The moment"`
}

// AsOf is a record as it was at a moment.
type AsOf struct {
	Record  odata.Typed `json:"Record" doc:"The values of then, as far as you may see the columns now"`
	Changed []string    `json:"ChangedSince" doc:"Columns that have another value now"`
	Version int64       `json:"Version" doc:"The version of then"`
	Erased  bool        `json:"Erased" doc:"An erasure has taken values away since"`
	// DeletedOn is set where the record is there no more.
	DeletedOn *time.Time `json:"DeletedOn,omitempty" doc:"When the record was deleted, if it is there no more"`
}

func (s *Service) defineAsOf(r *action.Registry) {
	action.Define(r, action.Spec{Name: "rpt_RetrieveRecordAsOf", Function: true, Privilege: access.ReadRecordHistory, Description: "A record as it was at a moment, from its change log."},
		func(ctx context.Context, c action.Call, in AsOfInput) (AsOf, error) {
			t, err := s.table(in.Target.Table)
			if err != nil {
				return AsOf{}, err
			}
			now, err := c.Reader.Get(ctx, t.Name, in.Target.ID, nil, nil)
			var deleted *time.Time
			if errs.Has(err, errs.NotFound) {
				var last changelog.Change
				last, err = builtin.Gone(ctx, s.o.Log, s.o.Access, t, in.Target.ID)
				now, deleted = record.Row{}, &last.At
			}
			if err != nil {
				return AsOf{}, err
			}
			then, err := s.then(ctx, t, in.Target.ID, now, in.AsOf)
			if err != nil {
				return AsOf{}, err
			}
			hidden := s.o.Access.Hidden(ctx)
			out := AsOf{Record: odata.Typed{Table: t.Name, Row: record.Row{t.ID: in.Target.ID}, Columns: []string{}}, Changed: []string{}, Version: then.version, Erased: then.erased, DeletedOn: deleted}
			for _, column := range t.Columns {
				if column.Name == t.ID || column.IsFile() || column.Secured && hidden(t.Name, column.Name) {
					continue
				}
				out.Record.Row[column.Name] = then.row[column.Name]
				if column.Polymorphic() {
					out.Record.Row[metadata.TypeColumn(column.Name)] = then.row[metadata.TypeColumn(column.Name)]
				}
				out.Record.Columns = append(out.Record.Columns, column.Name)
				if deleted == nil && !same(then.row[column.Name], now[column.Name]) && !slices.Contains(stamps, column.Name) {
					out.Changed = append(out.Changed, column.Name)
				}
			}
			return out, s.noteHistory(ctx, t, in.Target.ID, out.Record.Columns)
		})
}

// noteHistory leaves the trace of audited columns whose old values are shown.
// What is read of the record now has left its own.
func (s *Service) noteHistory(ctx context.Context, t *metadata.Table, key id.ID, columns []string) error {
	var audited []string
	for _, name := range columns {
		if t.Shape().Columns[name].Audited {
			audited = append(audited, name)
		}
	}
	if len(audited) == 0 {
		return nil
	}
	return s.o.Store.NoteReads(ctx, record.Read{Table: t.Name, Columns: audited, IDs: []id.ID{key}, How: "history"})
}

// stamps are columns that the change log does not hold: of then, they are told
// by the changes themselves.
var stamps = []string{"createdon", "createdby", "modifiedon", "modifiedby", "createdonbehalfby", "modifiedonbehalfby", "versionnumber"}

// past is a record as it was.
type past struct {
	row     record.Row
	version int64
	erased  bool
}

// walkMost bounds the changes that one call goes back through.
const walkMost = 20_000

// then takes the changes since a moment back from a row.
func (s *Service) then(ctx context.Context, t *metadata.Table, key id.ID, now record.Row, at time.Time) (past, error) {
	out := past{row: record.Row{}, version: now.Version()}
	for name, v := range now {
		out.row[name] = v
	}
	before, seen := int64(0), 0
	for {
		changes, err := s.o.Log.History(ctx, t.Name, key, before, 500)
		if err != nil {
			return out, err
		}
		for _, c := range changes {
			if !c.At.After(at) && c.Op == changelog.Delete {
				return out, errs.New(errs.NotFound, "audit.deleted_then", "at that moment the record was deleted, since %s", c.At.Format(time.RFC3339))
			}
			if !c.At.After(at) {
				out.version = c.Version
				out.row["modifiedon"], out.row["modifiedby"], out.row["versionnumber"] = c.At, actorOf(c), c.Version
				return out, nil
			}
			before = c.Seq
			out.erased = out.erased || c.Erasure != id.Nil
			switch c.Op {
			case changelog.Create:
				if created, ok := now["createdon"].(time.Time); c.Version == 1 || ok && created.After(at) {
					return out, errs.New(errs.NotFound, "audit.not_yet", "the record was made at %s, after that moment", c.At.Format(time.RFC3339))
				}
				// It came back from the recycle bin: before that it was deleted.
			case changelog.Delete:
				out.row = values(t, c.Before)
				for _, name := range []string{"createdon", "createdby", "createdonbehalfby"} {
					out.row[name] = now[name]
				}
			case changelog.Update:
				was := values(t, c.Before)
				for name, v := range was {
					out.row[name] = v
				}
				for name := range values(t, c.After) {
					if _, had := was[name]; !had {
						out.row[name] = nil
					}
				}
			}
		}
		if seen += len(changes); len(changes) < 500 || seen >= walkMost {
			return out, errs.New(errs.NotFound, "audit.too_far", "the change log of this record does not reach back to that moment")
		}
	}
}

func actorOf(c changelog.Change) id.ID {
	if c.OnBehalfOf != id.Nil {
		return c.OnBehalfOf
	}
	return c.Actor
}
