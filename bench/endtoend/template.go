package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/rapport-platform/rapport/bench/internal/rows"
)

// copied says which rows a lead comes to.
const copied = "the lead, its queue item, notification, four change rows, flow run, checkpoint and inbox entry"

// readTemplate reads what became of the newest lead that went all the way.
func readTemplate(ctx context.Context, engine, url string) (*rows.Template, error) {
	c, err := rows.Connect(ctx, engine, url)
	if err != nil {
		return nil, err
	}
	defer c.Close(ctx)
	p := func(n int) string { return rows.Placeholder(engine, n) }
	t := rows.NewTemplate(engine)
	add := func(table, where string, args ...any) (func(column string) any, error) {
		names, found, err := c.Query(ctx, "SELECT * FROM "+table+" WHERE "+where, args...)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("there is no row of %s to copy", table)
		}
		for _, row := range found {
			t.Add(table, names, row)
		}
		return func(column string) any { return found[0][slices.Index(names, column)] }, nil
	}
	of, err := add("rpt_flowrun", "rpt_status = 1 AND rpt_flowrunid IN (SELECT rpt_flowrunid FROM rpt_flowrun WHERE rpt_flowname = 'lead-upsert' ORDER BY rpt_startedon DESC LIMIT 1)")
	if err != nil {
		return nil, err
	}
	run, leadID := of("rpt_flowrunid"), of("rpt_regarding")
	t.Renew(run)
	records := []any{leadID}
	var eventID any
	for _, x := range []struct {
		table, where, id string
		arg              any
	}{
		{"rpt_flowcheckpoint", "rpt_runid = ", "rpt_flowcheckpointid", run},
		{"lead", "leadid = ", "leadid", leadID},
		{"queueitem", "objectid = ", "queueitemid", leadID},
		{"appnotification", "rpt_regardingid = ", "appnotificationid", leadID},
	} {
		of, err := add(x.table, x.where+p(1), x.arg)
		if err != nil {
			return nil, err
		}
		t.Renew(of(x.id))
		switch x.table {
		case "lead":
			eventID = of("rpt_eventid")
			t.RenewText(eventID)
			t.RenewText(of("emailaddress1"))
		case "queueitem", "appnotification":
			records = append(records, of(x.id))
		}
	}
	if _, err := add("inbox", "eventid = "+p(1), eventID); err != nil {
		return nil, err
	}
	_, err = add("changelog", "recordid IN ("+p(1)+", "+p(2)+", "+p(3)+") ORDER BY pos", records...)
	return t, err
}
