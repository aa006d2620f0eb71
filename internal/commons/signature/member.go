package signature

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/files"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Document is a document as the one sees it who is asked to sign.
type Document struct {
	ID          id.ID // of the rpt_signatory
	Name        string
	Message     string
	SHA256      string
	Signer      string // name that is to be typed
	Status      int64  // of the document
	Mine        int64  // status of who looks
	Expires     time.Time
	SignedOn    time.Time
	Certificate bool
}

func member(ctx context.Context) (id.ID, error) {
	p := access.From(ctx)
	if p.Kind != access.Member || p.ID == id.Nil {
		return id.Nil, access.ErrSignIn
	}
	return p.ID, nil
}

// Mine lists what the member in the context is asked to sign about a record, or
// has signed. What is done by a provider is not done here.
func (s *Service) Mine(ctx context.Context, about id.ID) ([]Document, error) {
	contact, err := member(ctx)
	if err != nil {
		return nil, err
	}
	system := s.system(ctx, "what a member signs")
	requests, err := s.c.Store.Find(system, query.Query{Table: tableRequest, Limit: 200, Order: []query.Order{{Column: "createdon", Desc: true}}, Where: query.And{eq("rpt_recordid", about), query.Null{Left: query.Path{"rpt_provider"}}}})
	if err != nil {
		return nil, err
	}
	var out []Document
	for _, r := range requests.Rows {
		mine, err := s.c.Store.Find(system, query.Query{Table: tableSigner, Limit: 1, Where: query.And{eq("rpt_signaturerequestid", r.ID("rpt_signaturerequestid")), eq("rpt_contactid", contact)}})
		if err != nil {
			return nil, err
		}
		for _, m := range mine.Rows {
			if r.Int("rpt_status") == Withdrawn || r.Int("rpt_status") == Sent && m.Int("rpt_status") == SignerWaits {
				continue
			}
			d := Document{ID: m.ID("rpt_signatoryid"), Name: r.Text("rpt_name"), Message: r.Text("rpt_message"), SHA256: r.Text("rpt_sha256"), Signer: m.Text("rpt_name"), Status: r.Int("rpt_status"), Mine: m.Int("rpt_status"), Certificate: r["rpt_certificate"] != nil}
			d.Expires, _ = r["rpt_expireson"].(time.Time)
			d.SignedOn, _ = m["rpt_signedon"].(time.Time)
			out = append(out, d)
		}
	}
	return out, nil
}

// mine reads a signatory of the member's own and its document, about the record.
func (s *Service) mine(ctx context.Context, from record.Reader, contact, about, signer id.ID) (me, request record.Row, err error) {
	me, err = from.Get(ctx, tableSigner, signer, nil, nil)
	if err == nil && me.ID("rpt_contactid") == contact {
		request, err = from.Get(ctx, tableRequest, me.ID("rpt_signaturerequestid"), nil, nil)
		if err == nil && request.ID("rpt_recordid") == about && request.Text("rpt_provider") == "" && request.Int("rpt_status") != Withdrawn {
			return me, request, nil
		}
	}
	if err != nil && !errs.Has(err, errs.NotFound) {
		return nil, nil, err
	}
	return nil, nil, ErrNone
}

// Open reads the document for the member, and notes that it was read. certificate
// asks for the certificate instead.
func (s *Service) Open(ctx context.Context, about, signer id.ID, certificate bool) (files.Info, io.ReadSeekCloser, error) {
	contact, err := member(ctx)
	if err != nil {
		return files.Info{}, nil, err
	}
	ctx = s.system(ctx, "read by a member")
	me, request, err := s.mine(ctx, s.c.Store, contact, about, signer)
	if err != nil {
		return files.Info{}, nil, err
	}
	if me.Int("rpt_status") == SignerWaits {
		return files.Info{}, nil, ErrTurn
	}
	column := "rpt_content"
	if certificate {
		column = "rpt_certificate"
	}
	in, err := s.c.Files.Info(ctx, tableRequest, request.ID("rpt_signaturerequestid"), column)
	if err != nil {
		return files.Info{}, nil, err
	}
	r, err := s.c.Files.Open(ctx, in)
	if err != nil || certificate || me.Int("rpt_status") != SignerAsked {
		return in, r, err
	}
	err = s.c.Store.Write(ctx, func(tx *record.Tx) error {
		_, err := tx.Update(ctx, tableSigner, signer, record.Row{"rpt_status": SignerRead, "rpt_viewedon": s.c.Clock.Now()}, record.Match{})
		return err
	})
	if err != nil {
		_ = r.Close()
		return files.Info{}, nil, err
	}
	return in, r, nil
}

// turn locks a document and looks whether the member can sign or decline it now.
func (s *Service) turn(ctx context.Context, tx *record.Tx, contact, about, signer id.ID) (me, request record.Row, err error) {
	if me, request, err = s.mine(ctx, tx, contact, about, signer); err != nil {
		return nil, nil, err
	}
	if request, err = tx.Demand(ctx, tableRequest, request.ID("rpt_signaturerequestid"), access.Write); err != nil { // locks it
		return nil, nil, err
	}
	if me, err = tx.Get(ctx, tableSigner, signer, nil, nil); err != nil {
		return nil, nil, err
	}
	expires, _ := request["rpt_expireson"].(time.Time)
	switch {
	case request.Int("rpt_status") != Sent || !expires.After(s.c.Clock.Now()) || me.Int("rpt_status") == SignerSigned || me.Int("rpt_status") == SignerDeclined:
		return nil, nil, ErrOver
	case me.Int("rpt_status") == SignerWaits:
		return nil, nil, ErrTurn
	}
	return me, request, nil
}

// SignInput is what a member sends with the signature.
type SignInput struct {
	Typed  string
	Agrees bool
	SHA256 string // of what was shown
}

func plain(name string) string { return query.Fold(strings.Join(strings.Fields(name), " ")) }

// Sign signs a document for the member.
func (s *Service) Sign(ctx context.Context, about, signer id.ID, in SignInput, from From) error {
	contact, err := member(ctx)
	if err != nil {
		return err
	}
	now := s.c.Clock.Now()
	switch {
	case from.SignedIn.IsZero() || now.Sub(from.SignedIn) > Recent:
		return ErrRecent
	case !in.Agrees:
		return ErrConsent
	}
	ctx = s.system(ctx, "signed by a member")
	_, request, err := s.mine(ctx, s.c.Store, contact, about, signer)
	if err != nil {
		return err
	}
	info, sum, err := s.sum(ctx, request.ID("rpt_signaturerequestid"), "rpt_content")
	if err != nil {
		return err
	}
	done := false
	err = s.c.Store.Write(ctx, func(tx *record.Tx) error {
		me, request, err := s.turn(ctx, tx, contact, about, signer)
		switch {
		case err != nil:
			return err
		case me.Int("rpt_status") != SignerRead:
			return ErrUnread
		case sum != request.Text("rpt_sha256") || in.SHA256 != sum:
			return ErrOther
		case plain(in.Typed) == "" || plain(in.Typed) != plain(me.Text("rpt_name")):
			return ErrName
		}
		who, err := tx.Get(ctx, "contact", contact, []string{"fullname", "emailaddress1"}, nil)
		if err != nil {
			return err
		}
		e := Evidence{Request: request.ID("rpt_signaturerequestid"), Signer: signer, Document: request.Text("rpt_name"), SHA256: sum, Size: info.Size, Media: info.MediaType, Contact: contact, Name: me.Text("rpt_name"), Typed: clip(strings.TrimSpace(in.Typed), 300), Email: who.Text("emailaddress1"),
			At: now.UTC(), Address: clip(from.Address, 100), Agent: clip(from.Agent, 500), Method: clip(from.Method, 40), SignedIn: from.SignedIn.UTC(), Consent: Consent(from.Lang)}
		e.Read, _ = me["rpt_viewedon"].(time.Time)
		if done, err = s.signed(ctx, tx, me, request, e); err != nil {
			return err
		}
		return nil
	})
	if err != nil || !done {
		return err
	}
	return s.certify(ctx, request.ID("rpt_signaturerequestid"))
}

// signed keeps the evidence, asks who signs next, and tells whether all have.
func (s *Service) signed(ctx context.Context, tx *record.Tx, me, request record.Row, e Evidence) (all bool, err error) {
	text, seal, err := s.seal(e)
	if err != nil {
		return false, err
	}
	if _, err := tx.Update(ctx, tableSigner, e.Signer, record.Row{"rpt_status": SignerSigned, "rpt_signedon": e.At, "rpt_typedname": e.Typed, "rpt_address": e.Address, "rpt_method": e.Method, "rpt_evidence": text, "rpt_seal": seal}, record.Match{}); err != nil {
		return false, err
	}
	list, err := s.signers(ctx, tx, e.Request)
	if err != nil {
		return false, err
	}
	for _, next := range list {
		switch next.Int("rpt_status") {
		case SignerSigned:
			continue
		case SignerWaits:
			if _, err := tx.Update(ctx, tableSigner, next.ID("rpt_signatoryid"), record.Row{"rpt_status": SignerAsked}, record.Match{}); err != nil {
				return false, err
			}
			return false, s.letter(ctx, tx, next.ID("rpt_contactid"), request)
		}
		return false, nil // one whom a provider has asked as well
	}
	return true, s.over(ctx, tx, request, Signed, nil, "A document was signed")
}

// Decline ends a document with the member's reason.
func (s *Service) Decline(ctx context.Context, about, signer id.ID, reason string) error {
	contact, err := member(ctx)
	if err != nil {
		return err
	}
	if reason = strings.TrimSpace(reason); reason == "" || len([]rune(reason)) > 2000 {
		return ErrReason
	}
	ctx = s.system(ctx, "declined by a member")
	return s.c.Store.Write(ctx, func(tx *record.Tx) error {
		_, request, err := s.turn(ctx, tx, contact, about, signer)
		if err != nil {
			return err
		}
		if _, err := tx.Update(ctx, tableSigner, signer, record.Row{"rpt_status": SignerDeclined, "rpt_reason": reason}, record.Match{}); err != nil {
			return err
		}
		return s.over(ctx, tx, request, Declined, record.Row{"rpt_reason": reason}, "A document was not signed: it was declined")
	})
}

// sum reads content to its end and gives its SHA-256.
func (s *Service) sum(ctx context.Context, request id.ID, column string) (files.Info, string, error) {
	in, err := s.c.Files.Info(ctx, tableRequest, request, column)
	if err != nil {
		return in, "", err
	}
	r, err := s.c.Files.Open(ctx, in)
	if err != nil {
		return in, "", err
	}
	defer r.Close()
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return in, "", err
	}
	return in, hex.EncodeToString(h.Sum(nil)), nil
}

// Outcome takes what a provider tells of one signatory of a document that it has
// signed: that it has signed, with the provider's evidence, or declined with a
// reason. What is known already has no second effect.
func (s *Service) Outcome(ctx context.Context, provider string, request, signer id.ID, signedOn time.Time, method, reason string) error {
	ctx = s.system(ctx, "told by "+provider)
	done := false
	err := s.c.Store.Write(ctx, func(tx *record.Tx) error {
		row, err := tx.Demand(ctx, tableRequest, request, access.Write)
		if err != nil {
			return err
		}
		me, err := tx.Get(ctx, tableSigner, signer, nil, nil)
		if err != nil {
			return err
		}
		if row.Text("rpt_provider") != provider || provider == "" || me.ID("rpt_signaturerequestid") != request {
			return ErrNone
		}
		if row.Int("rpt_status") != Sent || me.Int("rpt_status") == SignerSigned || me.Int("rpt_status") == SignerDeclined {
			return nil
		}
		if reason != "" {
			if _, err := tx.Update(ctx, tableSigner, signer, record.Row{"rpt_status": SignerDeclined, "rpt_reason": clip(reason, 2000)}, record.Match{}); err != nil {
				return err
			}
			return s.over(ctx, tx, row, Declined, record.Row{"rpt_reason": clip(reason, 2000)}, "A document was not signed: it was declined")
		}
		done, err = s.signed(ctx, tx, me, row, Evidence{Request: request, Signer: signer, Document: row.Text("rpt_name"), SHA256: row.Text("rpt_sha256"), Media: row.Text("rpt_mediatype"), Contact: me.ID("rpt_contactid"), Name: me.Text("rpt_name"), At: signedOn.UTC(), Method: clip(method, 40), Provider: provider})
		return err
	})
	if err != nil || !done {
		return err
	}
	return s.certify(ctx, request)
}
