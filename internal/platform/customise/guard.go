package customise

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/schema"
)

// Loss is data that a change would lose.
type Loss struct {
	What string // such as "column lead.new_score"
	Rows int64
}

// losses counts the rows whose data a plan would lose.
func (s *Service) losses(ctx context.Context, p *plan) ([]Loss, error) {
	var out []Loss
	count := func(what, table, where string) error {
		var n int64
		if _, err := s.o.DB.QueryRow(ctx, "SELECT COUNT(*) FROM "+s.o.DB.Dialect().Quote(table)+where, nil, &n); err != nil {
			return err
		}
		if n > 0 {
			out = append(out, Loss{what, n})
		}
		return nil
	}
	tables := map[string]bool{}
	for _, o := range p.drop {
		if o.Name == "" {
			tables[o.Table] = true
			if err := count("table "+o.Table, o.Table, ""); err != nil {
				return nil, err
			}
		}
	}
	for _, o := range p.drop {
		name, isColumn := strings.CutPrefix(o.Name, "column ")
		if !isColumn || tables[o.Table] || !p.holds(o) {
			continue
		}
		if err := count("column "+o.Table+"."+name, o.Table, " WHERE "+s.o.DB.Dialect().Quote(name)+" IS NOT NULL"); err != nil {
			return nil, err
		}
	}
	for _, name := range p.standing() {
		before, _ := p.before.catalog.Table(name)
		after, _ := p.after.catalog.Table(name)
		for _, gone := range lostOptions(before, after) {
			// The values are numbers of our own, so they can stand in the text.
			held := fmt.Sprintf(" = %d", gone.value)
			if gone.column.TypeName == "multichoice" {
				held = fmt.Sprintf(" LIKE '%%,%d,%%'", gone.value)
			}
			what := fmt.Sprintf("option %d of %s.%s", gone.value, name, gone.column.Name)
			if err := count(what, name, " WHERE "+s.o.DB.Dialect().Quote(gone.column.Name)+held); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// holds tells whether a column that goes holds data of its own: the folded
// companion and the table of a lookup's target do not.
func (p *plan) holds(o schema.Object) bool {
	t, ok := p.before.catalog.Table(o.Table)
	c, has := column(t, ok, strings.TrimPrefix(o.Name, "column "))
	return has && c.BaseOf == "" && !c.System
}

type lostOption struct {
	column *metadata.Column
	value  int64
}

func lostOptions(before, after *metadata.Table) []lostOption {
	var out []lostOption
	for _, c := range before.Columns {
		now, ok := after.Column(c.Name)
		if !ok || !c.IsChoice() {
			continue
		}
		for _, o := range c.Options {
			if !slices.ContainsFunc(now.Options, func(n metadata.Option) bool { return n.Value == o.Value }) {
				out = append(out, lostOption{c, o.Value})
			}
		}
	}
	return out
}

// refuse is the error of a change that would lose data and was not confirmed.
func refuse(losses []Loss) error {
	e := &errs.Error{Kind: errs.Conflict, Code: "customise.data_loss"}
	var parts []string
	for _, l := range losses {
		parts = append(parts, fmt.Sprintf("%s (%d rows)", l.What, l.Rows))
		e.Fields = append(e.Fields, errs.Field{Name: l.What, Code: "data_loss", Message: fmt.Sprintf("%d rows would lose what they hold", l.Rows)})
	}
	e.Message = "data would be lost: " + strings.Join(parts, ", ") + "; confirm with confirmDataLoss=true"
	return e
}

// allow refuses those who may not customise.
func (s *Service) allow(ctx context.Context, edits []Edit) error {
	need := map[access.Right]bool{access.Write: true}
	for _, e := range edits {
		if e.Remove {
			need[access.Delete] = true
		} else {
			need[access.Create] = true
		}
	}
	for right := range need {
		if err := s.access.Allow(ctx, definitions, right); err != nil {
			if errs.Has(err, errs.Forbidden) {
				return errs.Wrap(err, errs.Forbidden, "access.privilege", "changing the data model needs a role such as System Customizer (the privilege prv%s on %s)", right, definitions)
			}
			return err
		}
	}
	return nil
}

// Allow refuses those who may not customise.
func (s *Service) Allow(ctx context.Context) error { return s.allow(ctx, nil) }

// Refuse is the error of losing data unasked.
func Refuse(losses []Loss) error { return refuse(losses) }
