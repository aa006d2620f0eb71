package signature

import (
	"context"
	"encoding/json"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// VerifyOutput is what a verification found.
type VerifyOutput struct {
	Valid    bool     `json:"Valid" doc:"Whether all is as it was signed"`
	Findings []string `json:"Findings" doc:"What is wrong"`
	SHA256   string   `json:"Sha256" doc:"Of the document as it lies there now"`
	Signed   int32    `json:"Signed" doc:"How many signatures there are"`
}

// historyMost is how many changes of a signatory are looked at.
const historyMost = 200

func (s *Service) verify(ctx context.Context, c action.Call, _ action.Empty) (VerifyOutput, error) {
	row, err := c.Reader.Get(ctx, tableRequest, c.Target, nil, nil)
	if err != nil {
		return VerifyOutput{}, err
	}
	system := s.system(ctx, "verified")
	out := VerifyOutput{Findings: []string{}}
	wrong := func(text string) { out.Findings = append(out.Findings, text) }
	if _, out.SHA256, err = s.sum(system, c.Target, "rpt_content"); err != nil {
		if errs.Has(err, errs.Unavailable) {
			return VerifyOutput{}, err
		}
		wrong("the document can't be read: " + err.Error())
	}
	if out.SHA256 != row.Text("rpt_sha256") {
		wrong("the document is not the one that was sent")
	}
	signers, err := s.signers(system, s.c.Store, c.Target)
	if err != nil {
		return VerifyOutput{}, err
	}
	for _, m := range signers {
		if m.Int("rpt_status") != SignerSigned {
			if row.Int("rpt_status") == Signed {
				wrong(m.Text("rpt_name") + " has not signed")
			}
			continue
		}
		out.Signed++
		e, ok := s.sealed(m.Text("rpt_evidence"), m.Text("rpt_seal"))
		switch {
		case !ok:
			wrong("the evidence of " + m.Text("rpt_name") + " was changed")
		case e.SHA256 != out.SHA256 || e.Request != c.Target || e.Signer != m.ID("rpt_signatoryid") || e.Contact != m.ID("rpt_contactid"):
			wrong("the evidence of " + m.Text("rpt_name") + " is that of another signature")
		default:
			logged, err := s.logged(system, m)
			if err != nil {
				return VerifyOutput{}, err
			}
			if !logged {
				wrong("the change log knows nothing of the evidence of " + m.Text("rpt_name"))
			}
		}
	}
	if row.Int("rpt_status") == Signed {
		_, sum, err := s.sum(system, c.Target, "rpt_certificate")
		if err != nil || sum != row.Text("rpt_certificatesha256") {
			wrong("the certificate is not there, or was changed")
		}
	}
	out.Valid = len(out.Findings) == 0
	return out, nil
}

// logged tells whether the change log holds the evidence as it stands: its chain
// is verified by itself.
func (s *Service) logged(ctx context.Context, m record.Row) (bool, error) {
	list, err := s.c.Log.History(ctx, tableSigner, m.ID("rpt_signatoryid"), 0, historyMost)
	if err != nil {
		return false, err
	}
	for _, change := range list {
		var after struct {
			Evidence string `json:"rpt_evidence"`
			Seal     string `json:"rpt_seal"`
		}
		if json.Unmarshal(change.After, &after) == nil && after.Seal != "" {
			return after.Seal == m.Text("rpt_seal") && after.Evidence == m.Text("rpt_evidence"), nil
		}
	}
	return false, nil
}
