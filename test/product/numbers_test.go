package product_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// Every number of every report by each of its dimensions, and the board's, equal
// SQL by hand: on records in two currencies, deleted and merged ones, some that were
// won, lost and overridden, created at the very edge of a day elsewhere; for who
// sees all, and for who sees a unit, his own and what is shared with him.

// number is a step of a report: the table that it counts (l: leads, o: opportunities
// of leads, d: decisions), the condition, and what it adds up.
type number struct {
	of, where, sum string
	digits         int
}

var (
	ofLead  = "FROM lead l %s WHERE %s"
	ofDeal  = "FROM opportunity o JOIN lead l ON l.leadid = o.originatingleadid %s WHERE %s"
	ofCheck = "FROM rpt_decisioncheck d %s WHERE %s"
)

// dimension is how SQL tells the lines of a report apart; in joins and in the
// expression, {x} stands for the table that is counted.
type dimension struct {
	by, expr, join string
	codes          bool // lines are told apart by the codes of a choice
}

var (
	byCampaign = dimension{by: "campaign", expr: "c.name", join: "LEFT JOIN campaign c ON c.campaignid = l.campaignid"}
	byChannel  = dimension{by: "channel", expr: "CAST(l.leadsourcecode AS text)", codes: true}
	bySeller   = dimension{by: "seller", expr: "COALESCE(u.fullname, t.name)", join: "LEFT JOIN systemuser u ON u.systemuserid = {x}.ownerid LEFT JOIN team t ON t.teamid = {x}.ownerid"}
)

func (m *managers) everyNumber() {
	m.outcomes()
	m.edges()
	stage := "o.traversedpath LIKE '%" + m.stages["Propose"] + "%'"
	m.compare("lend_funnel", []number{
		{ofLead, "l.rpt_productinterest IS NOT NULL", "l.lend_amount", 2},
		{ofLead, "l.rpt_productinterest IS NOT NULL AND l.lend_eligibility IN (1, 4)", "l.lend_amount", 2},
		{ofDeal, "o.lend_product IS NOT NULL", "o.msfsi_requestedamount_base", 4},
		{ofDeal, "o.lend_product IS NOT NULL AND " + stage, "o.msfsi_requestedamount_base", 4},
		{ofDeal, "o.lend_product IS NOT NULL AND o.lend_sanctionedon IS NOT NULL", "o.lend_sanctionedamount_base", 4},
		{ofDeal, "o.lend_product IS NOT NULL AND o.lend_disbursed > 0", "o.lend_disbursed_base", 4},
	}, []dimension{byCampaign, byChannel, bySeller,
		{by: "postal", expr: "substr(l.address1_postalcode, 1, 2)"},
		{by: "product", expr: "CASE WHEN '{x}' = 'o' THEN o.lend_product ELSE l.rpt_productinterest END"}})
	m.compare("lend_decisions", []number{
		{ofCheck, "1 = 1", "0", -1}, {ofCheck, "d.rpt_outcome = 1", "0", -1}, {ofCheck, "d.rpt_outcome = 2", "0", -1}, {ofCheck, "d.rpt_outcome = 3", "0", -1},
		{ofCheck, "d.rpt_override <> 0", "0", -1}, {ofCheck, "d.rpt_override = 2", "0", -1}, {ofCheck, "d.rpt_override = 3", "0", -1},
		{ofCheck, "d.rpt_override = 2 AND EXISTS (SELECT 1 FROM lead l JOIN opportunity o ON o.opportunityid = l.qualifyingopportunityid WHERE l.leadid = d.regardingobjectid AND o.statecode = 1)", "0", -1},
		{ofCheck, "d.rpt_override = 2 AND EXISTS (SELECT 1 FROM lead l JOIN opportunity o ON o.opportunityid = l.qualifyingopportunityid WHERE l.leadid = d.regardingobjectid AND o.statecode = 2)", "0", -1},
	}, []dimension{bySeller,
		{by: "requestedby", expr: "u.fullname", join: "LEFT JOIN systemuser u ON u.systemuserid = d.rpt_requestedby"},
		{by: "settledby", expr: "u.fullname", join: "LEFT JOIN systemuser u ON u.systemuserid = d.rpt_settledby"},
		{by: "ruleset", expr: "r.rpt_name", join: "LEFT JOIN rpt_decision r ON r.rpt_decisionid = d.rpt_decisionid"},
		{by: "version", expr: "CAST(d.rpt_versionnumber AS text)"}})
	now := m.moment(time.Now())
	m.compare("lend_firstcontact", []number{
		{ofLead, "l.rpt_contactdueon IS NOT NULL", "0", -1},
		{ofLead, "l.rpt_contactdueon IS NOT NULL AND l.rpt_contactedon <= l.rpt_contactdueon", "0", -1},
		{ofLead, "l.rpt_contactdueon IS NOT NULL AND l.rpt_contactedon > l.rpt_contactdueon", "0", -1},
		{ofLead, "l.rpt_contactedon IS NULL AND l.rpt_contactdueon < " + now, "0", -1},
		{ofLead, "l.rpt_contactedon IS NULL AND l.rpt_contactdueon >= " + now, "0", -1},
	}, []dimension{bySeller, byChannel,
		{by: "queue", expr: "l.rpt_routingteam"},
		{by: "unit", expr: "b.name", join: "JOIN businessunit b ON b.businessunitid = l.owningbusinessunit"}})
	m.compare("lend_quality", []number{
		{ofLead, "1 = 1", "0", -1}, {ofLead, "l.lend_rating = 1", "0", -1}, {ofLead, "l.lend_rating = 2", "0", -1}, {ofLead, "l.lend_rating = 3", "0", -1}, {ofLead, "l.lend_rating = 4", "0", -1},
		{ofLead, "l.statecode = 1", "0", -1}, {ofLead, "l.statecode = 2", "0", -1}, {ofDeal, "o.statecode = 1", "o.actualvalue_base", 4},
	}, []dimension{byCampaign, byChannel, {by: "form", expr: "l.rpt_source"}, {by: "reason", expr: "l.rpt_disqualifyreason"}})
}

// outcomes has things turn out in every way that a report knows.
func (m *managers) outcomes() {
	users := m.ids("systemusers?$select=domainname&$filter=contains(domainname,'.')")
	for i, who := range map[int]string{5: "henrik.sato", 10: "aisha.rahman"} {
		seller := *m
		seller.token = m.e.Token(who)
		check := m.ids("rpt_decisionchecks?$select=rpt_decisioncheckid&$filter=rpt_recordid eq " + m.leads[i])[""]
		seller.want(204, "POST", "rpt_decisionchecks("+check+")/Microsoft.Dynamics.CRM.rpt_RequestOverride", `{"Reason":"Known for years"}`)
		m.want(204, "POST", "rpt_decisionchecks("+check+")/Microsoft.Dynamics.CRM.rpt_SettleOverride", fmt.Sprintf(`{"Approve":%v,"Note":"Seen"}`, i == 10))
	}
	m.want(200, "POST", "leads("+m.leads[10]+")/Microsoft.Dynamics.CRM.QualifyLead", `{"CreateAccount":false,"CreateContact":true,"CreateOpportunity":true,"Status":-1}`)
	for _, deal := range m.ids("opportunities?$select=opportunityid&$filter=_originatingleadid_value eq " + m.leads[10]) {
		m.want(204, "POST", "LoseOpportunity", text(map[string]any{"Status": -1, "OpportunityClose": map[string]any{"subject": "Went elsewhere", "opportunityid@odata.bind": "/opportunities(" + deal + ")"}}))
	}
	// The last one came as far as disbursement: two tranches are paid out, one is held back.
	last := m.deals[len(m.deals)-1]
	for n, amount := range []float64{1000.25, 2000.5, 500} {
		m.create("lend_disbursements", text(map[string]any{"lend_name": fmt.Sprint("Tranche ", n+1), "lend_number": n + 1, "lend_amount": amount, "statuscode": []int{3, 3, 4}[n], "lend_opportunityid@odata.bind": "/opportunities(" + last + ")"}))
	}
	m.e.Until("the tranches are added up", func() bool {
		return m.want(200, "GET", "opportunities("+last+")?$select=lend_disbursed", "").body["lend_disbursed"] == 3000.75
	})
	// One asks in a currency of which two are worth one of the base's.
	euro := m.create("transactioncurrencies", `{"currencyname":"Taler","isocurrencycode":"XTA","currencysymbol":"T","exchangerate":2,"currencyprecision":2}`)
	m.want(204, "PATCH", "opportunities("+m.deals[1]+")", `{"msfsi_requestedamount":8000.5,"transactioncurrencyid@odata.bind":"/transactioncurrencies(`+euro+`)"}`)
	if r := m.want(200, "GET", "opportunities("+m.deals[1]+")?$select=msfsi_requestedamount_base", ""); r.body["msfsi_requestedamount_base"] != 4000.25 {
		m.t.Errorf("8,000.50 at two for one is %v", r.body["msfsi_requestedamount_base"])
	}
	// One lead was thrown away with its opportunity, one without, and one is merged into another.
	m.want(204, "DELETE", "opportunities("+m.deals[2]+")", "")
	gone := m.create("leads", `{"lastname":"Gone","rpt_productinterest":"HOME","lend_amount":77}`)
	m.want(204, "DELETE", "leads("+gone+")", "")
	twin := func() map[string]any {
		return map[string]any{"@odata.type": "Microsoft.Dynamics.CRM.lead", "leadid": m.create("leads", `{"lastname":"Twin","rpt_productinterest":"HOME","lend_amount":88}`)}
	}
	m.want(204, "POST", "Merge", text(map[string]any{"Target": twin(), "Subordinate": twin(), "PerformParentingChecks": false}))
	// What is shared of another unit counts for Jonas, too.
	other := m.create("leads", `{"lastname":"Shared","rpt_productinterest":"BUSINESS","lend_amount":1234.5,"ownerid@odata.bind":"/systemusers(`+users["henrik.sato"]+`)"}`)
	m.want(204, "POST", "GrantAccess", text(map[string]any{"Target": map[string]any{"@odata.type": "Microsoft.Dynamics.CRM.lead", "leadid": other},
		"PrincipalAccess": map[string]any{"Principal": map[string]any{"@odata.type": "Microsoft.Dynamics.CRM.systemuser", "systemuserid": users["jonas.weber"]}, "AccessMask": "ReadAccess"}}))
}

// kolkata is where days begin at half past an hour of UTC.
const kolkata = "Asia/Kolkata"

// edges has four leads come at the ends of a day in Kolkata: two in it, two not.
func (m *managers) edges() {
	zone, err := time.LoadLocation(kolkata)
	if err != nil {
		m.t.Fatal(err)
	}
	y, month, d := time.Now().In(zone).AddDate(0, 0, -10).Date()
	begin := time.Date(y, month, d, 0, 0, 0, 0, zone)
	end := begin.AddDate(0, 0, 1)
	var keys []string
	for range 4 {
		keys = append(keys, m.create("leads", `{"lastname":"Edge","rpt_productinterest":"HOME","lend_amount":10}`))
	}
	driver, address := "sqlite", "file:"+m.e.DB+"?_pragma=busy_timeout(60000)"
	if m.postgres {
		driver, address = "pgx", m.e.DB
	}
	db, err := sql.Open(driver, address)
	if err != nil {
		m.t.Fatal(err)
	}
	defer db.Close()
	for i, at := range []time.Time{begin.Add(-time.Microsecond), begin, end.Add(-time.Microsecond), end} {
		if _, err := db.ExecContext(m.t.Context(), "UPDATE lead SET createdon = "+m.moment(at)+" WHERE leadid = "+m.literal(keys[i])); err != nil {
			m.t.Fatal(err)
		}
	}
	// Two that came today should have heard from somebody an hour ago: one did, too late.
	late := time.Now().Add(-time.Hour)
	for _, contacted := range []string{"NULL", m.moment(late.Add(time.Minute))} {
		lead := m.create("leads", `{"lastname":"Late","rpt_productinterest":"HOME","lend_amount":10}`)
		if _, err := db.ExecContext(m.t.Context(), "UPDATE lead SET rpt_contactdueon = "+m.moment(late)+", rpt_contactedon = "+contacted+" WHERE leadid = "+m.literal(lead)); err != nil {
			m.t.Fatal(err)
		}
	}
	// The rules of the sample refer nobody to a person; a set of somebody else's may.
	if _, err := db.ExecContext(m.t.Context(), "UPDATE rpt_decisioncheck SET rpt_outcome = 2 WHERE rpt_recordid = "+m.literal(m.leads[9])); err != nil {
		m.t.Fatal(err)
	}
	admin := m.ids("systemusers?$select=domainname&$filter=domainname eq 'admin'")["admin"]
	m.want(204, "PATCH", "systemusers("+admin+")", `{"rpt_timezone":"`+kolkata+`"}`)
	day := begin.Format(time.DateOnly)
	var got told
	m.e.Until("the day is Kolkata's", func() bool {
		r := m.want(200, "GET", "/api/ui/reports/lend_funnel?from="+day+"&to="+day+"&by=product&before=true", "")
		got = told{}
		if err := json.Unmarshal([]byte(r.text), &got); err != nil {
			m.t.Fatal(err)
		}
		c := got.Total.Cells[0]
		return c.Count == 2 && c.Before != nil && *c.Before == 1
	})
	count := m.rows("SELECT 'in', count(*), 0 FROM lead WHERE createdon >= " + m.moment(begin) + " AND createdon < " + m.moment(end))
	if count["in"] != "2 0" {
		m.t.Errorf("the database has %v on that day", count)
	}
	r := m.want(200, "GET", "/api/ui/reports/lend_funnel/rows?from="+day+"&to="+day+"&by=product&step=applications&key="+url.QueryEscape(got.Groups[0].Key), "")
	if r.body["total"] != 2.0 {
		m.t.Errorf("%v rows behind 2", r.body["total"])
	}
	m.want(204, "PATCH", "systemusers("+admin+")", `{"rpt_timezone":"UTC"}`)
}

// literal gives an id as the database keeps it.
func (m *managers) literal(key string) string {
	if m.postgres {
		return "'" + key + "'"
	}
	return "x'" + strings.ReplaceAll(key, "-", "") + "'"
}

// moment gives a moment as the database keeps it.
func (m *managers) moment(at time.Time) string {
	if m.postgres {
		return "'" + at.UTC().Format("2006-01-02T15:04:05.000000Z") + "'::timestamptz"
	}
	return fmt.Sprint(at.UnixMicro())
}

// seen says in SQL what Jonas may read of a table: his unit's, his own, his teams',
// and what is shared with him or them.
func seen(alias, key string) string {
	const me = "SELECT systemuserid FROM systemuser WHERE domainname = 'jonas.weber'"
	const us = me + " UNION SELECT teamid FROM teammembership WHERE systemuserid IN (" + me + ")"
	return fmt.Sprintf("(%[1]s.owningbusinessunit IN (SELECT businessunitid FROM systemuser WHERE domainname = 'jonas.weber') OR %[1]s.ownerid IN (%[2]s) OR %[1]s.%[3]s IN (SELECT objectid FROM principalobjectaccess WHERE accessrightsmask %% 2 = 1 AND principalid IN (%[2]s)))", alias, us, key)
}

// compare holds every step by every dimension against SQL, for who sees all and for Jonas.
func (m *managers) compare(report string, steps []number, by []dimension) {
	jonas := *m
	jonas.token = m.e.Token("jonas.weber")
	period := func(column string) string {
		now := time.Now().UTC()
		from := time.Date(now.Year(), now.Month(), now.Day()-2, 0, 0, 0, 0, time.UTC)
		return fmt.Sprintf("%s >= %s AND %[1]s < %[3]s", column, m.moment(from), m.moment(from.AddDate(0, 0, 5)))
	}
	for _, d := range by {
		for i, n := range steps {
			alias, may, date := "l", seen("l", "leadid"), "l.createdon"
			switch n.of {
			case ofDeal:
				alias, may = "o", seen("o", "opportunityid")+" AND "+may
			case ofCheck:
				alias, may, date = "d", seen("d", "rpt_decisioncheckid"), "d.rpt_decidedon"
			}
			expr := strings.ReplaceAll(d.expr, "{x}", alias)
			if alias == "l" && strings.Contains(expr, "o.lend_product") {
				expr = "l.rpt_productinterest"
			}
			join := strings.ReplaceAll(d.join, "{x}", alias)
			query := func(more string) string {
				return fmt.Sprintf("SELECT "+expr+", count(*), sum("+n.sum+") "+n.of+" GROUP BY 1", join, period(date)+" AND "+n.where+more)
			}
			if m.told(report, d, i, n.digits, query("")) == 0 {
				m.t.Errorf("%s, step %d: there is nothing to count", report, i)
			}
			jonas.told(report, d, i, n.digits, query(" AND "+may))
		}
	}
}

// told compares one step by one dimension until both have come to rest.
func (m *managers) told(report string, d dimension, step, digits int, query string) (lines int) {
	m.t.Helper()
	var got, want map[string]string
	equal := false
	defer func() {
		if !equal {
			m.t.Logf("%s by %s, step %d: %v, not %v\n%s", report, d.by, step, got, want, query)
		}
	}()
	m.e.Until("the report says what the database says", func() bool {
		got = map[string]string{}
		var count, sum int64
		answer := m.ask(report, "&by="+d.by)
		for _, g := range answer.Groups {
			c := g.Cells[step]
			if c.Count == 0 {
				continue
			}
			name, units := g.Name, unitsOf(c.Sum, digits)
			if d.codes {
				name = strings.TrimPrefix(g.Key, "=")
			}
			if g.Key == "none" {
				name = ""
			}
			count, sum = count+c.Count, sum+units
			got[name] = fmt.Sprintf("%d %d", c.Count, units)
		}
		want = m.rows(query)
		total := answer.Total.Cells[step]
		equal = fmt.Sprint(got) == fmt.Sprint(want) && total.Count == count && unitsOf(total.Sum, digits) == sum
		return equal
	})
	return len(want)
}

func unitsOf(n json.Number, digits int) int64 {
	if digits < 0 || n == "" {
		return 0
	}
	return units(n, digits)
}

// boards compares the totals of the board with SQL for who sees all, by the process
// and by a choice, and what stands beside it.
func (m *managers) boards() {
	ask := func(path string) (columns map[string]string, elsewhere int64) {
		r := m.want(200, "GET", "/api/ui/tables/opportunity/board?"+path, "")
		var board struct {
			Columns []struct {
				Key, Name string
				Count     int64
				Sum       json.Number
			}
			Elsewhere int64
		}
		if err := json.Unmarshal([]byte(r.text), &board); err != nil {
			m.t.Fatal(err)
		}
		columns = map[string]string{}
		for _, c := range board.Columns {
			if c.Count > 0 {
				columns[c.Name] = fmt.Sprintf("%d %d", c.Count, units(c.Sum, 4))
			}
		}
		return columns, board.Elsewhere
	}
	got, beside := ask("by=lend_loanprocess&amount=msfsi_requestedamount&$select=name&$filter=statecode%20eq%200")
	const of = "FROM opportunity o JOIN processstage s ON s.processstageid = o.stageid JOIN workflow w ON w.workflowid = s.processid WHERE o.statecode = 0 AND w.uniquename %s 'lend_loanprocess'"
	want := m.rows("SELECT s.stagename, count(*), sum(o.msfsi_requestedamount_base) " + fmt.Sprintf(of, "=") + " GROUP BY 1")
	if fmt.Sprint(got) != fmt.Sprint(want) || len(want) < 3 {
		m.t.Errorf("the board says %v, the database %v", got, want)
	}
	rest := m.rows("SELECT 'rest', count(*), 0 FROM opportunity o WHERE o.statecode = 0")
	var open, placed int64
	_, _ = fmt.Sscan(rest["rest"], &open)
	for _, line := range want {
		var n int64
		_, _ = fmt.Sscan(line, &n)
		placed += n
	}
	if beside != open-placed {
		m.t.Errorf("%d stand beside the board, not %d", beside, open-placed)
	}
	got, _ = ask("by=opportunityratingcode&amount=msfsi_requestedamount&$select=name&$filter=statecode%20eq%200")
	label := "CASE o.opportunityratingcode WHEN 1 THEN 'Hot' WHEN 2 THEN 'Warm' WHEN 3 THEN 'Cold' ELSE 'No value' END"
	want = m.rows("SELECT " + label + ", count(*), sum(o.msfsi_requestedamount_base) FROM opportunity o WHERE o.statecode = 0 GROUP BY 1")
	if fmt.Sprint(got) != fmt.Sprint(want) || len(want) == 0 {
		m.t.Errorf("by rating the board says %v, the database %v", got, want)
	}
}

// stageTimes compares time in stages by seller, and what a seller is told of his unit.
func (m *managers) stageTimes() {
	jonas := *m
	jonas.token = m.e.Token("jonas.weber")
	open := "SELECT s.stagename || ' · ' || COALESCE(u.fullname, t.name), count(*), 0 FROM lend_loanprocess p JOIN processstage s ON s.processstageid = p.activestageid LEFT JOIN systemuser u ON u.systemuserid = p.ownerid LEFT JOIN team t ON t.teamid = p.ownerid WHERE p.statecode = 0 %s GROUP BY 1"
	stays := "SELECT s.stagename || ' · ' || COALESCE(u.fullname, t.name), count(*), max(%s) FROM lend_loanprocess p %s LEFT JOIN systemuser u ON u.systemuserid = p.ownerid LEFT JOIN team t ON t.teamid = p.ownerid WHERE 1 = 1 %s GROUP BY 1"
	seconds, each := "CAST(json_extract(x.value, '$.seconds') AS INTEGER)", "CROSS JOIN json_each(p.rpt_stages) x JOIN processstage s ON lower(hex(s.processstageid)) = replace(json_extract(x.value, '$.stage'), '-', '')"
	if m.postgres {
		seconds, each = "(x.value->>'seconds')::bigint", "CROSS JOIN LATERAL jsonb_array_elements(p.rpt_stages::jsonb) x JOIN processstage s ON s.processstageid::text = x.value->>'stage'"
	}
	for who, more := range map[*managers]string{m: "", &jonas: "AND " + seen("p", "businessprocessflowinstanceid")} {
		var gotOpen, gotStays, wantOpen, wantStays map[string]string
		m.e.Until("times by seller are what the database says", func() bool {
			gotOpen, gotStays = map[string]string{}, map[string]string{}
			for _, g := range who.ask("lend_stagetimes", "&by=seller").Groups {
				if c := g.Cells[0]; c.Open > 0 {
					gotOpen[g.Name] = fmt.Sprintf("%d 0", c.Open)
				}
				if c := g.Cells[0]; c.Count > 0 {
					gotStays[g.Name] = fmt.Sprintf("%d %d", c.Count, c.Longest)
				}
			}
			wantOpen, wantStays = m.rows(fmt.Sprintf(open, more)), m.rows(fmt.Sprintf(stays, seconds, each, more))
			return len(wantStays) > 0 && fmt.Sprint(gotOpen) == fmt.Sprint(wantOpen) && fmt.Sprint(gotStays) == fmt.Sprint(wantStays)
		})
	}
}
