package sales

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// choose takes records that are there already in place of new ones. The caller
// must be allowed to read them, and to write an opportunity that the lead joins.
func (q *qualification) choose(ctx context.Context) error {
	for _, part := range []struct {
		ref    *action.Ref
		table  string
		column string // of the lead
		to     *id.ID
	}{{q.in.Account, "account", "parentaccountid", &q.accountID}, {q.in.Contact, "contact", "parentcontactid", &q.contactID}} {
		if part.ref == nil || part.ref.IsZero() {
			continue
		}
		row, err := q.tx.Get(ctx, part.table, part.ref.ID, []string{part.table + "id", "statecode"}, nil)
		if err != nil {
			return err
		}
		if row.Int("statecode") != 0 {
			return notOpen("rpt_"+part.table, "is inactive: reactivate it, or choose another one")
		}
		*part.to, q.change[part.column] = part.ref.ID, part.ref.ID
	}
	if q.in.Opportunity == nil || q.in.Opportunity.IsZero() {
		return nil
	}
	row, err := q.tx.Demand(ctx, "opportunity", q.in.Opportunity.ID, access.Write)
	if err != nil {
		return err
	}
	if row.Int("statecode") != 0 {
		return notOpen("rpt_opportunity", "is closed: choose an open one")
	}
	q.opportunityID, q.change["qualifyingopportunityid"] = q.in.Opportunity.ID, q.in.Opportunity.ID
	change := record.Row{}
	if row.ID("originatingleadid") == id.Nil {
		change["originatingleadid"] = q.lead["leadid"]
	}
	if row.ID("parentaccountid") == id.Nil && q.accountID != id.Nil {
		change["parentaccountid"] = q.accountID
	}
	if row.ID("parentcontactid") == id.Nil && q.contactID != id.Nil {
		change["parentcontactid"] = q.contactID
	}
	if len(change) > 0 {
		if _, err := q.tx.Update(ctx, "opportunity", q.opportunityID, change, record.Match{}); err != nil {
			return err
		}
	}
	return q.process(ctx)
}

func notOpen(field, message string) error {
	return errs.InvalidFields("sales.qualify", "the lead can't be qualified into this record", []errs.Field{{Name: field, Code: "state", Message: message}})
}

// mostCarried bounds what one qualification moves in its transaction.
const mostCarried = 2000

// carry has the lead's notes and activities go on with the opportunity: one
// history instead of two. The files of a note stay with it. Who may qualify the
// lead may have all of it carried, whoever wrote what.
func (q *qualification) carry(ctx context.Context) error {
	if q.opportunityID == id.Nil {
		return nil
	}
	ctx = access.Elevate(ctx, "what belongs to a lead goes on with its opportunity")
	lead := q.lead.ID("leadid")
	moved := 0
	move := func(table, about string, rows []record.Row, key string) error {
		for _, row := range rows {
			target := table
			if kind := row.Text("activitytypecode"); table == "activitypointer" && kind != "" {
				target = kind
			}
			if !canBeAbout(q.tx, target, about) {
				continue
			}
			if moved++; moved > mostCarried {
				return errs.New(errs.TooLarge, "sales.carry", "the lead has more than %d notes and activities: qualify it without carrying them over", mostCarried)
			}
			change := record.Row{about: q.opportunityID, metadata.TypeColumn(about): "opportunity"}
			if _, err := q.tx.Update(ctx, target, row.ID(key), change, record.Match{}); err != nil {
				return err
			}
		}
		return nil
	}
	for _, part := range []struct{ table, about, key string }{{"annotation", "objectid", "annotationid"}, {"activitypointer", "regardingobjectid", "activityid"}} {
		t, ok := q.tx.Catalog().Table(part.table)
		if !ok {
			continue
		}
		columns := []string{part.key}
		if _, has := t.Column("activitytypecode"); has {
			columns = append(columns, "activitytypecode")
		}
		page, err := q.tx.Find(ctx, query.Query{Table: part.table, Select: columns, Limit: mostCarried + 1, Order: []query.Order{{Column: part.key}},
			Where: query.Compare{Left: query.Path{part.about}, Value: lead}})
		if err != nil {
			return err
		}
		if err := move(part.table, part.about, page.Rows, part.key); err != nil {
			return err
		}
	}
	return nil
}

// canBeAbout tells whether rows of a table can be about an opportunity.
func canBeAbout(tx *record.Tx, table, column string) bool {
	t, ok := tx.Catalog().Table(table)
	if !ok || t.Managed {
		return false
	}
	c, ok := t.Column(column)
	if !ok {
		return false
	}
	for _, target := range c.Targets {
		if target == "opportunity" {
			return true
		}
	}
	return false
}
