package product_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/rapport-platform/rapport/internal/test/testenv"
)

// caller sends requests of one client and keeps the last answer.
type caller struct {
	t     *testing.T
	e     *testenv.Env
	token string
}

type reply struct {
	status int
	header http.Header
	body   map[string]any
	text   string
}

func (c caller) do(method, path, body string, headers ...string) reply {
	c.t.Helper()
	address := path
	if strings.HasPrefix(path, "/") {
		address = c.e.URL + path
	} else if !strings.HasPrefix(path, "http") {
		address = c.e.URL + "/api/data/v9.2/" + path
	}
	r, err := http.NewRequestWithContext(c.t.Context(), method, strings.ReplaceAll(address, " ", "%20"), strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	out := reply{status: res.StatusCode, header: res.Header, text: string(text)}
	if strings.Contains(res.Header.Get("Content-Type"), "json") && len(text) > 0 {
		if err := json.Unmarshal(text, &out.body); err != nil {
			c.t.Fatalf("%s %s: %v in %s", method, path, err, text)
		}
	}
	return out
}

func (c caller) want(status int, method, path, body string, headers ...string) reply {
	c.t.Helper()
	r := c.do(method, path, body, headers...)
	if r.status != status {
		c.t.Fatalf("%s %s: %d, want %d: %s", method, path, r.status, status, r.text)
	}
	return r
}

// create makes a record and gives its id.
func (c caller) create(set, body string) string {
	c.t.Helper()
	r := c.want(204, "POST", set, body)
	_, key, _ := strings.Cut(r.header.Get("OData-EntityId"), "(")
	return strings.TrimSuffix(key, ")")
}

func (r reply) code() string {
	e, _ := r.body["error"].(map[string]any)
	s, _ := e["code"].(string)
	return s
}

// The operations of the Web API on the whole product, as clients call them.
func TestOperations(t *testing.T) {
	t.Parallel()
	testenv.Each(t, testenv.Options{}, func(t *testing.T, e *testenv.Env) {
		admin := caller{t, e, e.Token("admin")}
		t.Run("multiple", func(t *testing.T) { multiple(caller{t, e, admin.token}) })
		t.Run("functions", func(t *testing.T) { functions(caller{t, e, admin.token}) })
		t.Run("sales", func(t *testing.T) { salesOperations(caller{t, e, admin.token}) })
		t.Run("search", func(t *testing.T) { searching(caller{t, e, admin.token}) })
		t.Run("clients", func(t *testing.T) { clientsAndCallers(caller{t, e, admin.token}) })
	})
}

func multiple(c caller) {
	r := c.want(200, "POST", "accounts/Microsoft.Dynamics.CRM.CreateMultiple", `{"Targets":[{"@odata.type":"Microsoft.Dynamics.CRM.account","name":"Many A","accountnumber":"M1"},{"name":"Many B"}]}`, "If-None-Match: null")
	ids, _ := r.body["Ids"].([]any)
	if len(ids) != 2 {
		c.t.Fatalf("%s", r.text)
	}
	c.want(204, "POST", "accounts/Microsoft.Dynamics.CRM.UpdateMultiple", fmt.Sprintf(`{"Targets":[{"@odata.type":"Microsoft.Dynamics.CRM.account","accountid":"%s","telephone1":"1"},{"@odata.id":"accounts(accountnumber='M1')","telephone1":"2"}]}`, ids[1]))
	c.want(204, "POST", "accounts/Microsoft.Dynamics.CRM.UpsertMultiple", `{"Targets":[{"@odata.id":"accounts(accountnumber='M1')","@odata.type":"Microsoft.Dynamics.CRM.account","name":"Many A2"},{"@odata.id":"accounts(accountnumber='M2')","name":"Many C"}]}`)
	got := c.want(200, "GET", "accounts(accountnumber='M1')?$select=name,telephone1", "")
	if got.body["name"] != "Many A2" || got.body["telephone1"] != "2" {
		c.t.Errorf("%s", got.text)
	}
	bad := c.want(412, "POST", "accounts/Microsoft.Dynamics.CRM.CreateMultiple", `{"Targets":[{"name":"Many D"},{"name":"Many E","accountnumber":"M2"}]}`)
	if !strings.Contains(bad.text, "Targets[1]") {
		c.t.Errorf("the error does not name the record: %s", bad.text)
	}
	if n := c.e.Count(c.token, "accounts", "startswith(name,'Many')"); n != 3 {
		c.t.Errorf("%d accounts, want 3", n)
	}
	for _, body := range []string{`{}`, `{"Targets":[]}`, `{"Targets":[{"@odata.type":"Microsoft.Dynamics.CRM.lead","lastname":"x"}]}`, `{"Targets":[{"shoe":1}]}`, `{"Targets":[1]}`} {
		c.want(400, "POST", "accounts/Microsoft.Dynamics.CRM.CreateMultiple", body)
	}
	c.want(400, "POST", "accounts/Microsoft.Dynamics.CRM.UpdateMultiple", `{"Targets":[{"name":"nobody"}]}`)
	c.want(204, "POST", "accounts/Microsoft.Dynamics.CRM.DeleteMultiple", fmt.Sprintf(`{"Targets":[{"accountid":"%s"},{"@odata.id":"accounts(accountnumber='M2')"}]}`, ids[1]))
	if n := c.e.Count(c.token, "accounts", "startswith(name,'Many')"); n != 1 {
		c.t.Errorf("%d accounts are left, want 1", n)
	}
}

func functions(c caller) {
	lead := c.create("leads", `{"lastname":"Berg","subject":"A loan","companyname":"Berg Ltd"}`)
	me := c.want(200, "GET", "WhoAmI()", "")
	if me.header.Get("x-ms-dop-hint") == "" || me.header.Get("REQ_ID") == "" {
		c.t.Errorf("headers %v", me.header)
	}
	target := url.QueryEscape("{'@odata.id':'leads(" + lead + ")'}")
	history := c.want(200, "GET", "RetrieveRecordChangeHistory(Target=@t)?@t="+target, "")
	if !strings.Contains(history.text, `"NewValue":{"@odata.type":"#Microsoft.Dynamics.CRM.lead"`) || !strings.Contains(history.text, `"lastname":"Berg"`) {
		c.t.Errorf("%s", history.text)
	}
	rights := c.want(200, "GET", fmt.Sprintf("systemusers(%s)/Microsoft.Dynamics.CRM.RetrievePrincipalAccess(Target=@t)?@t=%s", me.body["UserId"], target), "")
	if !strings.Contains(fmt.Sprint(rights.body["AccessRights"]), "DeleteAccess") {
		c.t.Errorf("%s", rights.text)
	}
	fresh := c.want(200, "GET", "InitializeFrom(EntityMoniker=@m,TargetEntityName='account',TargetFieldType=Microsoft.Dynamics.CRM.TargetFieldType'ValidForCreate')?@m="+target, "")
	if fresh.body["name"] != "Berg Ltd" || fresh.body["originatingleadid@odata.bind"] != "/leads("+lead+")" || fresh.body["@odata.type"] != "#Microsoft.Dynamics.CRM.account" {
		c.t.Errorf("%s", fresh.text)
	}
	c.want(200, "GET", `RetrieveTotalRecordCount(EntityNames=@n)?@n=["lead","account"]`, "")
	document := c.want(200, "GET", "$metadata", "")
	for _, want := range []string{`<Action Name="QualifyLead" IsBound="true">`, `<Parameter Name="OpportunityCustomerId" Type="mscrm.`, `<Action Name="CreateMultiple" IsBound="true">`, `<EnumType Name="AccessRights" IsFlags="true">`,
		`<ComplexType Name="PrincipalAccess">`, `<FunctionImport Name="RetrieveRecordChangeHistory"`, `<ReturnType Type="Collection(mscrm.crmbaseentity)" Nullable="false"/>`} {
		if !strings.Contains(document.text, want) {
			c.t.Errorf("$metadata lacks %s", want)
		}
	}
	for path, status := range map[string]int{"NoSuch()": 404, "leads/Microsoft.Dynamics.CRM.QualifyLead": 404, "RetrieveRecordChangeHistory(Target=@t)": 400, "RetrieveRecordChangeHistory(Target=@t)?@t={}": 400} {
		c.want(status, "GET", path, "")
	}
	c.create("customapis", `{"uniquename":"acme_Greet","name":"Greet","isfunction":true,"rpt_parameters":"[{\"name\":\"Who\",\"type\":\"String\"}]","rpt_results":"[{\"name\":\"Text\",\"type\":\"String\",\"expression\":\"'Hello ' + params.Who\"}]"}`)
	c.e.Until("the customer's function answers", func() bool { return c.do("GET", "acme_Greet(Who='Ann')", "").body["Text"] == "Hello Ann" })
	if d := c.want(200, "GET", "$metadata", ""); !strings.Contains(d.text, `<Function Name="acme_Greet">`) {
		c.t.Error("$metadata lacks the customer's function")
	}
}

func salesOperations(c caller) {
	campaign := c.create("campaigns", `{"name":"Spring"}`)
	lead := c.create("leads", `{"lastname":"Berg","firstname":"Ann","companyname":"Berg Ltd","subject":"A loan","budgetamount":5000}`)
	customer := c.create("contacts", `{"lastname":"Buyer"}`)
	r := c.want(200, "POST", "leads("+lead+")/Microsoft.Dynamics.CRM.QualifyLead", `{"CreateAccount":true,"CreateContact":true,"CreateOpportunity":true,"Status":3,
		"OpportunityCustomerId":{"@odata.type":"Microsoft.Dynamics.CRM.contact","contactid":"`+customer+`"},"SourceCampaignId":{"campaignid":"`+campaign+`"}}`)
	made := map[string]string{}
	for _, v := range r.body["value"].([]any) {
		m := v.(map[string]any)
		table := strings.TrimPrefix(m["@odata.type"].(string), "#Microsoft.Dynamics.CRM.")
		made[table] = m[table+"id"].(string)
	}
	if len(made) != 3 {
		c.t.Fatalf("%s", r.text)
	}
	opportunity := c.want(200, "GET", "opportunities("+made["opportunity"]+")", "")
	if opportunity.body["name"] != "A loan" || opportunity.body["_customerid_value"] != customer || opportunity.body["_campaignid_value"] != campaign || opportunity.body["estimatedvalue"] != 5000.0 {
		c.t.Errorf("%s", opportunity.text)
	}
	c.want(204, "POST", "WinOpportunity", `{"Status":3,"OpportunityClose":{"subject":"Won","actualrevenue":4000,"opportunityid@odata.bind":"`+c.e.URL+`/api/data/v9.2/opportunities(`+made["opportunity"]+`)"}}`)
	won := c.want(200, "GET", "opportunities("+made["opportunity"]+")?$select=statecode,statuscode,actualvalue,actualclosedate", "")
	if won.body["statecode"] != 1.0 || won.body["statuscode"] != 3.0 || won.body["actualvalue"] != 4000.0 || won.body["actualclosedate"] == nil {
		c.t.Errorf("%s", won.text)
	}
	if n := c.e.Count(c.token, "opportunitycloses", "_opportunityid_value eq "+made["opportunity"]); n != 1 {
		c.t.Errorf("%d closing activities", n)
	}
	c.want(409, "POST", "LoseOpportunity", `{"Status":4,"OpportunityClose":{"subject":"Lost","opportunityid@odata.bind":"/opportunities(`+made["opportunity"]+`)"}}`)
	c.want(400, "POST", "LoseOpportunity", `{"Status":4,"OpportunityClose":{"subject":"Lost"}}`)
	other := c.create("opportunities", `{"name":"Other"}`)
	c.want(204, "POST", "LoseOpportunity", `{"Status":5,"OpportunityClose":{"subject":"Lost","opportunityid@odata.bind":"/opportunities(`+other+`)"}}`)
	incident := c.create("incidents", `{"title":"Card lost","customerid_contact@odata.bind":"/contacts(`+customer+`)"}`)
	c.want(204, "POST", "CloseIncident", `{"Status":5,"IncidentResolution":{"subject":"Sent a new one","timespent":10,"incidentid@odata.bind":"/incidents(`+incident+`)"}}`)
	if closed := c.want(200, "GET", "incidents("+incident+")?$select=statecode,statuscode", ""); closed.body["statecode"] != 1.0 || closed.body["statuscode"] != 5.0 {
		c.t.Errorf("%s", closed.text)
	}
	c.want(409, "POST", "CloseIncident", `{"Status":5,"IncidentResolution":{"subject":"Again","incidentid@odata.bind":"/incidents(`+incident+`)"}}`)
}

func clientsAndCallers(c caller) {
	unit := c.want(200, "GET", "WhoAmI()", "").body["BusinessUnitId"].(string)
	const application = "11111111-2222-3333-4444-555555555555"
	program := c.create("systemusers", `{"domainname":"program","firstname":"Program","applicationid":"`+application+`","businessunitid@odata.bind":"/businessunits(`+unit+`)"}`)
	role := c.create("roles", `{"name":"Program"}`)
	c.want(204, "POST", "roles("+role+")/Microsoft.Dynamics.CRM.AddPrivilegesRole", `{"Privileges":[{"PrivilegeName":"prvReadLead","Depth":"Global"},{"PrivilegeName":"prvCreateLead","Depth":"Global"},{"PrivilegeName":"prvWriteLead","Depth":"Global"}]}`)
	c.create("systemuserrolescollection", `{"systemuserid@odata.bind":"/systemusers(`+program+`)","roleid@odata.bind":"/roles(`+role+`)"}`)
	made := c.want(200, "POST", "systemusers("+program+")/Microsoft.Dynamics.CRM.rpt_CreateClientSecret", `{"Name":"test","Days":10}`)
	secret, _ := made.body["ClientSecret"].(string)
	ask := func(path string, form url.Values) reply {
		return caller{c.t, c.e, ""}.do("POST", path, form.Encode(), "Content-Type: application/x-www-form-urlencoded")
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {application}, "client_secret": {secret}, "scope": {c.e.URL + "/.default"}}
	for _, path := range []string{"/oauth2/v2.0/token", "/contoso.onmicrosoft.com/oauth2/v2.0/token"} {
		r := ask(path, form)
		if r.status != 200 || r.body["token_type"] != "Bearer" || r.body["expires_in"] != 3600.0 {
			c.t.Fatalf("%s: %d %s", path, r.status, r.text)
		}
	}
	token, _ := ask("/oauth2/v2.0/token", form).body["access_token"].(string)
	as := caller{c.t, c.e, token}
	c.e.Until("the program's role is known", func() bool { return as.do("GET", "leads?$top=1", "").status == 200 })
	if who := as.want(200, "GET", "WhoAmI()", ""); who.body["UserId"] != program {
		c.t.Errorf("%s", who.text)
	}
	for name, change := range map[string][2]string{"secret": {"client_secret", "wrong"}, "client": {"client_id", "22222222-2222-3333-4444-555555555555"}, "no GUID": {"client_id", "x"}} {
		bad := url.Values{}
		for k, v := range form {
			bad[k] = v
		}
		bad.Set(change[0], change[1])
		if r := ask("/oauth2/v2.0/token", bad); r.status != 401 || r.body["error"] != "invalid_client" {
			c.t.Errorf("a wrong %s: %d %s", name, r.status, r.text)
		}
	}
	for name, change := range map[string][2]string{"grant": {"grant_type", "password"}, "scope": {"scope", "https://elsewhere.example/.default"}} {
		bad := url.Values{}
		for k, v := range form {
			bad[k] = v
		}
		bad.Set(change[0], change[1])
		if r := ask("/oauth2/v2.0/token", bad); r.status != 400 {
			c.t.Errorf("a wrong %s: %d %s", name, r.status, r.text)
		}
	}
	if r := (caller{c.t, c.e, "rpt_nonsense"}).do("GET", "leads", ""); r.status != 401 || !strings.Contains(r.header.Get("WWW-Authenticate"), "authorization_uri=") {
		c.t.Errorf("%d %v", r.status, r.header)
	}
	if r := (caller{c.t, c.e, ""}).do("GET", "/common/v2.0/.well-known/openid-configuration", ""); r.body["token_endpoint"] != c.e.URL+"/oauth2/v2.0/token" {
		c.t.Errorf("%s", r.text)
	}
	// Acting for others takes a privilege, and gives no more than both may.
	self := c.want(200, "GET", "WhoAmI()", "").body["UserId"].(string)
	if r := as.do("GET", "leads?$top=1", "", "CallerObjectId: "+self); r.status != 403 {
		c.t.Errorf("a program without the privilege acts for another: %d %s", r.status, r.text)
	}
	behalf := c.want(201, "POST", "leads", `{"lastname":"On Behalf"}`, "CallerObjectId: "+program, "Prefer: return=representation")
	if behalf.body["_createdby_value"] != program || behalf.body["_createdonbehalfby_value"] != self {
		c.t.Errorf("%s", behalf.text)
	}
	if r := c.do("GET", "accounts?$top=1", "", "MSCRMCallerID: "+program); r.status != 403 {
		c.t.Errorf("the administrator sees more than the program for which it acts: %d %s", r.status, r.text)
	}
	for _, who := range []string{"33333333-2222-3333-4444-555555555555", "nobody"} {
		if r := c.do("GET", "leads?$top=1", "", "CallerObjectId: "+who); r.status != 403 && r.status != 400 {
			c.t.Errorf("for %s: %d %s", who, r.status, r.text)
		}
	}
	if r := as.do("POST", "leads", `{"lastname":"x"}`, "MSCRM.BypassCustomPluginExecution: true"); r.status != 403 {
		c.t.Errorf("a program without the privilege leaves logic out: %d", r.status)
	}
	// A secret that is revoked ends at once, with its tokens.
	c.want(204, "POST", "systemusers("+program+")/Microsoft.Dynamics.CRM.rpt_RevokeClientSecret", `{"SecretId":"`+made.body["SecretId"].(string)+`"}`)
	if r := as.do("GET", "leads?$top=1", ""); r.status != 401 {
		c.t.Errorf("a token of a revoked secret: %d", r.status)
	}
	// Who guesses is slowed down.
	slowed := false
	for range 60 {
		slowed = slowed || ask("/oauth2/v2.0/token", form).status == 429
	}
	if !slowed {
		c.t.Error("guessing is not slowed down")
	}
}

func searching(c caller) {
	key := c.create("accounts", `{"name":"Zwetschgen Handel","address1_city":"Weimar"}`)
	find := func(body string) map[string]any {
		r := c.want(200, "POST", "searchquery", body)
		var out map[string]any
		if err := json.Unmarshal([]byte(r.body["response"].(string)), &out); err != nil {
			c.t.Fatal(err)
		}
		return out
	}
	c.e.Until("the account is found", func() bool { return len(find(`{"search":"zwetschgen"}`)["Value"].([]any)) == 1 })
	hit := find(`{"search":"zwetshgen","count":true,"entities":"[{\"name\":\"account\",\"selectColumns\":[\"name\"],\"filter\":\"address1_city eq 'Weimar'\"}]"}`)
	first, _ := hit["Value"].([]any)[0].(map[string]any)
	if hit["Count"] != 1.0 || first["Id"] != key || first["EntityName"] != "account" || first["Attributes"].(map[string]any)["name"] != "Zwetschgen Handel" {
		c.t.Errorf("%v", hit)
	}
	if list := find(`{"search":"zwetschgen","entities":"[{\"name\":\"account\",\"filter\":\"address1_city eq 'Jena'\"}]"}`)["Value"].([]any); len(list) != 0 {
		c.t.Errorf("%v", list)
	}
	old := c.want(200, "POST", "/api/search/v1.0/query", `{"search":"zwetschgen","returntotalrecordcount":true}`)
	if old.body["totalrecordcount"] != 1.0 || !strings.Contains(old.text, `{crmhit}Zwetschgen{/crmhit}`) || !strings.Contains(old.text, `"@search.entityname":"account"`) {
		c.t.Errorf("%s", old.text)
	}
	if word := c.want(200, "POST", "searchautocomplete", `{"search":"zwet"}`); !strings.Contains(word.text, "zwetschgen") {
		c.t.Errorf("%s", word.text)
	}
	c.want(200, "POST", "searchsuggest", `{"search":"zwet"}`)
	c.want(200, "GET", "searchstatus()", "")
	facets := find(`{"search":"zwetschgen","facets":"[\"@search.entityname,count:100\"]"}`)["Facets"].(map[string]any)["@search.entityname"].([]any)
	if len(facets) != 1 || facets[0].(map[string]any)["Value"] != "account" || facets[0].(map[string]any)["Count"] != 1.0 {
		c.t.Errorf("%v", facets)
	}
	c.want(400, "POST", "searchquery", `{"search":"zwetschgen","facets":"[\"name\"]"}`)
	for _, body := range []string{`{}`, `{"search":""}`, `{"search":"a","entities":"[{\"name\":\"shoe\"}]"}`, `{"search":"a","shoe":1}`, `{"search":"a","top":1000}`, `[]`} {
		c.want(400, "POST", "searchquery", body)
	}
	if r := (caller{c.t, c.e, ""}).do("POST", "/api/search/v1.0/query", `{"search":"zwetschgen"}`); r.status != 401 && !strings.Contains(r.text, `"value":[]`) {
		c.t.Errorf("nobody finds something: %d %s", r.status, r.text)
	}
}
