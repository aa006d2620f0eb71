package decision

import (
	"context"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/notify"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/rule/decide"
)

// OverrideInput asks for an override.
type OverrideInput struct {
	Reason string `json:"Reason" doc:"Why the decision should not stand"`
}

// SettleInput settles an override that was asked for.
type SettleInput struct {
	Approve bool   `json:"Approve" doc:"Whether the decision is overridden"`
	Note    string `json:"Note,omitempty" doc:"What the second person has to say; needed where it is not approved"`
}

const mostReason = 2000

func text(name, value string) error {
	if strings.TrimSpace(value) == "" || len([]rune(value)) > mostReason {
		return errs.InvalidFields("decision.reason", "this needs a reason", []errs.Field{{Name: name, Code: "required", Message: "say why, in at most 2,000 characters"}})
	}
	return nil
}

// person gives who really asks: behind a delegate stands the person named by the context.
func people(ctx context.Context) []id.ID {
	p := access.From(ctx)
	out := []id.ID{p.ID}
	if p.Delegate != id.Nil {
		out = append(out, p.Delegate)
	}
	return out
}

// requestOverride notes that somebody who may write the record wants a decision not to stand.
func (s *Service) requestOverride(ctx context.Context, c action.Call, in OverrideInput) (action.Empty, error) {
	if err := text("Reason", in.Reason); err != nil {
		return action.Empty{}, err
	}
	system := s.system(ctx, "override asked for")
	row, err := c.Tx.Demand(system, "rpt_decisioncheck", c.Target, access.Write) // locks it
	if err != nil {
		return action.Empty{}, err
	}
	if _, err := c.Tx.Demand(ctx, row.Text("rpt_recordtable"), row.ID("rpt_recordid"), access.Write); err != nil {
		return action.Empty{}, err
	}
	switch {
	case row.Int("statecode") != 0:
		return action.Empty{}, ErrSuperseded
	case row.Int("rpt_outcome") == int64(decide.Pass):
		return action.Empty{}, errs.New(errs.Conflict, "decision.passed", "there is nothing to override: the decision is in the record's favour")
	case row.Int("rpt_override") == overrideRequested || row.Int("rpt_override") == overrideApproved:
		return action.Empty{}, errs.New(errs.Conflict, "decision.override_exists", "an override of this decision has been asked for, or approved, already")
	}
	_, err = c.Tx.Update(system, "rpt_decisioncheck", c.Target, record.Row{"rpt_override": overrideRequested, "rpt_overridereason": in.Reason, "rpt_requestedby": access.From(ctx).ID, "rpt_requestedon": s.c.Clock.Now(),
		"rpt_settledby": nil, "rpt_settledon": nil, "rpt_settlenote": nil}, record.Match{})
	if err != nil {
		return action.Empty{}, err
	}
	return action.Empty{}, s.tellApprovers(system, c.Tx, people(ctx), row, in.Reason)
}

// tellApprovers tells those who may settle an override that one waits: the manager
// of who asks, where the manager may, and otherwise those of all who may whose right
// is meant for this record most, as the managers of its business unit before those
// who may settle everything.
func (s *Service) tellApprovers(ctx context.Context, tx *record.Tx, asking []id.ID, check record.Row, reason string) error {
	person, err := tx.Get(ctx, "systemuser", asking[0], []string{"fullname", "parentsystemuserid"}, nil)
	if err != nil && !errs.Has(err, errs.NotFound) {
		return err // one that is not found is not a person: a program of its own
	}
	in := notify.Input{Title: "Override to approve", Body: clip(person.Text("fullname")+": "+check.Text("rpt_name")+". "+reason, 1999), Kind: "approval",
		RegardingID: check.ID("rpt_recordid"), RegardingType: check.Text("rpt_recordtable")}
	return s.tellAll(ctx, tx, s.approvers(asking, person.ID("parentsystemuserid"), check), in)
}

// approvers lists who is told of an override that waits.
func (s *Service) approvers(asking []id.ID, manager id.ID, check record.Row) []id.ID {
	var out []id.ID
	nearest := access.Global
	for _, h := range s.c.People.Holders(access.Subject{Table: "rpt_decisioncheck", Owner: check.ID("ownerid"), Unit: check.ID("owningbusinessunit")}, access.Write) {
		if slices.Contains(asking, h.User) || h.User == access.SystemUser {
			continue
		}
		if h.User == manager {
			return []id.ID{manager}
		}
		depth := access.Global
		for _, r := range h.Reasons {
			depth = min(depth, r.Depth) // none where it is held over who owns the record
		}
		if depth < nearest {
			nearest, out = depth, nil
		}
		if depth == nearest {
			out = append(out, h.User)
		}
	}
	return out
}

// settleOverride approves or rejects: by a second person, who may write the
// decision itself, which who owns the record may not by that alone.
func (s *Service) settleOverride(ctx context.Context, c action.Call, in SettleInput) (action.Empty, error) {
	if !in.Approve {
		if err := text("Note", in.Note); err != nil {
			return action.Empty{}, err
		}
	}
	if len([]rune(in.Note)) > mostReason {
		return action.Empty{}, text("Note", in.Note)
	}
	row, err := c.Tx.Demand(ctx, "rpt_decisioncheck", c.Target, access.Write)
	if err != nil {
		return action.Empty{}, err
	}
	asked := row.ID("rpt_requestedby")
	switch {
	case row.Int("statecode") != 0:
		return action.Empty{}, ErrSuperseded
	case row.Int("rpt_override") != overrideRequested:
		return action.Empty{}, errs.New(errs.Conflict, "decision.no_override", "no override of this decision waits to be settled")
	}
	for _, who := range people(ctx) {
		if who == asked {
			return action.Empty{}, ErrSamePerson
		}
	}
	system := s.system(ctx, "override settled")
	state := overrideRejected
	if in.Approve {
		state = overrideApproved
	}
	if _, err := c.Tx.Update(system, "rpt_decisioncheck", c.Target, record.Row{"rpt_override": state, "rpt_settledby": access.From(ctx).ID, "rpt_settledon": s.c.Clock.Now(), "rpt_settlenote": in.Note}, record.Match{}); err != nil {
		return action.Empty{}, err
	}
	if in.Approve {
		if err := s.overridden(system, c.Tx, row); err != nil {
			return action.Empty{}, err
		}
	}
	title := map[bool]string{true: "Override approved", false: "Override rejected"}[in.Approve]
	_, err = notify.Send(system, c.Tx, asked, notify.Input{Title: title, Body: row.Text("rpt_name") + " " + in.Note, RegardingID: row.ID("rpt_recordid"), RegardingType: row.Text("rpt_recordtable")})
	return action.Empty{}, err
}

// overridden notes it on the record.
func (s *Service) overridden(ctx context.Context, tx *record.Tx, check record.Row) error {
	set, err := tx.Get(ctx, "rpt_decision", check.ID("rpt_decisionid"), []string{"rpt_outcomecolumn"}, nil)
	if err != nil {
		return err
	}
	column := set.Text("rpt_outcomecolumn")
	if column == "" {
		return nil
	}
	_, err = tx.Update(ctx, check.Text("rpt_recordtable"), check.ID("rpt_recordid"), record.Row{column: outcomeOverridden}, record.Match{})
	return err
}
