package document

import (
	"context"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// ReasonInput carries a reason.
type ReasonInput struct {
	Reason string `json:"Reason" doc:"Why, in words for the person of whom the document is asked"`
}

// NoteInput carries a note.
type NoteInput struct {
	Note string `json:"Note,omitempty" doc:"How the document came"`
}

// TargetInput names a record.
type TargetInput struct {
	Target action.Ref `json:"Target" doc:"The record"`
}

// AskInput asks for a document in words.
type AskInput struct {
	Target   action.Ref  `json:"Target" doc:"The record that needs it"`
	Name     string      `json:"Name" doc:"What is needed, in words for the person who is asked"`
	Help     string      `json:"Help,omitempty" doc:"More about it"`
	Optional bool        `json:"Optional,omitempty" doc:"Whether the record can go on without it"`
	Contact  *action.Ref `json:"Contact,omitempty" type:"contact" doc:"Who is asked; by default the contact of the record"`
}

// Define declares the actions.
func (s *Service) Define(r *action.Registry) {
	bound := func(name, words string) action.Spec {
		return action.Spec{Name: name, Table: tableRequest, Effect: action.DB, Right: access.Write, Description: words}
	}
	action.Define(r, bound("rpt_AcceptDocument", "Accepts what came for a requested document."), func(ctx context.Context, c action.Call, _ action.Empty) (action.Empty, error) {
		return action.Empty{}, s.review(ctx, c, Accepted, "", []int64{Received}, true)
	})
	action.Define(r, bound("rpt_RefuseDocument", "Refuses what came for a requested document, with the reason, and so asks for it again."), func(ctx context.Context, c action.Call, in ReasonInput) (action.Empty, error) {
		if err := words("Reason", in.Reason, 2000); err != nil {
			return action.Empty{}, err
		}
		return action.Empty{}, s.review(ctx, c, Refused, in.Reason, []int64{Received, Accepted}, false)
	})
	action.Define(r, bound("rpt_WaiveDocument", "Lets a requested document be, with the reason."), func(ctx context.Context, c action.Call, in ReasonInput) (action.Empty, error) {
		if err := words("Reason", in.Reason, 2000); err != nil {
			return action.Empty{}, err
		}
		return action.Empty{}, s.review(ctx, c, Waived, in.Reason, []int64{Asked, Received, Refused}, false)
	})
	action.Define(r, bound("rpt_ReceiveDocument", "Notes that a requested document came another way, such as by post, and accepts it."), func(ctx context.Context, c action.Call, in NoteInput) (action.Empty, error) {
		if len([]rune(in.Note)) > 2000 {
			return action.Empty{}, words("Note", "", 2000)
		}
		return action.Empty{}, s.review(ctx, c, Accepted, in.Note, []int64{Asked, Received, Refused}, false)
	})
	action.Define(r, bound("rpt_AskAgainForDocument", "Asks again for a document that was settled, with the reason."), func(ctx context.Context, c action.Call, in ReasonInput) (action.Empty, error) {
		if err := words("Reason", in.Reason, 2000); err != nil {
			return action.Empty{}, err
		}
		return action.Empty{}, s.review(ctx, c, Refused, in.Reason, []int64{Accepted, Waived, Withdrawn}, false)
	})
	action.Define(r, action.Spec{Name: "rpt_AskForDocument", Effect: action.DB, Description: "Asks for one more document about a record, in words. The caller must be allowed to write the record."}, s.askInWords)
	action.Define(r, action.Spec{Name: "rpt_AskForDocuments", Effect: action.DB, Description: "Asks now for all documents that the checklists have for a record, of whatever stage. What has been asked for stays as it is. The caller must be allowed to write the record."}, s.askAll)
}

func words(name, value string, most int) error {
	if strings.TrimSpace(value) == "" || len([]rune(value)) > most {
		return errs.InvalidFields("document.words", "this needs words", []errs.Field{{Name: name, Code: "required", Message: "some words are needed, not too many of them"}})
	}
	return nil
}

// review settles a request, as a person who may write it has decided.
func (s *Service) review(ctx context.Context, c action.Call, status int64, reason string, from []int64, files bool) error {
	row, err := c.Tx.Demand(ctx, tableRequest, c.Target, access.Write) // locks it
	if err != nil {
		return err
	}
	if !slices.Contains(from, row.Int("rpt_status")) {
		if row.Int("rpt_status") == Asked || row.Int("rpt_status") == Refused {
			return ErrNothing
		}
		return errs.New(errs.Conflict, "document.status", "the document is not at a point where this can be done: look at it again")
	}
	system := s.system(ctx, "review")
	if files {
		list, err := filesOf(system, c.Tx, eq("rpt_requestid", c.Target))
		if err != nil {
			return err
		}
		list = current(list)
		switch {
		case slices.ContainsFunc(list, func(r record.Row) bool { return r.Int("rpt_state") == FileHeld }):
			return ErrHeld
		case !slices.ContainsFunc(list, func(r record.Row) bool { return r.Int("rpt_state") == FileReady }):
			return ErrNothing
		}
	}
	change := record.Row{"rpt_reason": nil, "rpt_reviewedby": access.Actor(ctx), "rpt_reviewedon": s.c.Clock.Now()}
	if reason = strings.TrimSpace(reason); reason != "" {
		change["rpt_reason"] = reason
	}
	// In the person's own name, for the log; the columns are not for typing.
	if err := setStatus(access.Elevate(ctx, "documents: review"), c.Tx, row, status, change); err != nil {
		return err
	}
	if status == Refused {
		if err := s.letter(system, c.Tx, row.Text("rpt_recordtable"), row.ID("rpt_recordid"), row.ID("rpt_contactid"), "refused"); err != nil {
			return err
		}
	}
	return s.rollUp(system, c.Tx, row.Text("rpt_recordtable"), row.ID("rpt_recordid"))
}

// askInWords makes a request that no checklist has.
func (s *Service) askInWords(ctx context.Context, c action.Call, in AskInput) (action.Empty, error) {
	if err := words("Name", in.Name, 300); err != nil {
		return action.Empty{}, err
	}
	if len([]rune(in.Help)) > 2000 {
		return action.Empty{}, words("Help", "", 2000)
	}
	row, err := c.Tx.Demand(ctx, in.Target.Table, in.Target.ID, access.Write)
	if err != nil {
		return action.Empty{}, err
	}
	t, ok := s.c.Catalog().Table(in.Target.Table)
	if !ok {
		return action.Empty{}, ErrNone
	}
	system := s.system(ctx, "asked for in words")
	contact := id.Nil
	switch {
	case in.Contact != nil && !in.Contact.IsZero():
		if _, err := c.Reader.Get(ctx, "contact", in.Contact.ID, []string{"contactid"}, nil); err != nil {
			return action.Empty{}, err
		}
		contact = in.Contact.ID
	case t.Name == "contact":
		contact = in.Target.ID
	default:
		for _, l := range s.lists.Get()[t.Name] {
			if contact = s.contactOf(system, c.Tx, l, row); contact != id.Nil {
				break
			}
		}
	}
	have, err := requestsOf(system, c.Tx, in.Target.ID)
	if err != nil {
		return action.Empty{}, err
	}
	if len(have) >= requestsMost {
		return action.Empty{}, errs.New(errs.TooLarge, "document.requests", "a record has at most %d requested documents", requestsMost)
	}
	made := record.Row{"rpt_name": strings.TrimSpace(in.Name), "rpt_help": strings.TrimSpace(in.Help), "rpt_required": !in.Optional, "rpt_most": int64(filesUsual), "rpt_order": int64(1000 + len(have))}
	if err := s.create(access.Elevate(ctx, "documents: asked for in words"), c.Tx, t, row, contact, made); err != nil {
		return action.Empty{}, err
	}
	if err := s.letter(system, c.Tx, t.Name, in.Target.ID, contact, "asked"); err != nil {
		return action.Empty{}, err
	}
	return action.Empty{}, s.rollUp(system, c.Tx, t.Name, in.Target.ID)
}

func (s *Service) askAll(ctx context.Context, c action.Call, in TargetInput) (action.Empty, error) {
	row, err := c.Tx.Demand(ctx, in.Target.Table, in.Target.ID, access.Write)
	if err != nil {
		return action.Empty{}, err
	}
	list := s.lists.Get()[in.Target.Table]
	if len(list) == 0 {
		return action.Empty{}, errs.New(errs.Conflict, "document.no_list", "there is no active checklist for records of this table")
	}
	for _, l := range list {
		if err := s.follow(s.system(ctx, "asked for all"), c.Tx, l, row, true); err != nil {
			return action.Empty{}, err
		}
	}
	return action.Empty{}, nil
}
