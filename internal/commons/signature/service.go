package signature

import (
	"context"
	"log/slog"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/secret"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/files"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/notify"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Provider has documents signed elsewhere.
type Provider interface {
	// Send hands a document over and gives the provider's reference to it. It may be
	// called again for the same id, which must then have no second effect.
	Send(ctx context.Context, e Envelope) (reference string, err error)
}

// Envelope is a document for a Provider.
type Envelope struct {
	ID      id.ID
	Name    string
	Message string
	SHA256  string
	Content []byte
	Signers []Signer // in their order
	Expires time.Time
}

// Signer is who is asked.
type Signer struct {
	ID          id.ID // of the rpt_signatory
	Name, Email string
}

// Config is what signing needs.
type Config struct {
	Store     *record.Store
	Files     *files.Store
	Log       *changelog.Log
	Catalog   func() *metadata.Catalog
	Clock     clock.Clock
	Logger    *slog.Logger
	Keys      *secret.Box
	Providers map[string]Provider // by name
	// Letters sends a contact a letter that there is something to sign, in the
	// transaction that says so; nil sends none.
	Letters func(ctx context.Context, tx *record.Tx, contact id.ID, table string, key id.ID) error
}

// Service has documents signed.
type Service struct{ c Config }

// New makes the service.
func New(c Config) *Service {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return &Service{c}
}

// Recent is how long after signing in a person may sign a document.
const Recent = 15 * time.Minute

// Define declares the actions.
func (s *Service) Define(r *action.Registry) {
	action.Define(r, action.Spec{Name: "rpt_RequestSignature", Effect: action.Alone, Description: "Sends a document to contacts to be signed, one after the other: a file that came for a requested document, or a text. The caller must be allowed to write the record."}, s.request)
	action.Define(r, action.Spec{Name: "rpt_WithdrawSignature", Table: tableRequest, Effect: action.DB, Right: access.Write, Description: "Takes back a document that waits for signatures, with the reason."}, s.withdraw)
	action.Define(r, action.Spec{Name: "rpt_VerifySignature", Table: tableRequest, Effect: action.Read, Right: access.Read, Description: "Works out anew whether a signed document, the evidence of its signatures and its certificate are as they were, and what is wrong with them."}, s.verify)
}

// system is the context in which the platform writes what signatories do. Who
// asks has been checked before.
func (s *Service) system(ctx context.Context, why string) context.Context {
	return changelog.WithOrigin(access.AsSystem(ctx, "signatures"), "signatures: "+why)
}

func eq(column string, v any) query.Node { return query.Compare{Left: query.Path{column}, Value: v} }

func (s *Service) signers(ctx context.Context, from record.Reader, request id.ID) ([]record.Row, error) {
	page, err := from.Find(ctx, query.Query{Table: tableSigner, Where: eq("rpt_signaturerequestid", request), Order: []query.Order{{Column: "rpt_order"}}, Limit: signersMost})
	return page.Rows, err
}

// over ends a document and tells who owns it.
func (s *Service) over(ctx context.Context, tx *record.Tx, request record.Row, status int64, more record.Row, title string) error {
	change := record.Row{"rpt_status": status, "rpt_completedon": s.c.Clock.Now()}
	for k, v := range more {
		change[k] = v
	}
	if _, err := tx.Update(ctx, tableRequest, request.ID("rpt_signaturerequestid"), change, record.Match{}); err != nil {
		return err
	}
	if request.Text("owneridtype") == "team" || request.ID("ownerid") == id.Nil {
		return nil
	}
	_, err := notify.Send(ctx, tx, request.ID("ownerid"), notify.Input{Title: title, Body: request.Text("rpt_name"), RegardingID: request.ID("rpt_recordid"), RegardingType: request.Text("rpt_recordtable"), Kind: "signature"})
	return err
}

// expirePart is how many documents one transaction ends.
const expirePart = 100

// Expire ends documents whose time is over.
func (s *Service) Expire(ctx context.Context) error {
	ctx = s.system(ctx, "expired")
	for more := true; more; {
		if err := s.c.Store.Write(ctx, func(tx *record.Tx) error {
			page, err := tx.Find(ctx, query.Query{Table: tableRequest, Limit: expirePart, Where: query.And{eq("rpt_status", Sent), query.Compare{Left: query.Path{"rpt_expireson"}, Op: query.Lt, Value: s.c.Clock.Now()}}})
			if err != nil {
				return err
			}
			for _, row := range page.Rows {
				if err := s.over(ctx, tx, row, Expired, nil, "A document was not signed in time"); err != nil {
					return err
				}
			}
			more = len(page.Rows) == expirePart
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}
