package product_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/rapport-platform/rapport/internal/test/testenv"
)

// What managers see of the sample lender: each number equals what SQL written by
// hand counts in the database, for those who see all and for those who see a unit.
func TestManagers(t *testing.T) {
	t.Parallel()
	testenv.Each(t, testenv.Options{Sample: true}, func(t *testing.T, e *testenv.Env) {
		m := &managers{caller: caller{t, e, e.Token("admin")}}
		driver, address := "sqlite", "file:"+e.DB+"?mode=ro"
		if strings.HasPrefix(e.DB, "postgres") {
			driver, address = "pgx", e.DB
		}
		db, err := sql.Open(driver, address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		m.db, m.postgres = db, driver == "pgx"
		e.Until("the sample's leads have arrived", func() bool { return e.Count(m.token, "leads", "") >= 60 })
		m.stages = map[string]string{}
		e.Until("the loan process is in force", func() bool {
			r := m.want(200, "GET", "processstages?$select=stagename&$filter=processid/uniquename eq 'lend_loanprocess'", "")
			for _, v := range r.body["value"].([]any) {
				s := v.(map[string]any)
				m.stages[s["stagename"].(string)] = s["processstageid"].(string)
			}
			lead := m.create("leads", `{"lastname":"Probe","rpt_productinterest":"HOME","lend_amount":1000}`)
			r = m.want(200, "GET", "RetrieveProcessInstances(EntityId="+lead+",EntityLogicalName='lead')", "")
			return len(m.stages) == 9 && strings.Contains(r.text, "lend_loanprocess")
		})
		m.loans()
		t.Run("funnel", func(t *testing.T) { m.on(t).funnel() })
		t.Run("unit", func(t *testing.T) { m.on(t).unit() })
		t.Run("times", func(t *testing.T) { m.on(t).times() })
		t.Run("decisions", func(t *testing.T) { m.on(t).decisions() })
		t.Run("contact", func(t *testing.T) { m.on(t).contact() })
		t.Run("quality", func(t *testing.T) { m.on(t).quality() })
		t.Run("every number", func(t *testing.T) { m.on(t).everyNumber() })
		t.Run("boards", func(t *testing.T) { m.on(t).boards() })
		t.Run("times by seller", func(t *testing.T) { m.on(t).stageTimes() })
		t.Run("bad questions", func(t *testing.T) { m.on(t).badQuestions() })
	})
}

type managers struct {
	caller
	db       *sql.DB
	postgres bool
	stages   map[string]string
	leads    []string
	deals    []string
}

func (m *managers) on(t *testing.T) *managers {
	n := *m
	n.t = t
	return &n
}

func (m *managers) ids(path string) map[string]string {
	out := map[string]string{}
	for _, v := range m.want(200, "GET", path, "").body["value"].([]any) {
		row := v.(map[string]any)
		key, name := "", ""
		for k, x := range row {
			if s, ok := x.(string); ok && !strings.HasPrefix(k, "@") {
				if len(s) == 36 && strings.Count(s, "-") == 4 {
					key = s
				} else {
					name = s
				}
			}
		}
		out[name] = key
	}
	return out
}

// loans makes applications of several campaigns, channels, places and sellers, and
// takes them on to different stages.
func (m *managers) loans() {
	campaigns := m.ids("campaigns?$select=name")
	users := m.ids("systemusers?$select=domainname&$filter=contains(domainname,'.')")
	sellers := []string{"jonas.weber", "aisha.rahman", "henrik.sato"}
	names := []string{"Spring home loans", "Electric cars", ""}
	for i := range 12 {
		lead := map[string]any{"firstname": "Ann", "lastname": fmt.Sprintf("Applicant %d", i), "rpt_productinterest": "VEHICLE", "lend_amount": 10000.5 + float64(i), "lend_term": 60, "lend_income": 5000,
			"lend_birthdate": "1988-05-04", "lend_employment": 100000000, "address1_postalcode": []string{"10115", "10999", "80331", "8"}[i%4], "leadsourcecode": []int{1, 8}[i%2], "subject": "Car",
			"ownerid@odata.bind": "/systemusers(" + users[sellers[i%3]] + ")"}
		if i%5 == 0 {
			lead["lend_income"] = 100 // not eligible
		}
		if i%4 == 0 {
			lead["rpt_productinterest"], lead["subject"] = "HOME", "Flat" // goes by the stage of collateral
		}
		if name := names[i%3]; name != "" {
			lead["campaignid@odata.bind"] = "/campaigns(" + campaigns[name] + ")"
		}
		key := m.create("leads", text(lead))
		m.leads = append(m.leads, key)
		m.want(200, "POST", "rpt_Decide", `{"Target":{"@odata.type":"Microsoft.Dynamics.CRM.lead","leadid":"`+key+`"}}`)
		if i%5 == 0 {
			continue
		}
		m.want(200, "POST", "leads("+key+")/Microsoft.Dynamics.CRM.QualifyLead", `{"CreateAccount":false,"CreateContact":true,"CreateOpportunity":true,"Status":-1}`)
		for _, deal := range m.ids("opportunities?$select=opportunityid&$filter=_originatingleadid_value eq " + key) {
			m.deals = append(m.deals, deal)
			m.onward(deal, lead["rpt_productinterest"] == "HOME", i%6)
		}
	}
}

// onward takes a loan over some stages; one with collateral has one more.
func (m *managers) onward(deal string, collateral bool, steps int) {
	r := m.want(200, "GET", "lend_loanprocesses?$select=businessprocessflowinstanceid&$filter=_bpf_opportunityid_value eq "+deal, "")
	instance := r.body["value"].([]any)[0].(map[string]any)["businessprocessflowinstanceid"].(string)
	type step struct{ values, stage string }
	ways := []step{
		{"{}", "Propose"}, {`{"msfsi_interestrate":3.5,"lend_prequalified":true}`, "Documents"}, {`{"lend_kycdone":true}`, "Underwriting"},
		{`{"lend_underwriting":100000000}`, "Sanction"}, {`{"lend_sanctionedamount":9000,"lend_sanctionedon":"2026-11-20"}`, "Disbursement"},
	}
	if collateral {
		ways[2].stage = "Collateral"
		ways = slices.Insert(ways, 3, step{`{"lend_collateralvalued":true}`, "Underwriting"})
	}
	for _, way := range ways[:steps] {
		m.want(204, "PATCH", "opportunities("+deal+")", way.values)
		if strings.Contains(way.values, "kycdone") {
			for _, item := range m.ids("rpt_documentrequests?$select=rpt_key&$filter=rpt_recordid eq " + deal) {
				m.want(204, "POST", "rpt_documentrequests("+item+")/Microsoft.Dynamics.CRM.rpt_ReceiveDocument", `{"Note":"By post"}`)
			}
		}
		m.want(204, "PATCH", "lend_loanprocesses("+instance+")", `{"activestageid@odata.bind":"/processstages(`+m.stages[way.stage]+`)"}`)
	}
}

type told struct {
	Total  line
	Groups []line
}

type line struct {
	Key, Name string
	Cells     []struct {
		Count, Median, P90, Longest, Open int64
		Sum                               json.Number
		Before                            *int64
	}
}

// days is a period around now.
func days(from, to int) string {
	now := time.Now().UTC()
	return "from=" + now.AddDate(0, 0, from).Format(time.DateOnly) + "&to=" + now.AddDate(0, 0, to).Format(time.DateOnly)
}

func (m *managers) ask(name, more string) (out told) {
	m.t.Helper()
	r := m.want(200, "GET", "/api/ui/reports/"+name+"?"+days(-2, 2)+more, "")
	if err := json.Unmarshal([]byte(r.text), &out); err != nil {
		m.t.Fatal(err)
	}
	return out
}

// number gives a sum in whole units of its last digit, as the database keeps it.
func units(n json.Number, digits int) int64 {
	whole, part, _ := strings.Cut(n.String(), ".")
	var out int64
	_, _ = fmt.Sscan(whole+(part + "0000000000")[:digits], &out)
	return out
}

// rows asks the database: a name and two numbers.
func (m *managers) rows(query string) map[string]string {
	m.t.Helper()
	found, err := m.db.QueryContext(m.t.Context(), query)
	if err != nil {
		m.t.Fatal(query, err)
	}
	defer found.Close()
	out := map[string]string{}
	for found.Next() {
		var name sql.NullString
		var n int64
		var sum sql.NullInt64
		if err := found.Scan(&name, &n, &sum); err != nil {
			m.t.Fatal(query, err)
		}
		out[name.String] = fmt.Sprintf("%d %d", n, sum.Int64)
	}
	if err := found.Err(); err != nil {
		m.t.Fatal(err)
	}
	return out
}

// same compares a step of a report with the database until both have come to rest:
// leads of the sample are still being dealt out. digits is the scale of the sum, -1
// where there is none. The whole is compared with the sum of the parts, too.
func (m *managers) same(report, by string, step, digits int, query string) {
	m.t.Helper()
	var got, want map[string]string
	equal := false
	defer func() {
		if !equal {
			m.t.Logf("%s by %s, step %d: %v, not %v", report, by, step, got, want)
		}
	}()
	m.e.Until("the report says what the database says", func() bool {
		got = map[string]string{}
		var count int64
		answer := m.ask(report, "&by="+by)
		for _, g := range answer.Groups {
			c := g.Cells[step]
			if c.Count == 0 {
				continue
			}
			sum := int64(0)
			if digits >= 0 && c.Sum != "" {
				sum = units(c.Sum, digits)
			}
			count += c.Count
			got[g.Name] = fmt.Sprintf("%d %d", c.Count, sum)
		}
		want = m.rows(query)
		equal = fmt.Sprint(got) == fmt.Sprint(want) && answer.Total.Cells[step].Count == count && len(want) > 0
		return equal
	})
}

func (m *managers) funnel() {
	const lead = "SELECT %s, count(*), sum(l.lend_amount) FROM lead l %s WHERE l.rpt_productinterest IS NOT NULL %s GROUP BY 1"
	const deal = "SELECT %s, count(*), sum(o.%s) FROM opportunity o JOIN lead l ON l.leadid = o.originatingleadid %s WHERE o.lend_product IS NOT NULL %s GROUP BY 1"
	campaign := "LEFT JOIN campaign c ON c.campaignid = l.campaignid"
	m.same("lend_funnel", "campaign", 0, 2, fmt.Sprintf(lead, "c.name", campaign, ""))
	m.same("lend_funnel", "campaign", 1, 2, fmt.Sprintf(lead, "c.name", campaign, "AND l.lend_eligibility IN (1, 4)"))
	m.same("lend_funnel", "campaign", 2, 4, fmt.Sprintf(deal, "c.name", "msfsi_requestedamount_base", campaign, ""))
	m.same("lend_funnel", "campaign", 3, 4, fmt.Sprintf(deal, "c.name", "msfsi_requestedamount_base", campaign, "AND o.traversedpath LIKE '%%"+m.stages["Propose"]+"%%'"))
	m.same("lend_funnel", "campaign", 4, 4, fmt.Sprintf(deal, "c.name", "lend_sanctionedamount_base", campaign, "AND o.lend_sanctionedon IS NOT NULL"))
	channel := "CASE l.leadsourcecode WHEN 1 THEN 'Advertisement' WHEN 8 THEN 'Web' WHEN 4 THEN 'Partner' WHEN 10 THEN 'Other' ELSE CAST(l.leadsourcecode AS text) END"
	m.same("lend_funnel", "channel", 2, 4, fmt.Sprintf(deal, channel, "msfsi_requestedamount_base", "", ""))
	m.same("lend_funnel", "postal", 2, 4, fmt.Sprintf(deal, "substr(l.address1_postalcode, 1, 2)", "msfsi_requestedamount_base", "", ""))
	m.same("lend_funnel", "seller", 2, 4, fmt.Sprintf(deal, "u.fullname", "msfsi_requestedamount_base", "LEFT JOIN systemuser u ON u.systemuserid = o.ownerid", ""))

	// Each number leads to its rows, and the period before to none of them.
	answer := m.ask("lend_funnel", "&by=postal&before=true")
	for _, g := range answer.Groups {
		for i, step := range []string{"applications", "eligible", "opportunities", "proposed", "sanctioned"} {
			r := m.want(200, "GET", "/api/ui/reports/lend_funnel/rows?"+days(-2, 2)+"&by=postal&step="+step+"&key="+url.QueryEscape(g.Key), "")
			rows, _ := r.body["rows"].([]any)
			if r.body["total"] != float64(g.Cells[i].Count) || int64(len(rows)) != min(g.Cells[i].Count, 100) || g.Cells[i].Before == nil || *g.Cells[i].Before != 0 {
				m.t.Errorf("%s of %q: %v behind %d", step, g.Key, r.body["total"], g.Cells[i].Count)
			}
		}
	}
	later := m.want(200, "GET", "/api/ui/reports/lend_funnel?"+days(3, 7)+"&before=true", "")
	var next told
	if err := json.Unmarshal([]byte(later.text), &next); err != nil || next.Total.Cells[0].Count != 0 || next.Total.Cells[0].Before == nil || *next.Total.Cells[0].Before != answer.Total.Cells[0].Count {
		m.t.Errorf("the period after: %s", later.text)
	}
}

// unit compares what a seller, who sees his unit, is told.
func (m *managers) unit() {
	jonas := *m
	jonas.token = m.e.Token("jonas.weber")
	const unit = "JOIN businessunit b ON b.businessunitid = %s.owningbusinessunit AND b.name = 'Retail Lending'"
	jonas.same("lend_funnel", "product", 0, 2, "SELECT l.rpt_productinterest, count(*), sum(l.lend_amount) FROM lead l "+fmt.Sprintf(unit, "l")+" WHERE l.rpt_productinterest IS NOT NULL GROUP BY 1")
	jonas.same("lend_funnel", "product", 2, 4, "SELECT o.lend_product, count(*), sum(o.msfsi_requestedamount_base) FROM opportunity o "+fmt.Sprintf(unit, "o")+" JOIN lead l ON l.leadid = o.originatingleadid WHERE o.lend_product IS NOT NULL GROUP BY 1")
	all, own := m.ask("lend_funnel", "").Total.Cells[2].Count, jonas.ask("lend_funnel", "").Total.Cells[2].Count
	if own == 0 || own >= all {
		m.t.Errorf("a seller of the unit is told of %d of %d opportunities", own, all)
	}
	// And the board: its columns add up to what the database has of his unit.
	r := jonas.want(200, "GET", "/api/ui/tables/opportunity/board?by=lend_loanprocess&amount=msfsi_requestedamount&$select=name&$filter=statecode%20eq%200", "")
	var board struct {
		Columns []struct {
			Name  string
			Count int64
			Sum   json.Number
		}
	}
	if err := json.Unmarshal([]byte(r.text), &board); err != nil {
		m.t.Fatal(err)
	}
	got := map[string]string{}
	for _, c := range board.Columns {
		if c.Count > 0 {
			got[c.Name] = fmt.Sprintf("%d %d", c.Count, units(c.Sum, 4))
		}
	}
	want := m.rows("SELECT s.stagename, count(*), sum(o.msfsi_requestedamount_base) FROM opportunity o " + fmt.Sprintf(unit, "o") + " JOIN processstage s ON s.processstageid = o.stageid JOIN workflow w ON w.workflowid = s.processid AND w.uniquename = 'lend_loanprocess' WHERE o.statecode = 0 GROUP BY 1")
	if fmt.Sprint(got) != fmt.Sprint(want) || len(want) < 3 {
		m.t.Errorf("the board says %v, the database %v", got, want)
	}
}

func (m *managers) times() {
	// One goes back, with the reason, and so was in two stages twice.
	r := m.want(200, "GET", "lend_loanprocesses?$select=businessprocessflowinstanceid&$top=1&$filter=activestageid/stagename eq 'Documents'", "")
	instance := r.body["value"].([]any)[0].(map[string]any)["businessprocessflowinstanceid"].(string)
	m.want(204, "PATCH", "lend_loanprocesses("+instance+")", `{"activestageid@odata.bind":"/processstages(`+m.stages["Propose"]+`)","rpt_movereason":"The rate was wrong"}`)
	stays := "SELECT s.stagename, CAST(json_extract(x.value, '$.seconds') AS INTEGER), 0 FROM lend_loanprocess p, json_each(p.rpt_stages) x JOIN processstage s ON lower(hex(s.processstageid)) = replace(json_extract(x.value, '$.stage'), '-', '')"
	if m.postgres {
		stays = "SELECT s.stagename, (x.value->>'seconds')::bigint, 0 FROM lend_loanprocess p CROSS JOIN LATERAL jsonb_array_elements(p.rpt_stages::jsonb) x JOIN processstage s ON s.processstageid::text = x.value->>'stage'"
	}
	found, err := m.db.QueryContext(m.t.Context(), stays)
	if err != nil {
		m.t.Fatal(err)
	}
	defer found.Close()
	lasted := map[string][]int64{}
	for found.Next() {
		var name string
		var seconds, none int64
		if err := found.Scan(&name, &seconds, &none); err != nil {
			m.t.Fatal(err)
		}
		lasted[name] = append(lasted[name], seconds)
	}
	open := m.rows("SELECT s.stagename, count(*), 0 FROM lend_loanprocess p JOIN processstage s ON s.processstageid = p.activestageid WHERE p.statecode = 0 GROUP BY 1")
	answer := m.ask("lend_stagetimes", "")
	if len(answer.Groups) != 9 || len(lasted["Propose"]) == 0 || len(lasted["Collateral"]) == 0 {
		m.t.Fatalf("%+v", answer)
	}
	for _, g := range answer.Groups {
		list := lasted[g.Name]
		slices.Sort(list)
		c := g.Cells[0]
		want := fmt.Sprintf("%d 0 0 0", len(list))
		if n := len(list); n > 0 {
			// By hand: the least value that at least half, and nine in ten, do not exceed.
			at := func(share float64) int64 {
				for i := range list {
					if float64(i+1) >= share*float64(n)-1e-9 {
						return list[i]
					}
				}
				return -1
			}
			want = fmt.Sprintf("%d %d %d %d", n, at(0.5), at(0.9), list[n-1])
		}
		if got := fmt.Sprintf("%d %d %d %d", c.Count, c.Median, c.P90, c.Longest); got != want {
			m.t.Errorf("%s: %s, not %s", g.Name, got, want)
		}
		if got := fmt.Sprintf("%d 0", c.Open); got != open[g.Name] && (c.Open > 0 || open[g.Name] != "") {
			m.t.Errorf("%s: %s open, not %s", g.Name, got, open[g.Name])
		}
		r := m.want(200, "GET", "/api/ui/reports/lend_stagetimes/rows?"+days(-2, 2)+"&key="+g.Key, "")
		if r.body["total"] != float64(min(c.Count, 500)) {
			m.t.Errorf("%s: %v behind %d", g.Name, r.body["total"], c.Count)
		}
		if g.Name == "Documents" && !strings.Contains(r.text, "The rate was wrong") {
			m.t.Errorf("no reason in %s", r.text)
		}
	}
	var all int64
	for _, g := range m.ask("lend_stagetimes", "&by=seller").Groups {
		all += g.Cells[0].Count
	}
	if all != answer.Total.Cells[0].Count {
		m.t.Errorf("by seller %d stays, %d in all", all, answer.Total.Cells[0].Count)
	}
}

func (m *managers) decisions() {
	// Jonas asks for one of his to be overridden, and the administrator agrees.
	jonas := *m
	jonas.token = m.e.Token("jonas.weber")
	check := m.ids("rpt_decisionchecks?$select=rpt_decisioncheckid&$filter=rpt_recordid eq " + m.leads[0])[""]
	jonas.want(204, "POST", "rpt_decisionchecks("+check+")/Microsoft.Dynamics.CRM.rpt_RequestOverride", `{"Reason":"Her mother stands behind it"}`)
	m.want(204, "POST", "rpt_decisionchecks("+check+")/Microsoft.Dynamics.CRM.rpt_SettleOverride", `{"Approve":true,"Note":"Seen"}`)
	const count = "SELECT u.fullname, count(*), 0 FROM rpt_decisioncheck d LEFT JOIN systemuser u ON u.systemuserid = d.%s WHERE %s GROUP BY 1"
	m.same("lend_decisions", "seller", 0, -1, fmt.Sprintf(count, "ownerid", "1 = 1"))
	m.same("lend_decisions", "seller", 3, -1, fmt.Sprintf(count, "ownerid", "d.rpt_outcome = 3"))
	m.same("lend_decisions", "requestedby", 4, -1, fmt.Sprintf(count, "rpt_requestedby", "d.rpt_override <> 0"))
	m.same("lend_decisions", "settledby", 5, -1, fmt.Sprintf(count, "rpt_settledby", "d.rpt_override = 2"))

	// It turns out well.
	m.want(200, "POST", "leads("+m.leads[0]+")/Microsoft.Dynamics.CRM.QualifyLead", `{"CreateAccount":false,"CreateContact":true,"CreateOpportunity":true,"Status":-1}`)
	for _, deal := range m.ids("opportunities?$select=opportunityid&$filter=_originatingleadid_value eq " + m.leads[0]) {
		m.want(204, "POST", "WinOpportunity", text(map[string]any{"Status": -1, "OpportunityClose": map[string]any{"subject": "Paid out", "opportunityid@odata.bind": "/opportunities(" + deal + ")"}}))
	}
	m.same("lend_decisions", "seller", 7, -1, "SELECT u.fullname, count(*), 0 FROM rpt_decisioncheck d JOIN lead l ON l.leadid = d.rpt_recordid JOIN opportunity o ON o.opportunityid = l.qualifyingopportunityid LEFT JOIN systemuser u ON u.systemuserid = d.ownerid WHERE d.rpt_override = 2 AND o.statecode = 1 GROUP BY 1")
}

func (m *managers) contact() {
	// Jonas calls one, an automatic mail goes to another, and somebody calls in.
	jonas := *m
	jonas.token = m.e.Token("jonas.weber")
	about := func(i int) string {
		return `"regardingobjectid_lead_phonecall@odata.bind":"/leads(` + m.leads[i] + `)"`
	}
	jonas.create("phonecalls", `{"subject":"Called","directioncode":true,"statecode":1,"statuscode":2,`+about(3)+`}`)
	planned := jonas.create("phonecalls", `{"subject":"To call","directioncode":true,`+about(0)+`}`)
	jonas.create("phonecalls", `{"subject":"Called in","directioncode":false,"statecode":1,"statuscode":4,`+about(6)+`}`)
	const count = "SELECT u.fullname, count(*), 0 FROM lead l LEFT JOIN systemuser u ON u.systemuserid = l.ownerid WHERE l.rpt_contactdueon IS NOT NULL %s GROUP BY 1"
	m.same("lend_firstcontact", "seller", 0, -1, fmt.Sprintf(count, ""))
	m.same("lend_firstcontact", "seller", 1, -1, fmt.Sprintf(count, "AND l.rpt_contactedon <= l.rpt_contactdueon"))
	if r := m.want(200, "GET", "leads("+m.leads[3]+")?$select=rpt_contactedon", ""); r.body["rpt_contactedon"] == nil {
		m.t.Errorf("called, and not contacted: %s", r.text)
	}
	for _, i := range []int{0, 6} {
		if r := m.want(200, "GET", "leads("+m.leads[i]+")?$select=rpt_contactedon", ""); r.body["rpt_contactedon"] != nil {
			m.t.Errorf("contacted: %s", r.text)
		}
	}
	jonas.want(204, "PATCH", "phonecalls("+planned+")", `{"statecode":1,"statuscode":2}`)
	if r := m.want(200, "GET", "leads("+m.leads[0]+")?$select=rpt_contactedon", ""); r.body["rpt_contactedon"] == nil {
		m.t.Errorf("the planned call is done, and nobody was contacted: %s", r.text)
	}
	cells := m.ask("lend_firstcontact", "").Total.Cells
	if cells[1].Count < 2 || cells[0].Count != cells[1].Count+cells[2].Count+cells[3].Count+cells[4].Count {
		m.t.Errorf("the parts do not make up the whole: %+v", cells)
	}
}

func (m *managers) quality() {
	for i, lead := range m.leads {
		m.want(204, "PATCH", "leads("+lead+")", fmt.Sprintf(`{"lend_rating":%d}`, 1+i%4))
	}
	const count = "SELECT c.name, count(*), 0 FROM lead l LEFT JOIN campaign c ON c.campaignid = l.campaignid WHERE %s GROUP BY 1"
	for i, where := range []string{"1 = 1", "l.lend_rating = 1", "l.lend_rating = 2", "l.lend_rating = 3", "l.lend_rating = 4", "l.statecode = 1"} {
		m.same("lend_quality", "campaign", i, -1, fmt.Sprintf(count, where))
	}
	// The same stands on the campaign, where marketing sorts and filters by it.
	want := m.rows("SELECT c.name, count(*), 0 FROM lead l JOIN campaign c ON c.campaignid = l.campaignid WHERE l.lend_rating = 1 GROUP BY 1")
	var got map[string]string
	m.e.Until("campaigns know how many of their leads were good", func() bool {
		got = map[string]string{}
		for _, v := range m.want(200, "GET", "campaigns?$select=name,lend_good&$filter=lend_good gt 0", "").body["value"].([]any) {
			row := v.(map[string]any)
			got[row["name"].(string)] = fmt.Sprintf("%.0f 0", row["lend_good"])
		}
		return fmt.Sprint(got) == fmt.Sprint(want)
	})
	if n := m.e.Count(m.token, "leads", "campaignid/lend_good gt 0"); n == 0 {
		m.t.Error("leads can't be filtered by what their campaign is worth")
	}
}

func (m *managers) badQuestions() {
	for path, status := range map[string]int{
		"nothing?" + days(0, 1): 404, "lend_funnel": 400, "lend_funnel?from=x&to=y": 400, "lend_funnel?" + days(5, 1): 400, "lend_funnel?from=1900-01-01&to=2100-01-01": 400,
		"lend_funnel?" + days(0, 1) + "&by=nothing": 400, "lend_funnel?" + days(0, 1) + "&seller=x": 400, "lend_funnel/rows?" + days(0, 1) + "&step=nothing": 400,
		"lend_funnel/rows?" + days(0, 1) + "&step=applications&by=campaign&key=%3Dx": 400, "lend_stagetimes/rows?" + days(0, 1) + "&key=x": 400,
	} {
		m.want(status, "GET", "/api/ui/reports/"+path, "")
	}
	for _, bad := range []string{`{"kind":"steps"}`, `{"kind":"other","label":{"en":"X"}}`, `{"kind":"steps","label":{"en":"X"},"steps":[{"name":"a","label":{"en":"A"},"table":"lead","date":"fullname"}]}`,
		`{"kind":"steps","label":{"en":"X"},"steps":[{"name":"a","label":{"en":"A"},"table":"lead","date":"createdon","filter":"nothing eq 1"}]}`,
		`{"kind":"steps","label":{"en":"X"},"steps":[{"name":"a","label":{"en":"A"},"table":"lead","date":"createdon","amount":"fullname"}]}`,
		`{"kind":"steps","label":{"en":"X"},"steps":[{"name":"a","label":{"en":"A"},"table":"lead","date":"createdon"}],"by":[{"name":"x","label":{"en":"X"},"columns":{"opportunity":"name"}}]}`,
	} {
		if r := m.do("POST", "rpt_reports", text(map[string]any{"rpt_name": "Bad", "rpt_uniquename": "bad", "rpt_definition": bad})); r.status != 400 || !strings.Contains(r.text, "report.definition") {
			m.t.Errorf("%s: %d %s", bad, r.status, r.text)
		}
	}
}
