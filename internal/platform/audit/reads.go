package audit

import (
	"context"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// ReadsInput asks who has read a record.
type ReadsInput struct {
	Target action.Ref `json:"Target" doc:"The record"`
	Before *time.Time `json:"Before,omitempty" doc:"Only reads before this moment"`
	Top    int        `json:"Top,omitempty" doc:"How many; 50 unless said otherwise, at most 200"`
}

// Reads lists traces, the newest first.
type Reads struct {
	Reads []ReadOut `json:"Reads"`
}

// ReadOut is the trace of a read.
type ReadOut struct {
	ID      id.ID     `json:"rpt_readlogid"`
	At      time.Time `json:"createdon"`
	User    id.ID     `json:"_rpt_userid_value"`
	Name    string    `json:"username"`
	How     string    `json:"rpt_how"`
	Columns string    `json:"rpt_columns"`
	Used    string    `json:"rpt_used"`
	Channel string    `json:"rpt_channel"`
	Address string    `json:"rpt_address"`
}

func (s *Service) defineReads(r *action.Registry) {
	action.Define(r, action.Spec{Name: "rpt_RetrieveReadsOfRecord", Function: true, Table: "", Description: "Who has read the audited columns of a record, or exported it, the newest first. It takes the right to read the table of reads."},
		func(ctx context.Context, c action.Call, in ReadsInput) (Reads, error) {
			if err := s.o.Access.Allow(ctx, "rpt_readlog", access.Read); err != nil {
				return Reads{}, err
			}
			if _, err := s.table(in.Target.Table); err != nil {
				return Reads{}, err
			}
			before, top := s.o.Clock.Now().Add(time.Hour), binTop
			if in.Before != nil {
				before = *in.Before
			}
			if in.Top > 0 {
				top = min(in.Top, binMost)
			}
			ids, err := s.o.Store.ReadsOf(ctx, in.Target.Table, in.Target.ID, before, top)
			if err != nil {
				return Reads{}, err
			}
			return s.readsOut(ctx, c, ids)
		})
}

func (s *Service) readsOut(ctx context.Context, c action.Call, ids []id.ID) (Reads, error) {
	out := Reads{Reads: []ReadOut{}}
	if len(ids) == 0 {
		return out, nil
	}
	keys := make([]any, len(ids))
	for i, key := range ids {
		keys[i] = key
	}
	page, err := c.Reader.Find(ctx, query.Query{Table: "rpt_readlog", Where: query.In{Left: query.Path{"rpt_readlogid"}, Values: keys}, Order: []query.Order{{Column: "createdon", Desc: true}}})
	if err != nil {
		return out, err
	}
	var users []id.ID
	for _, row := range page.Rows {
		users = append(users, row.ID("rpt_userid"))
	}
	names, err := s.o.Store.Names(ctx, "systemuser", users)
	if err != nil {
		return out, err
	}
	for _, row := range page.Rows {
		at, _ := row["createdon"].(time.Time)
		out.Reads = append(out.Reads, ReadOut{row.ID("rpt_readlogid"), at, row.ID("rpt_userid"), names[row.ID("rpt_userid")], row.Text("rpt_how"), row.Text("rpt_columns"), row.Text("rpt_used"), row.Text("rpt_channel"), row.Text("rpt_address")})
	}
	return out, nil
}
