package decision

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/notify"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/rule/decide"
)

// mostTold is how many people are told of one thing.
const mostTold = 20

// quiet is how long who looks after a set is not told again that the same formula
// of a version fails, on whichever record.
const quiet = time.Hour

// lookedBack is how many earlier decisions on a record are looked at for the same failure.
const lookedBack = 20

// tellFailed lets people know of formulas that failed on a record: whoever owns
// the record once for a version, record and formula, and whoever looks after the
// set at most once an hour for a version and formula. It runs before the decision
// itself is written.
func (s *Service) tellFailed(ctx context.Context, tx *record.Tx, version dates, d *decide.Definition, check record.Row, failed []decide.Problem) error {
	if len(failed) == 0 {
		return nil
	}
	fresh, err := unheard(ctx, tx, version, check, failed)
	if err != nil {
		return err
	}
	about := notify.Input{Title: "A formula of a decision fails", Kind: "decision", RegardingID: check.ID("rpt_recordid"), RegardingType: check.Text("rpt_recordtable")}
	about.Body = clip(check.Text("rpt_name")+". "+sentence(d, fresh)+" The record is kept; a person needs to look at it.", 1999)
	if len(fresh) > 0 {
		if err := s.tellAll(ctx, tx, s.owners(check), about); err != nil {
			return err
		}
	}
	keepers, err := s.keepers(ctx, tx, version)
	if err != nil {
		return err
	}
	for _, one := range failed {
		in := notify.Input{Title: clip(fmt.Sprintf("The formula %q fails in version %d", labelOf(d, one.Formula), version.number), 399), Kind: "decision", RegardingID: version.id, RegardingType: "rpt_decisionversion",
			Body: clip(check.Text("rpt_name")+". "+sentence(d, []decide.Problem{one})+" The record is kept.", 1999)}
		for _, who := range keepers[:min(len(keepers), mostTold)] {
			told, err := tx.Find(ctx, query.Query{Table: "appnotification", Select: []string{"appnotificationid"}, Limit: 1,
				Where: query.And{eq("ownerid", who), eq("rpt_regardingid", version.id), eq("title", in.Title), query.Compare{Left: query.Path{"createdon"}, Op: query.Gt, Value: s.c.Clock.Now().Add(-quiet)}}})
			if err != nil {
				return err
			}
			if len(told.Rows) > 0 {
				continue
			}
			if _, err := notify.Send(ctx, tx, who, in); err != nil {
				return err
			}
		}
	}
	return nil
}

// unheard gives the failures that no earlier decision of the version on the record had.
func unheard(ctx context.Context, tx *record.Tx, version dates, check record.Row, failed []decide.Problem) ([]decide.Problem, error) {
	page, err := tx.Find(ctx, query.Query{Table: "rpt_decisioncheck", Select: []string{"rpt_reasons"}, Limit: lookedBack, Order: []query.Order{{Column: "rpt_decidedon", Desc: true}},
		Where: query.And{eq("rpt_recordid", check.ID("rpt_recordid")), eq("rpt_versionid", version.id)}})
	if err != nil {
		return nil, err
	}
	out := slices.Clone(failed)
	for _, row := range page.Rows {
		var earlier struct {
			Problems []decide.Problem `json:"problems"`
		}
		text, _ := row["rpt_reasons"].(json.RawMessage)
		if len(text) == 0 {
			continue
		}
		if err := json.Unmarshal(text, &earlier); err != nil {
			return nil, errs.Wrap(err, errs.Internal, "decision.reasons", "the reasons of an earlier decision can't be read")
		}
		out = slices.DeleteFunc(out, func(p decide.Problem) bool {
			return slices.ContainsFunc(earlier.Problems, func(e decide.Problem) bool { return e.Formula == p.Formula })
		})
	}
	return out, nil
}

// owners lists who owns a decision, as the record that it is on.
func (s *Service) owners(check record.Row) []id.ID {
	owner := check.ID("ownerid")
	if check.Text(metadata.TypeColumn("ownerid")) == "team" {
		return s.c.People.Members(owner)
	}
	return []id.ID{owner}
}

// keepers lists who looks after a version: whoever made it, where that is a person
// who may change versions, and else all who may.
func (s *Service) keepers(ctx context.Context, tx *record.Tx, version dates) ([]id.ID, error) {
	row, err := tx.Get(ctx, "rpt_decisionversion", version.id, []string{"createdby"}, nil)
	if err != nil {
		return nil, err
	}
	var all []id.ID
	for _, h := range s.c.People.Holders(access.Subject{Table: "rpt_decisionversion"}, access.Write) {
		if h.User != access.SystemUser {
			all = append(all, h.User)
		}
	}
	if author := row.ID("createdby"); author != access.SystemUser && slices.Contains(all, author) {
		return []id.ID{author}, nil
	}
	return all, nil
}

// tellAll sends to as many people as are told of one thing, each once.
func (s *Service) tellAll(ctx context.Context, tx *record.Tx, people []id.ID, in notify.Input) error {
	told, sent := map[id.ID]bool{id.Nil: true, access.SystemUser: true}, 0
	for _, who := range people {
		if told[who] || !s.c.People.Known(who) || sent >= mostTold {
			continue
		}
		told[who] = true
		sent++
		if _, err := notify.Send(ctx, tx, who, in); err != nil {
			return err
		}
	}
	return nil
}

func labelOf(d *decide.Definition, formula string) string {
	for _, f := range d.Formulas {
		if f.Name == formula && f.Label != "" {
			return f.Label
		}
	}
	return formula
}

// sentence says which formulas failed, and how.
func sentence(d *decide.Definition, failed []decide.Problem) string {
	out := make([]string, len(failed))
	for i, p := range failed {
		out[i] = fmt.Sprintf("%q could not be worked out: %s.", labelOf(d, p.Formula), strings.TrimSuffix(p.Message, "."))
	}
	return strings.Join(out, " ")
}
