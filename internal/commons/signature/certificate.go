package signature

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/go-pdf/fpdf"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// certify makes the certificate of a document that all have signed, and lays it
// beside the document..
func (s *Service) certify(ctx context.Context, request id.ID) error {
	row, err := s.c.Store.Get(ctx, tableRequest, request, nil, nil)
	if err != nil {
		return err
	}
	signers, err := s.signers(ctx, s.c.Store, request)
	if err != nil {
		return err
	}
	var list []Evidence
	for _, m := range signers {
		e, ok := s.sealed(m.Text("rpt_evidence"), m.Text("rpt_seal"))
		if !ok {
			return nil // nothing is certified that was tampered with; verification says so
		}
		list = append(list, e)
	}
	text, err := certificate(row, list)
	if err != nil {
		return err
	}
	in, err := s.c.Files.Stage(ctx, tableRequest, "rpt_certificate", "certificate.pdf", bytes.NewReader(text))
	if err != nil {
		return err
	}
	return s.c.Store.Write(ctx, func(tx *record.Tx) error {
		_, err := tx.Update(ctx, tableRequest, request, record.Row{"rpt_certificate": in.ID, "rpt_certificatesha256": in.SHA256}, record.Match{})
		return err
	})
}

func certificate(request record.Row, list []Evidence) ([]byte, error) {
	p := fpdf.New("P", "mm", "A4", "")
	p.AddUTF8FontFromBytes("go", "", goregular.TTF)
	p.AddUTF8FontFromBytes("go", "B", gobold.TTF)
	done, _ := request["rpt_completedon"].(time.Time)
	p.SetCreationDate(done)
	p.SetModificationDate(done)
	p.SetTitle("Certificate of signature", true)
	p.SetMargins(20, 20, 20)
	p.AddPage()
	p.SetFont("go", "B", 18)
	p.MultiCell(0, 9, "Certificate of signature", "", "L", false)
	p.Ln(3)
	line := func(name, value string) {
		if value == "" {
			return
		}
		p.SetFont("go", "", 8)
		p.SetTextColor(90, 90, 90)
		p.MultiCell(0, 4.5, name, "", "L", false)
		p.SetFont("go", "", 10)
		p.SetTextColor(0, 0, 0)
		p.MultiCell(0, 5.5, value, "", "L", false)
		p.Ln(1)
	}
	at := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.UTC().Format("2006-01-02 15:04:05 UTC")
	}
	line("Document", request.Text("rpt_name"))
	line("SHA-256 of the document", request.Text("rpt_sha256"))
	line("Number of the procedure", request.ID("rpt_signaturerequestid").String())
	line("Completed", at(done))
	for i, e := range list {
		p.Ln(3)
		p.SetFont("go", "B", 13)
		p.MultiCell(0, 7, fmt.Sprintf("Signature %d: %s", i+1, e.Name), "", "L", false)
		line("Typed name", e.Typed)
		line("E-mail address", e.Email)
		line("Opened the document", at(e.Read))
		line("Signed", at(e.At))
		line("Signed in", at(e.SignedIn))
		line("By", e.Method)
		line("Network address", e.Address)
		line("Browser", e.Agent)
		line("Agreed to", e.Consent)
		line("Provider", e.Provider)
	}
	p.Ln(4)
	line("How it is proved", "The evidence of each signature is sealed with a key of the installation and stands in its change log, whose chain shows every later change. The document is the one above if its SHA-256 is the same.")
	var out bytes.Buffer
	err := p.Output(&out)
	return out.Bytes(), err
}
