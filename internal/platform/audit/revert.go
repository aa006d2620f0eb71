package audit

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/action/builtin"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// RevertChangeInput takes one change back.
type RevertChangeInput struct {
	AuditID   id.ID    `json:"AuditId" doc:"Id of the change, from a history"`
	Columns   []string `json:"Columns,omitempty" doc:"Only these of its columns; all if none are named"`
	Overwrite bool     `json:"Overwrite,omitempty" doc:"Also where the value has been changed again since"`
}

// RevertRecordInput puts a record back to as it was.
type RevertRecordInput struct {
	Target  action.Ref `json:"Target" doc:"The record"`
	AsOf    time.Time  `json:"AsOf" doc:"The moment to which it is put back"`
	Columns []string   `json:"Columns,omitempty" doc:"Only these columns; all if none are named"`
	DryRun  bool       `json:"DryRun,omitempty" doc:"Only say what would be changed"`
}

// Reverted tells what was put back.
type Reverted struct {
	Columns []string `json:"Columns" doc:"Columns that have their old value again"`
	Skipped []string `json:"Skipped" doc:"Columns that can't be set back: the platform works them out, they hold content, or you may not set them"`
}

func (s *Service) defineRevert(r *action.Registry) {
	action.Define(r, action.Spec{Name: "rpt_RevertChange", Effect: action.DB, Privilege: access.ReadRecordHistory, Description: "Puts the old values of one change of a record back."}, s.revertChange)
	action.Define(r, action.Spec{Name: "rpt_RevertRecord", Effect: action.DB, Privilege: access.ReadRecordHistory, Description: "Puts a record back to as it was at a moment."}, s.revertRecord)
}

func (s *Service) revertChange(ctx context.Context, c action.Call, in RevertChangeInput) (Reverted, error) {
	gone := errs.New(errs.NotFound, "record.not_found", "there is no such change, or you may not see it")
	pos, ok := builtin.Position(in.AuditID)
	if !ok {
		return Reverted{}, gone
	}
	change, found, err := s.o.Log.At(ctx, pos)
	if err != nil {
		return Reverted{}, err
	}
	if !found {
		return Reverted{}, gone
	}
	t, err := s.table(change.Table)
	if err != nil {
		return Reverted{}, gone
	}
	now, err := c.Reader.Get(ctx, t.Name, change.Record, nil, nil)
	if err != nil {
		return Reverted{}, err
	}
	if change.Op != changelog.Update {
		return Reverted{}, errs.New(errs.Invalid, "revert.operation", "only a change of values can be taken back: delete a record that was made, restore one that was deleted")
	}
	if change.Erasure != id.Nil {
		return Reverted{}, errs.New(errs.Conflict, "revert.erased", "an erasure has taken the old values of this change away")
	}
	was, became := values(t, change.Before), values(t, change.After)
	for name := range became {
		if _, had := was[name]; !had {
			was[name] = nil
		}
	}
	set, out, err := s.choose(ctx, t, was, in.Columns)
	if err != nil {
		return out, err
	}
	if !in.Overwrite {
		if err := s.overlaps(t, set, became, now); err != nil {
			return out, err
		}
	}
	return s.put(ctx, c, t, change.Record, now, set, out, "revert "+in.AuditID.String())
}

// overlaps refuses where a value is no longer the one that the change made.
func (s *Service) overlaps(t *metadata.Table, set, became, now record.Row) error {
	var bad []errs.Field
	for _, column := range t.Columns {
		if _, wanted := set[column.Name]; !wanted || same(now[column.Name], became[column.Name]) || same(now[column.Name], set[column.Name]) {
			continue
		}
		bad = append(bad, errs.Field{Name: column.Name, Code: "changed_since", Message: "it has been changed again since"})
	}
	if len(bad) == 0 {
		return nil
	}
	e := errs.New(errs.Conflict, "revert.overlap", "later changes overlap: choose other columns, or overwrite what came later")
	e.Fields = bad
	return e
}

func (s *Service) revertRecord(ctx context.Context, c action.Call, in RevertRecordInput) (Reverted, error) {
	t, err := s.table(in.Target.Table)
	if err != nil {
		return Reverted{}, err
	}
	now, err := c.Reader.Get(ctx, t.Name, in.Target.ID, nil, nil)
	if err != nil {
		return Reverted{}, err
	}
	then, err := s.then(ctx, t, in.Target.ID, now, in.AsOf)
	if err != nil {
		return Reverted{}, err
	}
	if then.erased {
		return Reverted{}, errs.New(errs.Conflict, "revert.erased", "an erasure has taken old values of this record away since")
	}
	wanted := record.Row{}
	for _, column := range t.Columns {
		if slices.Contains(stamps, column.Name) || same(then.row[column.Name], now[column.Name]) {
			continue
		}
		wanted[column.Name] = then.row[column.Name]
		if column.Polymorphic() {
			wanted[metadata.TypeColumn(column.Name)] = then.row[metadata.TypeColumn(column.Name)]
		}
	}
	set, out, err := s.choose(ctx, t, wanted, in.Columns)
	if err != nil {
		return out, err
	}
	if in.DryRun {
		for name := range set {
			if _, ok := t.Column(name); ok {
				out.Columns = append(out.Columns, name)
			}
		}
		slices.Sort(out.Columns)
		return out, nil
	}
	return s.put(ctx, c, t, in.Target.ID, now, set, out, fmt.Sprintf("revert to %s", in.AsOf.UTC().Format(time.RFC3339)))
}

// choose takes those values that are wanted and can be set back. A column that is
// hidden from the caller is neither shown nor set.
func (s *Service) choose(ctx context.Context, t *metadata.Table, was record.Row, only []string) (set record.Row, out Reverted, err error) {
	set, out = record.Row{}, Reverted{Columns: []string{}, Skipped: []string{}}
	for _, name := range only {
		if _, ok := was[name]; !ok {
			return nil, out, errs.InvalidFields("revert.column", "some columns can't be put back", []errs.Field{{Name: name, Code: "unchanged", Message: "it has not been changed"}})
		}
	}
	hidden := s.o.Access.Hidden(ctx)
	for _, column := range t.Columns {
		v, has := was[column.Name]
		switch {
		case !has || len(only) > 0 && !slices.Contains(only, column.Name) || column.Secured && hidden(t.Name, column.Name):
			continue
		case !settable(column) || s.o.Access.AllowColumns(ctx, t, map[string]any{column.Name: v}, false) != nil:
			out.Skipped = append(out.Skipped, column.Name)
			continue
		}
		set[column.Name] = v
		if kind := metadata.TypeColumn(column.Name); column.Polymorphic() {
			set[kind] = was[kind]
		}
	}
	return set, out, nil
}

// put writes the old values as any other change is written: with access control,
// hooks and a change row, which says what it takes back.
func (s *Service) put(ctx context.Context, c action.Call, t *metadata.Table, key id.ID, now, set record.Row, out Reverted, why string) (Reverted, error) {
	if len(set) == 0 {
		if len(out.Skipped) > 0 {
			return out, errs.New(errs.Conflict, "revert.nothing", "none of these columns can be set back by hand")
		}
		return out, nil
	}
	if origin := changelog.Origin(ctx); origin != "" {
		why += ", " + origin
	}
	row, err := c.Tx.Update(changelog.WithOrigin(ctx, why), t.Name, key, set, record.Match{Version: now.Version(), MustExist: true})
	if err != nil {
		return out, err
	}
	for _, column := range t.Columns {
		if _, wanted := set[column.Name]; wanted && !same(row[column.Name], now[column.Name]) {
			out.Columns = append(out.Columns, column.Name)
		}
	}
	return out, nil
}
