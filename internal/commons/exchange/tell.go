package exchange

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/notify"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// mostTold is how many members of a team are told of one thing.
const mostTold = 20

// tell tells whoever owns the record of an exchanged case, and whoever looks after
// the counterpart, that something needs a person. link is nil where no case is known.
func (s *Service) tell(ctx context.Context, tx *record.Tx, cp *counterpart, link record.Row, title, body string) error {
	people := map[id.ID]bool{}
	if cp.tell != id.Nil {
		people[cp.tell] = true
	}
	in := notify.Input{Title: clip(title, 200), Body: body, Kind: "exchange"}
	if link != nil {
		in.RegardingID, in.RegardingType = link.ID("rpt_recordid"), link.Text("rpt_recordtable")
		row, err := tx.Get(ctx, in.RegardingType, in.RegardingID, []string{"ownerid"}, nil)
		if err != nil && !errs.Has(err, errs.NotFound) {
			return err
		}
		owner := row.ID("ownerid")
		switch {
		case owner == id.Nil:
		case row.Text(typeColumn("ownerid")) == "team" && s.c.Members != nil:
			for i, member := range s.c.Members(owner) {
				if i < mostTold {
					people[member] = true
				}
			}
		case row.Text(typeColumn("ownerid")) != "team":
			people[owner] = true
		}
	}
	for who := range people {
		if _, err := notify.Send(ctx, tx, who, in); err != nil {
			return err
		}
	}
	return nil
}

func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}
