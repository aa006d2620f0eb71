package signature

import (
	"context"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/files"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

const (
	signersMost = 10
	daysUsual   = 14
	daysMost    = 365
	contentMost = 20 << 20
	textMost    = 200_000
)

// RequestInput sends a document to be signed.
type RequestInput struct {
	Target   action.Ref   `json:"Target" doc:"The record that it is about"`
	Name     string       `json:"Name" doc:"What the document is called"`
	File     *action.Ref  `json:"File,omitempty" type:"rpt_documentfile" doc:"A PDF or text that came for a requested document"`
	Text     string       `json:"Text,omitempty" doc:"Or the text itself"`
	Message  string       `json:"Message,omitempty" doc:"Some words to those who sign"`
	Contacts []action.Ref `json:"Contacts" type:"contact" doc:"Who signs, in this order"`
	Days     int32        `json:"Days,omitempty" doc:"How long it can be signed; 14 by default"`
	Provider string       `json:"Provider,omitempty" doc:"Who has it signed; empty for here"`
}

// RequestOutput names what was made.
type RequestOutput struct {
	ID id.ID `json:"SignatureRequestId" doc:"A row of rpt_signaturerequest"`
}

func invalid(field, message string) error {
	return errs.InvalidFields("signature.invalid", "this can't be sent to be signed", []errs.Field{{Name: field, Code: "value", Message: message}})
}

func (in *RequestInput) check() error {
	in.Name = strings.TrimSpace(in.Name)
	switch {
	case in.Name == "" || len([]rune(in.Name)) > 300:
		return invalid("Name", "a name of at most 300 characters is needed")
	case len([]rune(in.Message)) > 2000:
		return invalid("Message", "at most 2,000 characters")
	case len(in.Contacts) == 0 || len(in.Contacts) > signersMost:
		return invalid("Contacts", "from 1 to 10 contacts can sign")
	case (in.File == nil || in.File.IsZero()) == (strings.TrimSpace(in.Text) == ""):
		return invalid("File", "give a file or a text")
	case len(in.Text) > textMost:
		return invalid("Text", "at most 200,000 bytes")
	case in.Days < 0 || in.Days > daysMost:
		return invalid("Days", "from 1 to 365 days")
	}
	seen := map[id.ID]bool{}
	for _, c := range in.Contacts {
		if seen[c.ID] {
			return invalid("Contacts", "somebody stands twice")
		}
		seen[c.ID] = true
	}
	if in.Days == 0 {
		in.Days = daysUsual
	}
	return nil
}

// request sends a document. What is to be read is read in the caller's name.
func (s *Service) request(ctx context.Context, _ action.Call, in RequestInput) (RequestOutput, error) {
	if err := in.check(); err != nil {
		return RequestOutput{}, err
	}
	provider := s.c.Providers[in.Provider]
	if in.Provider != "" && provider == nil {
		return RequestOutput{}, invalid("Provider", "there is no such provider")
	}
	rights, err := s.c.Store.Rights(ctx, in.Target.Table, in.Target.ID)
	switch {
	case err != nil:
		return RequestOutput{}, err
	case rights&access.Read == 0:
		return RequestOutput{}, record.ErrNotFound
	case rights&access.Write == 0:
		return RequestOutput{}, errs.New(errs.Forbidden, "access.record", "you may read this record, but not change it")
	}
	var signers []Signer
	for _, c := range in.Contacts {
		row, err := s.c.Store.Get(ctx, "contact", c.ID, []string{"fullname", "emailaddress1"}, nil)
		if err != nil {
			return RequestOutput{}, err
		}
		if strings.TrimSpace(row.Text("fullname")) == "" {
			return RequestOutput{}, invalid("Contacts", "who signs needs a name")
		}
		signers = append(signers, Signer{Name: row.Text("fullname"), Email: row.Text("emailaddress1")})
	}
	staged, err := s.stage(ctx, in)
	if err != nil {
		return RequestOutput{}, err
	}
	out := RequestOutput{id.New()}
	envelope := Envelope{ID: out.ID, Name: in.Name, Message: in.Message, SHA256: staged.SHA256, Expires: s.c.Clock.Now().Add(time.Duration(in.Days) * 24 * time.Hour)}
	for i := range signers {
		signers[i].ID = id.New()
	}
	envelope.Signers = signers
	reference := ""
	if provider != nil {
		if envelope.Content, err = s.read(ctx, staged); err == nil {
			reference, err = provider.Send(ctx, envelope)
		}
		if err != nil {
			return RequestOutput{}, err
		}
	}
	return out, s.c.Store.Write(ctx, func(tx *record.Tx) error {
		row, err := tx.Demand(ctx, in.Target.Table, in.Target.ID, access.Write)
		if err != nil {
			return err
		}
		return s.write(s.system(ctx, "sent by "+access.Actor(ctx).String()), tx, in, envelope, staged, row, reference)
	})
}

// stage lays the document in, as it will be signed.
func (s *Service) stage(ctx context.Context, in RequestInput) (files.Info, error) {
	system := s.system(ctx, "to be signed")
	if in.Text != "" {
		return s.c.Files.Stage(system, tableRequest, "rpt_content", "document.txt", strings.NewReader(in.Text))
	}
	file, err := s.c.Files.Info(ctx, "rpt_documentfile", in.File.ID, "rpt_content")
	if err != nil {
		return files.Info{}, err
	}
	r, err := s.c.Files.Open(ctx, file)
	if err != nil {
		return files.Info{}, err
	}
	defer r.Close()
	return s.c.Files.Stage(system, tableRequest, "rpt_content", file.Name, r)
}

// read gives the content of a document.
func (s *Service) read(ctx context.Context, in files.Info) ([]byte, error) {
	r, err := s.c.Files.Open(ctx, in)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(io.LimitReader(r, contentMost+1))
}

func (s *Service) write(ctx context.Context, tx *record.Tx, in RequestInput, e Envelope, staged files.Info, about record.Row, reference string) error {
	row := record.Row{"rpt_signaturerequestid": e.ID, "rpt_name": e.Name, "rpt_recordid": in.Target.ID, "rpt_recordtable": in.Target.Table, "rpt_content": staged.ID, "rpt_sha256": staged.SHA256, "rpt_mediatype": staged.MediaType, "rpt_status": Sent, "rpt_expireson": e.Expires}
	for name, v := range map[string]string{"rpt_message": strings.TrimSpace(in.Message), "rpt_provider": in.Provider, "rpt_reference": reference} {
		if v != "" {
			row[name] = v
		}
	}
	owner := record.Row{}
	if about.ID("ownerid") != id.Nil {
		owner["ownerid"], owner["owneridtype"] = about.ID("ownerid"), about.Text("owneridtype")
	}
	mine, _ := s.c.Catalog().Table(tableRequest)
	if c, ok := mine.Column("regardingobjectid"); ok && slices.Contains(c.Targets, in.Target.Table) {
		row["regardingobjectid"], row[metadata.TypeColumn("regardingobjectid")] = in.Target.ID, in.Target.Table
	}
	for k, v := range owner {
		row[k] = v
	}
	if _, err := tx.Create(ctx, tableRequest, row); err != nil {
		return err
	}
	for i, signer := range e.Signers {
		one := record.Row{"rpt_signatoryid": signer.ID, "rpt_name": signer.Name, "rpt_signaturerequestid": e.ID, "rpt_contactid": in.Contacts[i].ID, "rpt_order": int64(i + 1), "rpt_status": SignerWaits}
		if i == 0 || in.Provider != "" {
			one["rpt_status"] = SignerAsked
		}
		for k, v := range owner {
			one[k] = v
		}
		if _, err := tx.Create(ctx, tableSigner, one); err != nil {
			return err
		}
	}
	if in.Provider != "" {
		return nil
	}
	return s.letter(ctx, tx, in.Contacts[0].ID, row)
}

func (s *Service) letter(ctx context.Context, tx *record.Tx, contact id.ID, request record.Row) error {
	if s.c.Letters == nil {
		return nil
	}
	return s.c.Letters(ctx, tx, contact, request.Text("rpt_recordtable"), request.ID("rpt_recordid"))
}

// WithdrawInput says why.
type WithdrawInput struct {
	Reason string `json:"Reason" doc:"Why it is taken back"`
}

func (s *Service) withdraw(ctx context.Context, c action.Call, in WithdrawInput) (action.Empty, error) {
	if strings.TrimSpace(in.Reason) == "" || len([]rune(in.Reason)) > 2000 {
		return action.Empty{}, ErrReason
	}
	row, err := c.Tx.Demand(ctx, tableRequest, c.Target, access.Write)
	if err != nil {
		return action.Empty{}, err
	}
	if row.Int("rpt_status") != Sent {
		return action.Empty{}, ErrOver
	}
	// In the person's own name, for the log; the columns are not for typing.
	_, err = c.Tx.Update(access.Elevate(ctx, "signatures: withdrawn"), tableRequest, c.Target, record.Row{"rpt_status": Withdrawn, "rpt_reason": strings.TrimSpace(in.Reason), "rpt_completedon": s.c.Clock.Now()}, record.Match{})
	return action.Empty{}, err
}
