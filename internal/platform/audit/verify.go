package audit

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/secret"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
)

// VerifyInput asks for a part of the walk along the chain of the change log.
type VerifyInput struct {
	From   int64  `json:"From,omitempty" doc:"The seal to begin with; Next of the part before"`
	Most   int    `json:"Most,omitempty" doc:"How many seals to look at; 100 unless said otherwise, at most 500"`
	Anchor string `json:"Anchor,omitempty" doc:"number:hash of a seal that was noted elsewhere and must still be there"`
}

// VerifyOutput tells what was found.
type VerifyOutput struct {
	Seals    int64             `json:"Seals"`
	Rows     int64             `json:"Rows" doc:"As they were sealed"`
	Cut      int64             `json:"Cut" doc:"Let go by retention"`
	Erased   int64             `json:"Erased" doc:"Without values by an erasure"`
	Open     int64             `json:"Open" doc:"Behind the last seal"`
	Next     int64             `json:"Next" doc:"Where to go on; 0 at the end"`
	Head     string            `json:"Head" doc:"number:hash of the last seal that was looked at: note it elsewhere"`
	Anchored bool              `json:"Anchored" doc:"The seal that was noted elsewhere is there; also if none was named"`
	Faults   []changelog.Fault `json:"Faults"`
}

const (
	verifyParts = 100
	verifyMost  = 500
)

func (s *Service) defineVerify(r *action.Registry, keys *secret.Box) {
	action.Define(r, action.Spec{Name: "rpt_VerifyChangeLog", Function: true, Privilege: access.ReadAuditSummary, Description: "Walks along a part of the change log's hash chain and names rows that were changed, removed or put in."},
		func(ctx context.Context, _ action.Call, in VerifyInput) (VerifyOutput, error) {
			most := verifyParts
			if in.Most > 0 {
				most = min(in.Most, verifyMost)
			}
			out := VerifyOutput{Anchored: true, Faults: []changelog.Fault{}}
			if in.Anchor != "" {
				var err error
				if out.Anchored, err = s.o.Log.Anchored(ctx, in.Anchor); err != nil {
					return out, err
				}
			}
			got, err := s.o.Log.Verify(ctx, changelog.VerifyOptions{Keys: keys, From: in.From, Most: most})
			if err != nil {
				return out, err
			}
			out.Seals, out.Rows, out.Cut, out.Erased, out.Open, out.Next, out.Faults = got.Seals, got.Rows, got.Cut, got.Erased, got.Open, got.Next, got.Faults
			if got.Seals > 0 {
				out.Head = got.Anchor()
			}
			return out, nil
		})
}
