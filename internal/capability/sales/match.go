package sales

import (
	"context"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// LeadMatch is a record that a lead may belong to, and why.
type LeadMatch struct {
	Table  string `json:"Table" doc:"account, contact or opportunity"`
	ID     id.ID  `json:"Id"`
	Name   string `json:"Name"`
	Reason string `json:"Reason" doc:"What is the same: email, phone, name, company, parent (the lead names it already) or customer (an open opportunity of a match)"`
	Detail string `json:"Detail" doc:"The value that is the same"`
}

// LeadMatches is what was found.
type LeadMatches struct {
	Matches []LeadMatch `json:"Matches"`
}

const mostMatches = 5 // for each reason

// matches looks for accounts, contacts and open opportunities that a lead may
// belong to, among those that the caller may read.
func matches(ctx context.Context, c action.Call, _ action.Empty) (LeadMatches, error) {
	out := LeadMatches{Matches: []LeadMatch{}}
	lead, err := c.Reader.Get(ctx, "lead", c.Target, nil, nil)
	if err != nil {
		return out, err
	}
	seen := map[id.ID]bool{}
	find := func(table, title, reason, detail string, where query.Node) error {
		if detail == "" {
			return nil
		}
		page, err := c.Reader.Find(ctx, query.Query{Table: table, Select: []string{table + "id", title}, Limit: mostMatches, Order: []query.Order{{Column: title}, {Column: table + "id"}},
			Where: query.And{query.Compare{Left: query.Path{"statecode"}, Value: int64(0)}, where}})
		if err != nil {
			return err
		}
		for _, row := range page.Rows {
			if key := row.ID(table + "id"); !seen[key] {
				seen[key] = true
				out.Matches = append(out.Matches, LeadMatch{table, key, row.Text(title), reason, detail})
			}
		}
		return nil
	}
	equal := func(column string, v any) query.Node { return query.Compare{Left: query.Path{column}, Value: v} }
	any := func(value string, columns ...string) query.Node {
		var or query.Or
		for _, column := range columns {
			or = append(or, equal(column, value))
		}
		return or
	}
	name := strings.TrimSpace(lead.Text("firstname") + " " + lead.Text("lastname"))
	company, email := lead.Text("companyname"), lead.Text("emailaddress1")
	phone := lead.Text("mobilephone")
	if phone == "" {
		phone = lead.Text("telephone1")
	}
	for _, step := range []func() error{
		func() error { return named(lead, "account", "name", "parentaccountid", find) },
		func() error { return named(lead, "contact", "fullname", "parentcontactid", find) },
		func() error { return find("account", "name", "company", company, equal("name", company)) },
		func() error { return find("account", "name", "phone", phone, any(phone, "telephone1")) },
		func() error { return find("contact", "fullname", "email", email, any(email, "emailaddress1")) },
		func() error {
			return find("contact", "fullname", "phone", phone, any(phone, "mobilephone", "telephone1"))
		},
		func() error {
			if lead.Text("lastname") == "" {
				return nil
			}
			return find("contact", "fullname", "name", name, query.And{equal("firstname", lead.Text("firstname")), equal("lastname", lead.Text("lastname"))})
		},
	} {
		if err := step(); err != nil {
			return out, err
		}
	}
	// The open opportunities of whom was found.
	for _, m := range out.Matches {
		if m.Table == "opportunity" {
			continue
		}
		if err := find("opportunity", "name", "customer", m.Name, equal("parent"+m.Table+"id", m.ID)); err != nil {
			return out, err
		}
	}
	return out, nil
}

// named finds what the lead names itself.
func named(lead record.Row, table, title, column string, find func(table, title, reason, detail string, where query.Node) error) error {
	key := lead.ID(column)
	if key == id.Nil {
		return nil
	}
	return find(table, title, "parent", "lead", query.Compare{Left: query.Path{table + "id"}, Value: key})
}
