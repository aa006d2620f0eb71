package report

import (
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Ask is what is asked of a report.
type Ask struct {
	From, To time.Time // the period; To does not belong to it
	Before   bool      // also the period of the same length before
	Seller   id.ID     // only what this person or team owns; Nil is all
	Unit     id.ID     // only what belongs to this business unit; Nil is all
	By       string    // name of a dimension; "" tells the whole only
	Language string
	Text     *odata.Context // what conditions are read against
}

// longest bounds a period.
const longest = 20 * 366 * 24 * time.Hour

func (a *Ask) check() error {
	if !a.To.After(a.From) || a.To.Sub(a.From) > longest {
		return errs.New(errs.Invalid, "report.period", "the period ends after it begins, and lasts 20 years at most")
	}
	return nil
}

// earlier gives the same question of the period before.
func (a *Ask) earlier() *Ask {
	b := *a
	b.From, b.To, b.Before = a.From.Add(-a.To.Sub(a.From)), a.From, false
	return &b
}

// within gives the condition of a step together with the period and whose rows count.
func (a *Ask) within(s *Step) (query.Node, error) {
	own, err := s.where(a.Text)
	if err != nil {
		return nil, err
	}
	var from, to any = a.From, a.To
	if s.date.column.TypeName == "date" {
		from, to = query.Date(a.From.Format(time.DateOnly)), query.Date(a.To.Format(time.DateOnly))
	}
	all := query.And{own, query.Compare{Left: s.date.names, Op: query.Ge, Value: from}, query.Compare{Left: s.date.names, Op: query.Lt, Value: to}}
	return append(all, a.whose()...), nil
}

// whose gives the conditions on the owner and the unit of a row.
func (a *Ask) whose() (all query.And) {
	if a.Seller != id.Nil {
		all = append(all, query.Compare{Left: query.Path{"ownerid"}, Value: a.Seller})
	}
	if a.Unit != id.Nil {
		all = append(all, query.Compare{Left: query.Path{"owningbusinessunit"}, Value: a.Unit})
	}
	return all
}
