package privacy

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
)

// WhoInput names a person.
type WhoInput struct {
	Table    string `json:"Table,omitempty" doc:"Logical name of the table of a record about the person: lead, contact or account"`
	ID       *id.ID `json:"Id,omitempty" doc:"Id of that record"`
	Email    string `json:"Email,omitempty" doc:"An e-mail address: all records that bear it"`
	Phone    string `json:"Phone,omitempty" doc:"A phone number, as it stands in the records"`
	Thorough bool   `json:"Thorough,omitempty" doc:"Looks through all texts of all records and changes, instead of asking what is known of addresses in them: slow among millions"`
}

func (in WhoInput) who() Who {
	w := Who{Table: in.Table, Email: in.Email, Phone: in.Phone, Thorough: in.Thorough}
	if in.ID != nil {
		w.ID = *in.ID
	}
	return w
}

// PreviewOutput tells what an erasure would do.
type PreviewOutput struct {
	Persons  int           `json:"Persons" doc:"Records about the person"`
	Blocked  string        `json:"Blocked,omitempty" doc:"Why the person can't be erased at all"`
	Found    bool          `json:"Found"`
	Emails   []string      `json:"Emails" doc:"Addresses by which the person is known"`
	Names    []string      `json:"Names"`
	Lines    []PreviewLine `json:"Lines"`
	Everyone []string      `json:"Elsewhere" doc:"Where the person is taken out, too"`
}

// PreviewLine is one line of a preview.
type PreviewLine struct {
	Store  string   `json:"Store"`
	Table  string   `json:"Table"`
	Done   string   `json:"Done" doc:"anonymised, deleted, redacted or kept"`
	Count  int      `json:"Count"`
	Reason string   `json:"Reason,omitempty"`
	IDs    []string `json:"Ids,omitempty"`
}

// RequestOutput names the row of rpt_personrequest that tells how it goes.
type RequestOutput struct {
	RequestID id.ID `json:"RequestId"`
}

// Define declares the actions.
func (s *Service) Define(r *action.Registry) {
	action.Define(r, action.Spec{Name: "rpt_PreviewErasure", Effect: action.Read, Privilege: access.ErasePersons, Description: "Tells what erasing a person would do, and what must stay and why. Changes nothing."}, s.previewErasure)
	action.Define(r, action.Spec{Name: "rpt_ErasePerson", Effect: action.DB, Privilege: access.ErasePersons, Description: "Erases a person everywhere, in the background: records, change log, recycle bin, stream, lake, files, search."},
		func(ctx context.Context, c action.Call, in WhoInput) (RequestOutput, error) {
			key, err := s.ask(ctx, c.Tx, forErasure, in.who())
			return RequestOutput{key}, err
		})
	action.Define(r, action.Spec{Name: "rpt_ExportPerson", Effect: action.DB, Privilege: access.ExportPersons, Description: "Makes an archive of all that is kept of a person, in the background; it becomes the file of the request."},
		func(ctx context.Context, c action.Call, in WhoInput) (RequestOutput, error) {
			key, err := s.ask(ctx, c.Tx, forAccess, in.who())
			return RequestOutput{key}, err
		})
}

func (s *Service) previewErasure(ctx context.Context, _ action.Call, in WhoInput) (PreviewOutput, error) {
	sub, err := s.plan(access.Elevate(ctx, "personal data"), in.who())
	if err != nil {
		return PreviewOutput{}, err
	}
	out := PreviewOutput{Persons: len(sub.Persons), Found: !sub.nobody(), Emails: sub.Emails, Names: sub.Names, Lines: []PreviewLine{},
		Everyone: []string{"changes", "bin", "files", "search", "stream", "lake", "database"}}
	if err := sub.frozen(); err != nil {
		out.Blocked = err.Error()
	}
	for _, l := range sub.preview().Lines {
		out.Lines = append(out.Lines, PreviewLine{l.Store, l.Table, l.Done, l.Count, l.Reason, l.IDs})
	}
	return out, nil
}
