package sales

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/action"
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
	CreateAccount              bool   `json:"CreateAccount" doc:"Make an account of the company"`
	CreateContact              bool   `json:"CreateContact" doc:"Make a contact of the person"`
	CreateOpportunity          bool   `json:"CreateOpportunity" doc:"Make an opportunity"`
	Status                     *int64 `json:"Status,omitempty" doc:"Status reason of the qualified lead; 3, or -1 for the default"`
	SuppressDuplicateDetection *bool  `json:"SuppressDuplicateDetection,omitempty" doc:"Taken for compatibility; duplicates do not block"`
}

// Created is one record that a lead turned into.
type Created struct {
	Type string `json:"@odata.type"`
	// One of the ids is set, under the name of the table's primary id.
	AccountID     *id.ID `json:"accountid,omitempty"`
	ContactID     *id.ID `json:"contactid,omitempty"`
	OpportunityID *id.ID `json:"opportunityid,omitempty"`
}

// Qualified lists what was made.
type Qualified struct {
	Value []Created `json:"value"`
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
	out := Qualified{Value: []Created{}}
	q := qualification{tx: c.Tx, lead: lead, change: record.Row{"statecode": leadQualified, "statuscode": reason}}
	if in.CreateAccount && lead.Text("companyname") != "" {
		if err := q.account(ctx); err != nil {
			return Qualified{}, err
		}
		out.Value = append(out.Value, Created{Type: "#Microsoft.Dynamics.CRM.account", AccountID: &q.accountID})
	}
	if in.CreateContact && lead.Text("lastname")+lead.Text("firstname") != "" {
		if err := q.contact(ctx); err != nil {
			return Qualified{}, err
		}
		out.Value = append(out.Value, Created{Type: "#Microsoft.Dynamics.CRM.contact", ContactID: &q.contactID})
	}
	if in.CreateOpportunity {
		if err := q.opportunity(ctx); err != nil {
			return Qualified{}, err
		}
		out.Value = append(out.Value, Created{Type: "#Microsoft.Dynamics.CRM.opportunity", OpportunityID: &q.opportunityID})
	}
	_, err = c.Tx.Update(ctx, "lead", c.Target, q.change, record.Match{Version: lead.Version()})
	return out, err
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

// qualification carries the lead over into what it turns into.
type qualification struct {
	tx     *record.Tx
	lead   record.Row
	change record.Row // of the lead

	accountID, contactID, opportunityID id.ID
}

// carried are the columns that mean the same on all of them.
var carried = []string{"address1_line1", "address1_line2", "address1_city", "address1_stateorprovince", "address1_postalcode", "address1_country",
	"donotemail", "donotphone", "donotbulkemail", "description"}

func (q *qualification) copy(columns ...string) record.Row {
	row := record.Row{"ownerid": q.lead["ownerid"], "owneridtype": q.lead["owneridtype"], "originatingleadid": q.lead["leadid"]}
	for _, c := range columns {
		if v := q.lead[c]; v != nil {
			row[c] = v
		}
	}
	return row
}

func (q *qualification) account(ctx context.Context) error {
	row := q.copy(append([]string{"industrycode", "numberofemployees", "revenue", "websiteurl", "telephone1"}, carried...)...)
	row["name"] = q.lead.Text("companyname")
	made, err := q.tx.Create(ctx, "account", row)
	if err != nil {
		return err
	}
	q.accountID = made.ID("accountid")
	q.change["parentaccountid"] = q.accountID
	return nil
}

func (q *qualification) contact(ctx context.Context) error {
	row := q.copy(append([]string{"firstname", "middlename", "lastname", "salutation", "jobtitle", "emailaddress1", "mobilephone", "telephone1"}, carried...)...)
	if q.accountID != id.Nil {
		row["parentcustomerid"], row["parentcustomeridtype"] = q.accountID, "account"
	}
	made, err := q.tx.Create(ctx, "contact", row)
	if err != nil {
		return err
	}
	q.contactID = made.ID("contactid")
	q.change["parentcontactid"] = q.contactID
	if q.accountID == id.Nil {
		return nil
	}
	_, err = q.tx.Update(ctx, "account", q.accountID, record.Row{"primarycontactid": q.contactID}, record.Match{})
	return err
}

func (q *qualification) opportunity(ctx context.Context) error {
	row := q.copy("description", "budgetamount", "need", "purchasetimeframe", "campaignid", "estimatedclosedate")
	row["name"] = q.title()
	if v := q.lead["estimatedamount"]; v != nil {
		row["estimatedvalue"] = v
	} else if v := q.lead["budgetamount"]; v != nil {
		row["estimatedvalue"] = v
	}
	account, contact := firstID(q.accountID, q.lead.ID("parentaccountid")), firstID(q.contactID, q.lead.ID("parentcontactid"))
	if contact != id.Nil {
		row["parentcontactid"], row["customerid"], row["customeridtype"] = contact, contact, "contact"
	}
	if account != id.Nil {
		row["parentaccountid"], row["customerid"], row["customeridtype"] = account, account, "account"
	}
	made, err := q.tx.Create(ctx, "opportunity", row)
	if err != nil {
		return err
	}
	q.opportunityID = made.ID("opportunityid")
	q.change["qualifyingopportunityid"] = q.opportunityID
	return nil
}

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
