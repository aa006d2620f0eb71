package sales

import (
	"context"
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/action/builtin"
	"github.com/rapport-platform/rapport/internal/platform/duplicate"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// States of a lead.
const (
	leadOpen         = int64(0)
	leadQualified    = int64(1)
	leadDisqualified = int64(2)

	reasonNew       = int64(1)
	reasonQualified = int64(3)
	reasonLost      = int64(4)
)

// QualifyInput says what a lead turns into.
type QualifyInput struct {
	CreateAccount              bool        `json:"CreateAccount" doc:"Make an account of the company"`
	CreateContact              bool        `json:"CreateContact" doc:"Make a contact of the person"`
	CreateOpportunity          bool        `json:"CreateOpportunity" doc:"Make an opportunity"`
	OpportunityCurrencyID      *action.Ref `json:"OpportunityCurrencyId,omitempty" type:"transactioncurrency" doc:"Currency of the opportunity"`
	OpportunityCustomerID      *action.Ref `json:"OpportunityCustomerId,omitempty" type:"account|contact" doc:"Customer of the opportunity, in place of what is made"`
	SourceCampaignID           *action.Ref `json:"SourceCampaignId,omitempty" type:"campaign" doc:"Campaign that the opportunity comes from"`
	ProcessInstanceID          *action.Ref `json:"ProcessInstanceId,omitempty" doc:"Process instance that goes on with the opportunity"`
	Status                     *int64      `json:"Status,omitempty" doc:"Status reason of the qualified lead; 3, or -1 for the default"`
	Account                    *action.Ref `json:"rpt_Account,omitempty" type:"account" doc:"An account that is there already, in place of a new one"`
	Contact                    *action.Ref `json:"rpt_Contact,omitempty" type:"contact" doc:"A contact that is there already, in place of a new one"`
	Opportunity                *action.Ref `json:"rpt_Opportunity,omitempty" type:"opportunity" doc:"An open opportunity that the lead belongs to, in place of a new one"`
	CarryActivities            *bool       `json:"rpt_CarryActivities,omitempty" doc:"Have the lead's notes, with their files, and activities go on with the opportunity; they do by default"`
	SuppressDuplicateDetection *bool       `json:"SuppressDuplicateDetection,omitempty" doc:"Make the records even where published duplicate rules find others like them"`
}

// Qualified lists what was made.
type Qualified struct {
	Value []odata.Typed `json:"value"`
}

func qualify(ctx context.Context, c action.Call, in QualifyInput) (Qualified, error) {
	lead, err := openLead(ctx, c)
	if err != nil {
		return Qualified{}, err
	}
	reason := reasonQualified
	if in.Status != nil && *in.Status != -1 {
		reason = *in.Status
	}
	making := ctx
	if in.SuppressDuplicateDetection == nil || !*in.SuppressDuplicateDetection {
		making = duplicate.WithDetection(ctx)
	}
	q := qualification{tx: c.Tx, in: in, lead: lead, change: record.Row{"statecode": leadQualified, "statuscode": reason}, made: []odata.Typed{}}
	if err := q.choose(ctx); err != nil {
		return Qualified{}, err
	}
	if in.CreateAccount && q.accountID == id.Nil && lead.Text("companyname") != "" {
		if err := q.account(making); err != nil {
			return Qualified{}, err
		}
	}
	if in.CreateContact && q.contactID == id.Nil && lead.Text("lastname")+lead.Text("firstname") != "" {
		if err := q.contact(making); err != nil {
			return Qualified{}, err
		}
	}
	if in.CreateOpportunity && q.opportunityID == id.Nil {
		if err := q.opportunity(ctx); err != nil {
			return Qualified{}, err
		}
	}
	if in.CarryActivities == nil || *in.CarryActivities {
		if err := q.carry(ctx); err != nil {
			return Qualified{}, err
		}
	}
	// The lead is locked, so its version can only have been moved on by what hangs
	// on the making of the other records, such as a process that goes on.
	_, err = c.Tx.Update(ctx, "lead", c.Target, q.change, record.Match{})
	return Qualified{q.made}, err
}

// lockLead reads the lead and keeps it from changing until the transaction
// ends. What is made of it refers to it; two that refer first and change it
// then would wait for each other.
func lockLead(ctx context.Context, c action.Call) (record.Row, error) {
	// An update of nothing locks the row, checks the right to write, and writes nothing.
	if _, err := c.Tx.Update(ctx, "lead", c.Target, record.Row{}, record.Match{}); err != nil {
		return nil, err
	}
	return c.Tx.Get(ctx, "lead", c.Target, nil, nil)
}

// openLead is lockLead of a lead that must be open.
func openLead(ctx context.Context, c action.Call) (record.Row, error) {
	lead, err := lockLead(ctx, c)
	if err != nil {
		return nil, err
	}
	if lead.Int("statecode") != leadOpen {
		return nil, errs.New(errs.Conflict, "sales.lead_closed", "the lead is closed: reactivate it first")
	}
	return lead, nil
}

// qualification carries the lead over into what it turns into, by the column
// maps from leads to the other tables.
type qualification struct {
	tx     *record.Tx
	in     QualifyInput
	lead   record.Row
	change record.Row // of the lead
	made   []odata.Typed

	accountID, contactID, opportunityID id.ID
}

// carried gives the values of a new record of a table.
func (q *qualification) carried(ctx context.Context, table string) (record.Row, error) {
	row, err := builtin.Map(ctx, q.tx.Catalog(), q.tx, "lead", q.lead, table)
	if err != nil {
		return nil, err
	}
	row["ownerid"], row["owneridtype"], row["originatingleadid"] = q.lead["ownerid"], q.lead["owneridtype"], q.lead["leadid"]
	return row, nil
}

func (q *qualification) make(ctx context.Context, table string, row record.Row) (id.ID, error) {
	made, err := q.tx.Create(ctx, table, row)
	if err != nil {
		return id.Nil, err
	}
	q.made = append(q.made, odata.Typed{Table: table, Row: made, Columns: []string{}})
	return made.ID(table + "id"), nil
}

func (q *qualification) account(ctx context.Context) error {
	row, err := q.carried(ctx, "account")
	if err != nil {
		return err
	}
	row["name"] = q.lead.Text("companyname")
	if q.accountID, err = q.make(ctx, "account", row); err != nil {
		return err
	}
	q.change["parentaccountid"] = q.accountID
	return nil
}

func (q *qualification) contact(ctx context.Context) error {
	row, err := q.carried(ctx, "contact")
	if err != nil {
		return err
	}
	if account := firstID(q.accountID, q.lead.ID("parentaccountid")); account != id.Nil {
		row["parentcustomerid"], row["parentcustomeridtype"] = account, "account"
	}
	if q.contactID, err = q.make(ctx, "contact", row); err != nil {
		return err
	}
	q.change["parentcontactid"] = q.contactID
	if q.accountID == id.Nil || q.in.Account != nil {
		return nil // an account that was there before keeps its first contact
	}
	_, err = q.tx.Update(ctx, "account", q.accountID, record.Row{"primarycontactid": q.contactID}, record.Match{})
	return err
}

func (q *qualification) opportunity(ctx context.Context) error {
	row, err := q.carried(ctx, "opportunity")
	if err != nil {
		return err
	}
	if row["name"] == nil {
		row["name"] = q.title()
	}
	account, contact := firstID(q.accountID, q.lead.ID("parentaccountid")), firstID(q.contactID, q.lead.ID("parentcontactid"))
	if contact != id.Nil {
		row["parentcontactid"], row["customerid"], row["customeridtype"] = contact, contact, "contact"
	}
	if account != id.Nil {
		row["parentaccountid"], row["customerid"], row["customeridtype"] = account, account, "account"
	}
	if to := q.in.OpportunityCustomerID; to != nil {
		row["customerid"], row["customeridtype"] = to.ID, to.Table
		row["parent"+to.Table+"id"] = to.ID
	}
	if from := q.in.SourceCampaignID; from != nil {
		row["campaignid"] = from.ID
	}
	if in := q.in.OpportunityCurrencyID; in != nil {
		row["transactioncurrencyid"] = in.ID
	}
	if q.opportunityID, err = q.make(ctx, "opportunity", row); err != nil {
		return err
	}
	q.change["qualifyingopportunityid"] = q.opportunityID
	return q.process(ctx)
}

// process lets the process that was going on with the lead go on with the opportunity.
func (q *qualification) process(ctx context.Context) error {
	instance := q.in.ProcessInstanceID
	if instance == nil {
		return nil
	}
	t, ok := q.tx.Catalog().Table(instance.Table)
	if !ok {
		return record.ErrNotFound
	}
	for _, c := range t.Columns {
		if c.IsLookup() && slices.Equal(c.Targets, []string{"opportunity"}) {
			_, err := q.tx.Update(ctx, instance.Table, instance.ID, record.Row{c.Name: q.opportunityID}, record.Match{MustExist: true})
			return err
		}
	}
	return errs.New(errs.Invalid, "sales.process", "the process of %s does not go on with opportunities", instance.Table)
}

// title names an opportunity to which no map has given a name.
func (q *qualification) title() string {
	for _, c := range []string{"subject", "rpt_productinterest", "companyname", "fullname"} {
		if s := q.lead.Text(c); s != "" {
			return s
		}
	}
	return "Opportunity"
}

func firstID(ids ...id.ID) id.ID {
	for _, v := range ids {
		if v != id.Nil {
			return v
		}
	}
	return id.Nil
}
