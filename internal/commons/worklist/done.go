package worklist

import (
	"context"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// DoneInput says which step was done, and which one comes after it.
type DoneInput struct {
	Target   action.Ref  `json:"Target" doc:"The record that was worked on"`
	Activity *action.Ref `json:"Activity,omitempty" doc:"The open activity that is done; without one, a phone call that was made is noted"`
	Subject  string      `json:"Subject,omitempty" doc:"Of the phone call that is noted"`
	Note     string      `json:"Note,omitempty" doc:"What came of it"`
	Next     string      `json:"Next,omitempty" doc:"What follows: task, phonecall, or nothing"`
	NextDue  *time.Time  `json:"NextDue,omitempty" doc:"When it is due"`
	NextText string      `json:"NextText,omitempty" doc:"Its subject"`
}

// DoneOutput names what was written.
type DoneOutput struct {
	ActivityID id.ID `json:"ActivityId"`
	NextID     id.ID `json:"NextId"` // the nil id where nothing follows
}

// ErrDone means that a step is not open any more.
var ErrDone = errs.New(errs.Conflict, "worklist.done", "this step is not open any more")

// done closes a step and plans the next, in one transaction.
func (s *Service) done(ctx context.Context, c action.Call, in DoneInput) (out DoneOutput, err error) {
	if err := in.check(); err != nil {
		return out, err
	}
	t, ok := c.Tx.Catalog().Table(in.Target.Table)
	if !ok || t.Work == nil {
		return out, errs.InvalidFields("worklist.table", "the table has no work list", []errs.Field{{Name: "Target", Code: "worklist.table", Message: "a record of a table with a work list is expected"}})
	}
	if in.Activity != nil && !in.Activity.IsZero() {
		out.ActivityID, err = in.Activity.ID, s.complete(ctx, c.Tx, in)
	} else {
		out.ActivityID, err = s.called(ctx, c.Tx, in)
	}
	if err != nil || in.Next == "" {
		return out, err
	}
	made, err := c.Tx.Create(ctx, in.Next, about(in.Target, record.Row{"subject": in.NextText, "scheduledend": *in.NextDue}))
	return DoneOutput{out.ActivityID, made.ID("activityid")}, err
}

func (in *DoneInput) check() error {
	in.Subject, in.Note, in.NextText = strings.TrimSpace(in.Subject), strings.TrimSpace(in.Note), strings.TrimSpace(in.NextText)
	var bad []errs.Field
	if in.Next != "" && in.Next != "task" && in.Next != "phonecall" {
		bad = append(bad, errs.Field{Name: "Next", Code: "options", Message: "task or phonecall is expected, or nothing"})
	}
	if in.Next != "" && in.NextDue == nil {
		bad = append(bad, errs.Field{Name: "NextDue", Code: "required", Message: "say when the next step is due"})
	}
	if in.Next != "" && in.NextText == "" {
		bad = append(bad, errs.Field{Name: "NextText", Code: "required", Message: "say what the next step is"})
	}
	if (in.Activity == nil || in.Activity.IsZero()) && in.Subject == "" {
		bad = append(bad, errs.Field{Name: "Subject", Code: "required", Message: "say what the call was about"})
	}
	return errs.InvalidFields("worklist.step", "the step can't be noted as it stands", bad)
}

// complete closes the activity that is the step.
func (s *Service) complete(ctx context.Context, tx *record.Tx, in DoneInput) error {
	t, ok := tx.Catalog().Table(in.Activity.Table)
	if !ok || t.Base != "activitypointer" {
		return errs.InvalidFields("worklist.step", "the step can't be noted as it stands", []errs.Field{{Name: "Activity", Code: "worklist.activity", Message: "an activity is expected"}})
	}
	row, err := tx.Get(ctx, t.Name, in.Activity.ID, []string{"statecode", regarding, "description"}, nil)
	if err != nil {
		return err
	}
	if row.ID(regarding) != in.Target.ID {
		return errs.InvalidFields("worklist.step", "the step can't be noted as it stands", []errs.Field{{Name: "Activity", Code: "worklist.activity", Message: "the activity is about another record"}})
	}
	if state := row.Int("statecode"); state != 0 && state != 3 {
		return ErrDone
	}
	change := record.Row{"statecode": int64(1), "actualend": s.Clock.Now()}
	if in.Note != "" {
		change["description"] = strings.TrimSpace(row.Text("description") + "\n\n" + in.Note)
	}
	_, err = tx.Update(ctx, t.Name, in.Activity.ID, change, record.Match{})
	return err
}

// called notes a phone call that was made.
func (s *Service) called(ctx context.Context, tx *record.Tx, in DoneInput) (id.ID, error) {
	row := about(in.Target, record.Row{"subject": in.Subject, "statecode": int64(1), "directioncode": true, "actualend": s.Clock.Now()})
	if in.Note != "" {
		row["description"] = in.Note
	}
	made, err := tx.Create(ctx, "phonecall", row)
	return made.ID("activityid"), err
}

func about(target action.Ref, row record.Row) record.Row {
	row[regarding], row[metadata.TypeColumn(regarding)] = target.ID, target.Table
	return row
}
