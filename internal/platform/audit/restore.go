package audit

import (
	"context"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// BinInput asks what is in the recycle bin.
type BinInput struct {
	Entity string     `json:"EntityLogicalName,omitempty" doc:"Only rows of this table"`
	Search string     `json:"Search,omitempty" doc:"Only rows whose name has this in it"`
	Before *time.Time `json:"Before,omitempty" doc:"Only what was deleted before; the Next of the page before"`
	Top    int        `json:"Top,omitempty" doc:"At least this many, if there are; 50 unless said otherwise, at most 200"`
}

// Bin is a page of the recycle bin.
type Bin struct {
	Rows []BinRow   `json:"Rows"`
	Next *time.Time `json:"Next,omitempty" doc:"Where to go on; missing at the end"`
}

// BinRow is a deleted record.
type BinRow struct {
	Entity    string    `json:"EntityLogicalName"`
	ID        id.ID     `json:"Id"`
	Name      string    `json:"Name"`
	DeletedOn time.Time `json:"DeletedOn"`
	DeletedBy id.ID     `json:"DeletedBy"`
	ByName    string    `json:"DeletedByName"`
	Related   int64     `json:"RelatedRecords" doc:"How many went with it"`
	Mine      bool      `json:"Restorable" doc:"You may bring it back"`
}

// RestoreInput brings a record back.
type RestoreInput struct {
	Entity string `json:"EntityLogicalName"`
	ID     id.ID  `json:"Id"`
	Clear  bool   `json:"ClearMissing,omitempty" doc:"Leave lookups empty whose targets are gone"`
}

// RestoreOutput tells what has come back.
type RestoreOutput struct {
	Restored int       `json:"Restored" doc:"Records that are back, the related ones among them"`
	Linked   int       `json:"Linked" doc:"Records that had stayed and lead here again"`
	Kept     []LinkOut `json:"Kept" doc:"Lookups that lead elsewhere by now, and stay so"`
	Cleared  []LinkOut `json:"Cleared" doc:"Lookups that are empty now, as their targets are gone"`
}

// LinkOut is a lookup of a record.
type LinkOut struct {
	Entity string `json:"EntityLogicalName"`
	ID     id.ID  `json:"Id"`
	Column string `json:"Column"`
}

const (
	binTop  = 50
	binMost = 200
)

func (s *Service) defineRestore(r *action.Registry) {
	action.Define(r, action.Spec{Name: "rpt_RetrieveRecycleBin", Function: true, Description: "What was deleted and can still be brought back, as far as you could read it, the newest first."}, s.bin)
	action.Define(r, action.Spec{Name: "rpt_Restore", Effect: action.DB, Description: "Brings a deleted record back, and with it what went because it went."},
		func(ctx context.Context, c action.Call, in RestoreInput) (RestoreOutput, error) {
			why := "restore"
			if origin := changelog.Origin(ctx); origin != "" {
				why += ", " + origin
			}
			done, err := c.Tx.Restore(changelog.WithOrigin(ctx, why), in.Entity, in.ID, in.Clear)
			if err != nil {
				return RestoreOutput{}, err
			}
			return RestoreOutput{Restored: len(done.Rows), Linked: len(done.Linked), Kept: links(done.Kept), Cleared: links(done.Cleared)}, nil
		})
}

func links(list []record.Link) []LinkOut {
	out := []LinkOut{}
	for _, l := range list[:min(len(list), binMost)] {
		out = append(out, LinkOut{l.Table, l.Record, l.Column})
	}
	return out
}

func (s *Service) bin(ctx context.Context, _ action.Call, in BinInput) (Bin, error) {
	if access.From(ctx).Kind == access.Anonymous {
		return Bin{}, access.ErrSignIn
	}
	before, top := s.o.Clock.Now().Add(time.Hour), binTop
	if in.Before != nil {
		before = *in.Before
	}
	if in.Top > 0 {
		top = min(in.Top, binMost)
	}
	list, next, err := s.o.Store.Bin(ctx, in.Entity, in.Search, before, top)
	if err != nil {
		return Bin{}, err
	}
	out := Bin{Rows: []BinRow{}}
	if !next.IsZero() {
		out.Next = &next
	}
	var users []id.ID
	for _, b := range list {
		users = append(users, b.DeletedBy)
	}
	names, err := s.o.Store.Names(ctx, "systemuser", users)
	if err != nil {
		return Bin{}, err
	}
	for _, b := range list {
		out.Rows = append(out.Rows, BinRow{b.Table, b.Record, b.Title, b.DeletedOn, b.DeletedBy, names[b.DeletedBy], b.Related, b.Mine})
	}
	return out, nil
}
