package process

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// The status reasons of an instance.
const (
	reasonActive   = 1
	reasonFinished = 2
	reasonAborted  = 3
)

// CodeGate is the code of a move that required steps forbid.
const CodeGate = "process.gate"

// CodeReason is the code of a move back without the reason that the process asks for.
const CodeReason = "process.reason"

func refused(format string, args ...any) error {
	return errs.New(errs.Invalid, "process.move", format, args...)
}

// spent is how long an instance was in a stage, each time.
type spent struct {
	Stage   id.ID     `json:"stage"`
	Entered time.Time `json:"entered"`
	Seconds int64     `json:"seconds"`
	Reason  string    `json:"reason,omitempty"` // why it went back from there
}

// change checks what a writer wants of an instance and completes it.
func (p *Process) change(ctx context.Context, tx *record.Tx, old, change record.Row, now time.Time) error {
	reason, ending := change["statuscode"].(int64)
	_, moving := change["activestageid"]
	current := p.stage(old.ID("activestageid"))
	if current == nil {
		return refused("the instance is in no stage of the process %s", p.Name)
	}
	if path, given := change["traversedpath"]; given && !moving && path != old["traversedpath"] {
		return refused("the path follows from the stages that are entered")
	}
	switch {
	case moving && (old.Int("statecode") != 0 || ending):
		return refused("the process has ended: take it up again first")
	case moving:
		return p.move(ctx, tx, current, old, change, now)
	case ending && reason == reasonFinished:
		next, row, err := p.next(ctx, tx, current, old)
		if err != nil {
			return err
		}
		if next != nil {
			return refused("the process is finished in its last stage, not in %s", current.Name["en"])
		}
		if err := current.gate(row); err != nil {
			return err
		}
		p.end(current, old, change, now)
	case ending && reason == reasonAborted:
		p.end(current, old, change, now)
	case ending:
		change["completedon"], change["duration"], change["activestagestartedon"] = nil, nil, now
	}
	return nil
}

func (p *Process) end(current *Stage, old, change record.Row, now time.Time) {
	change["completedon"] = now
	if made, ok := old["createdon"].(time.Time); ok {
		change["duration"] = int64(now.Sub(made).Minutes())
	}
	change["rpt_stages"] = leave(current, old, now, "")
	change["rpt_stalledon"] = nil
}

// leave adds the time in the current stage to the history.
func leave(current *Stage, old record.Row, now time.Time, reason string) json.RawMessage {
	var all []spent
	if text, ok := old["rpt_stages"].(json.RawMessage); ok {
		_ = json.Unmarshal(text, &all) // written by the line below alone
	}
	entered, ok := old["activestagestartedon"].(time.Time)
	if !ok {
		entered = now
	}
	text, err := json.Marshal(append(all, spent{current.id, entered, int64(now.Sub(entered).Seconds()), reason}))
	if err != nil {
		return json.RawMessage("[]") // ids, times and numbers can always be written
	}
	return text
}

// move checks a move: one stage on, with the required steps done, or back to a
// stage that has been passed.
func (p *Process) move(ctx context.Context, tx *record.Tx, current *Stage, old, change record.Row, now time.Time) error {
	target := p.stage(change.ID("activestageid"))
	if target == nil {
		return refused("the stage does not belong to the process %s", p.Name)
	}
	path := strings.Split(old.Text("traversedpath"), ",")
	here := slices.Index(path, current.id.String())
	reason := ""
	if back := slices.Index(path, target.id.String()); back >= 0 && back < here {
		path = path[:back+1]
		given, _ := change["rpt_movereason"].(string)
		if reason = strings.TrimSpace(given); p.BackReason && reason == "" {
			return errs.InvalidFields(CodeReason, "say why the process goes back to "+target.Name["en"], []errs.Field{{Name: "rpt_movereason", Code: "required", Message: "a reason is needed to go back"}})
		}
	} else {
		next, row, err := p.next(ctx, tx, current, old)
		if err != nil {
			return err
		}
		if next != target {
			return refused("after %s comes another stage: a process moves one stage at a time", current.Name["en"])
		}
		if err := current.gate(row); err != nil {
			return err
		}
		if linked(p, target, old, change) == id.Nil {
			return refused("the stage %s needs a record of %s", target.Name["en"], target.Table)
		}
		path = append(path[:here+1:here+1], target.id.String())
	}
	joined := strings.Join(path, ",")
	if given, ok := change["traversedpath"].(string); ok && !strings.EqualFold(given, joined) {
		return refused("the path to that stage is %s", joined)
	}
	change["traversedpath"], change["activestagestartedon"], change["rpt_stages"] = joined, now, leave(current, old, now, reason)
	change["rpt_stalledon"] = nil
	return nil
}

// linked gives the record of the stage's table, as it will be.
func linked(p *Process, s *Stage, old, change record.Row) id.ID {
	column := p.Tables[s.Table]
	if _, given := change[column]; given {
		return change.ID(column)
	}
	return old.ID(column)
}

// next gives the stage that follows, nil after the last, and the current stage's record.
func (p *Process) next(ctx context.Context, tx record.Reader, current *Stage, instance record.Row) (*Stage, record.Row, error) {
	row, err := tx.Get(access.AsSystem(ctx, "process"), current.Table, instance.ID(p.Tables[current.Table]), nil, nil)
	if err != nil {
		return nil, nil, err
	}
	for _, b := range current.Next {
		holds := b.matcher == nil
		if !holds {
			if holds, err = b.matcher.Match(row); err != nil {
				return nil, nil, err
			}
		}
		if holds {
			return p.Stages[b.to], row, nil
		}
	}
	if current.after < 0 {
		return nil, row, nil
	}
	return p.Stages[current.after], row, nil
}

// gate refuses to let a record pass while required steps are empty, or a
// condition of the stage does not hold.
func (s *Stage) gate(row record.Row) error {
	var bad []errs.Field
	for _, step := range s.Steps {
		if step.Required && row[step.Column] == nil {
			bad = append(bad, errs.Field{Name: step.Column, Code: "required", Message: "a value is needed to leave the stage " + s.Name["en"]})
		}
	}
	for i := range s.Gates {
		holds, err := s.Gates[i].matcher.Match(row)
		if err != nil {
			return err
		}
		if !holds {
			bad = append(bad, errs.Field{Name: "", Code: "gate", Message: s.Gates[i].Message["en"]})
		}
	}
	return errs.InvalidFields(CodeGate, "some steps of the stage "+s.Name["en"]+" are still to be done", bad)
}
