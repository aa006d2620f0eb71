package sales

import (
	"context"
	"slices"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// OpportunityCloseInput closes an opportunity.
type OpportunityCloseInput struct {
	OpportunityClose action.Entity `json:"OpportunityClose" type:"opportunityclose" doc:"The activity that closes it, with opportunityid@odata.bind"`
	Status           int64         `json:"Status" doc:"Status reason of the opportunity; -1 for the default"`
}

// QuoteCloseInput closes a quote.
type QuoteCloseInput struct {
	QuoteClose action.Entity `json:"QuoteClose" type:"quoteclose" doc:"The activity that closes it, with quoteid@odata.bind"`
	Status     int64         `json:"Status" doc:"Status reason of the quote; -1 for the default"`
}

// OrderCloseInput closes an order.
type OrderCloseInput struct {
	OrderClose action.Entity `json:"OrderClose" type:"orderclose" doc:"The activity that closes it, with salesorderid@odata.bind"`
	Status     int64         `json:"Status" doc:"Status reason of the order; -1 for the default"`
}

// closing is a way to close a record by an activity.
type closing struct {
	clock  clock.Clock
	table  string // of what is closed; the activity's lookup is its primary id
	from   []int64
	to     int64
	finish func(row, activity, change record.Row) // further values of what is closed
	after  func(ctx context.Context, tx *record.Tx, row record.Row) error
}

func defineCloses(reg *action.Registry, c clock.Clock) {
	opportunity := func(name, what string, to int64) {
		way := closing{clock: c, table: "opportunity", from: []int64{0}, to: to, finish: closeOpportunity(to == 1)}
		if to == 1 {
			way.after = customers(c)
		}
		action.Define(reg, action.Spec{Name: name, Effect: action.DB, Description: what},
			func(ctx context.Context, call action.Call, in OpportunityCloseInput) (action.Empty, error) {
				return action.Empty{}, way.do(ctx, call.Tx, in.OpportunityClose, in.Status)
			})
	}
	opportunity("WinOpportunity", "Closes an opportunity as won.", 1)
	opportunity("LoseOpportunity", "Closes an opportunity as lost.", 2)
	quote := func(name, what string, from []int64, to int64) {
		way := closing{clock: c, table: "quote", from: from, to: to}
		action.Define(reg, action.Spec{Name: name, Effect: action.DB, Description: what},
			func(ctx context.Context, call action.Call, in QuoteCloseInput) (action.Empty, error) {
				return action.Empty{}, way.do(ctx, call.Tx, in.QuoteClose, in.Status)
			})
	}
	quote("WinQuote", "Closes an active quote as won.", []int64{1}, 2)
	quote("CloseQuote", "Closes a quote as lost, canceled or revised.", []int64{0, 1}, 3)
	order := func(name, what string, to int64) {
		way := closing{clock: c, table: "salesorder", from: []int64{0, 1}, to: to, finish: func(_, activity, change record.Row) {
			if to == 3 {
				change["datefulfilled"] = dateOf(activity, c)
			}
		}}
		action.Define(reg, action.Spec{Name: name, Effect: action.DB, Description: what},
			func(ctx context.Context, call action.Call, in OrderCloseInput) (action.Empty, error) {
				return action.Empty{}, way.do(ctx, call.Tx, in.OrderClose, in.Status)
			})
	}
	order("CancelSalesOrder", "Cancels an order.", 2)
	order("FulfillSalesOrder", "Closes an order as fulfilled.", 3)
}

func dateOf(activity record.Row, c clock.Clock) time.Time {
	if t, ok := activity["actualend"].(time.Time); ok {
		return t
	}
	return c.Now()
}

// closeOpportunity notes what was earned, and when.
func closeOpportunity(won bool) func(row, activity, change record.Row) {
	return func(row, activity, change record.Row) {
		change["actualclosedate"] = activity["actualend"]
		change["actualvalue"] = activity["actualrevenue"]
		if change["actualvalue"] == nil && won {
			change["actualvalue"] = first(row, "totalamount", "estimatedvalue")
		}
		if change["actualvalue"] == nil {
			delete(change, "actualvalue")
		}
	}
}

func first(row record.Row, names ...string) any {
	for _, n := range names {
		if number, ok := row[n].(query.Number); ok && number.Units != 0 {
			return number
		}
	}
	return nil
}

// do writes the closing activity and closes what it is about.
func (w closing) do(ctx context.Context, tx *record.Tx, e action.Entity, status int64) error {
	lookup := w.table + "id"
	target := e.Row.ID(lookup)
	if target == id.Nil {
		return errs.InvalidFields("sales.close", "say what is closed", []errs.Field{{Name: lookup, Code: "required", Message: "the closing activity must name it by " + lookup + "@odata.bind"}})
	}
	row, err := tx.Demand(ctx, w.table, target, access.Write)
	if err != nil {
		return err
	}
	if !slices.Contains(w.from, row.Int("statecode")) {
		return errs.New(errs.Conflict, "sales.closed", "the %s can't be closed in its present status", w.table)
	}
	activity := record.Row{}
	for name, v := range e.Row {
		activity[name] = v
	}
	if activity["subject"] == nil {
		activity["subject"] = row.Text("name")
	}
	if activity["actualend"] == nil {
		activity["actualend"] = w.clock.Now()
	}
	if activity["regardingobjectid"] == nil && regards(tx, e.Table, w.table) {
		activity["regardingobjectid"], activity["regardingobjectidtype"] = target, w.table
	}
	activity["statecode"] = int64(1)
	delete(activity, "statuscode")
	if _, err := tx.Create(ctx, e.Table, activity); err != nil {
		return err
	}
	change := record.Row{"statecode": w.to}
	if status != -1 {
		change["statuscode"] = status
	}
	if w.finish != nil {
		w.finish(row, activity, change)
	}
	known(tx, w.table, change)
	if _, err = tx.Update(ctx, w.table, target, change, record.Match{}); err != nil || w.after == nil {
		return err
	}
	return w.after(ctx, tx, row)
}

// regards tells whether an activity can be about a table's records.
func regards(tx *record.Tx, activity, table string) bool {
	t, ok := tx.Catalog().Table(activity)
	if !ok {
		return false
	}
	c, ok := t.Column("regardingobjectid")
	return ok && slices.Contains(c.Targets, table)
}

// known drops what the table has no column for.
func known(tx *record.Tx, table string, change record.Row) {
	t, ok := tx.Catalog().Table(table)
	if !ok {
		return
	}
	for name := range change {
		if _, has := t.Column(name); !has {
			delete(change, name)
		}
	}
}
