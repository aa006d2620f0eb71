package httpapi_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/edge/httpapi"
	"github.com/rapport-platform/rapport/internal/edge/httpapi/definition"
	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/customise"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

// model is the Web API over a data model that can be changed.
type model struct {
	*api
	customs *customise.Service
	sweep   func()
}

func eachModel(t *testing.T, run func(t *testing.T, m *model)) {
	t.Helper()
	catalog := fixture.Catalog(t)
	dbtest.Each(t, fixture.Schema(t, catalog), func(t *testing.T, db *sqldb.DB) {
		a := &api{t: t, db: db}
		clk := clock.NewFake(start)
		m := &model{api: a, customs: customise.New(customise.Options{DB: db, Shipped: catalog, Clock: clk})}
		control := &access.Control{Current: func() *access.Snapshot { return a.snap }, Catalog: m.customs.Catalog}
		a.store = record.New(record.Options{DB: db, Catalog: control.Catalog, Access: control, Log: changelog.New(db), Clock: clk, Renew: m.customs.Refresh})
		queue := job.NewQueue(db, clk)
		m.customs.Use(a.store, control, queue)
		a.reload()
		a.unit = a.must("businessunit", record.Row{"name": "Head Office"}).ID("businessunitid")
		a.must("systemuser", record.Row{"systemuserid": access.SystemUser, "fullname": "SYSTEM", "domainname": "system", "businessunitid": a.unit})
		a.admin = a.user("Ada Admin", map[string]access.Depth{access.EveryTable: access.Global})
		handler := &httpapi.ODataAPI{Records: a.store, Actions: a, Principals: control, Catalog: control.Catalog, Clock: clk, Organization: id.Derive("organization"),
			Definitions: &definition.API{Customs: m.customs, Clock: clk}, Renew: m.customs.Refresh}
		mux := http.NewServeMux()
		handler.Register(mux)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if user, err := id.Parse(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")); err == nil {
				r = r.WithContext(access.With(r.Context(), access.Principal{Kind: access.User, ID: user}))
			}
			mux.ServeHTTP(w, r)
		}))
		t.Cleanup(server.Close)
		a.url = server.URL
		m.sweep = func() {
			clk.Advance(2 * time.Minute)
			// The clock runs far ahead of the work, so leases are long.
			runner := job.NewRunner(job.Options{Queue: queue, Handlers: m.customs.Handlers(), Poll: time.Hour, Lease: 1000 * time.Hour})
			if err := runner.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := runner.Stop(t.Context()); err != nil {
					t.Error(err)
				}
			}()
			for range patience / (5 * time.Millisecond) {
				queue.Wake()
				if n, _, err := queue.Waiting(t.Context(), customise.JobDrop); err != nil || n == 0 {
					return
				}
				time.Sleep(5 * time.Millisecond)
				clk.Advance(time.Second) // a try that failed is due again later
			}
			t.Fatal("what was removed does not leave the database")
		}
		run(t, m)
	})
}

// ask sends a request as a user and gives the status, the JSON body and the headers.
func (m *model) ask(user id.ID, method, path string, body any, header ...string) (int, map[string]any, http.Header) {
	m.t.Helper()
	var in io.Reader
	if s, ok := body.(string); ok {
		in = strings.NewReader(s)
	} else if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			m.t.Fatal(err)
		}
		in = bytes.NewReader(text)
	}
	if !strings.HasPrefix(path, "http") {
		path = m.url + "/api/data/v9.2/" + strings.ReplaceAll(path, " ", "%20")
	}
	r, err := http.NewRequestWithContext(m.t.Context(), method, path, in)
	if err != nil {
		m.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+user.String())
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		m.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		m.t.Fatal(err)
	}
	var out map[string]any
	if len(text) > 0 && strings.Contains(resp.Header.Get("Content-Type"), "json") {
		if err := json.Unmarshal(text, &out); err != nil {
			m.t.Fatalf("%s: %v", text, err)
		}
	} else if len(text) > 0 {
		out = map[string]any{"text": string(text)}
	}
	return resp.StatusCode, out, resp.Header
}

// want is ask as the administrator, with the status that must come.
func (m *model) want(status int, method, path string, body any, header ...string) (map[string]any, http.Header) {
	m.t.Helper()
	got, out, h := m.ask(m.admin, method, path, body, header...)
	if got != status {
		m.t.Fatalf("%s %s: %d, not %d: %v", method, path, got, status, out)
	}
	return out, h
}

func named(s string) string {
	return `{"LocalizedLabels":[{"Label":"` + s + `","LanguageCode":1033}]}`
}

const loanEntity = `{"@odata.type":"Microsoft.Dynamics.CRM.EntityMetadata","SchemaName":"new_Loan","DisplayName":{"LocalizedLabels":[{"Label":"Loan","LanguageCode":1033},{"Label":"Kredit","LanguageCode":1031}]},
	"DisplayCollectionName":{"LocalizedLabels":[{"Label":"Loans","LanguageCode":1033}]},"OwnershipType":"UserOwned","HasNotes":true,"IsActivity":false,
	"Attributes":[{"@odata.type":"Microsoft.Dynamics.CRM.StringAttributeMetadata","SchemaName":"new_Name","IsPrimaryName":true,"MaxLength":200,"FormatName":{"Value":"Text"},"RequiredLevel":{"Value":"None"},"DisplayName":{"LocalizedLabels":[{"Label":"Name","LanguageCode":1033}]}}]}`

func list(t *testing.T, body map[string]any) []map[string]any {
	t.Helper()
	all, ok := body["value"].([]any)
	if !ok {
		t.Fatalf("no list: %v", body)
	}
	var out []map[string]any
	for _, v := range all {
		o, _ := v.(map[string]any)
		out = append(out, o)
	}
	return out
}

func TestTheDataModelIsReadAsDataverseShowsIt(t *testing.T) {
	t.Parallel()
	eachModel(t, func(t *testing.T, m *model) {
		body, _ := m.want(200, "GET", "EntityDefinitions?$select=LogicalName,EntitySetName,PrimaryIdAttribute&$filter=LogicalName eq 'lead'", nil)
		leads := list(t, body)
		if len(leads) != 1 || leads[0]["EntitySetName"] != "leads" || leads[0]["PrimaryIdAttribute"] != "leadid" || leads[0]["SchemaName"] != nil {
			t.Fatalf("lead: %v", leads)
		}
		key, _ := leads[0]["MetadataId"].(string)
		if all := list(t, first(m.want(200, "GET", "EntityDefinitions?$filter=IsPrivate eq false and (SchemaName eq 'Account')&$select=LogicalName", nil))); len(all) != 1 {
			t.Errorf("account by schema name: %v", all)
		}
		for _, path := range []string{"EntityDefinitions(LogicalName='lead')", "EntityDefinitions(" + key + ")"} {
			body, _ := m.want(200, "GET", path+"?$select=LogicalName&$expand=Attributes($select=LogicalName,AttributeType;$filter=AttributeType eq Microsoft.Dynamics.CRM.AttributeTypeCode'Picklist'),Keys,ManyToOneRelationships($select=SchemaName)", nil)
			attributes, _ := body["Attributes"].([]any)
			if body["LogicalName"] != "lead" || len(attributes) == 0 || body["Keys"] == nil || body["ManyToOneRelationships"] == nil {
				t.Errorf("%s: %v", path, body)
			}
		}
		picklists := list(t, first(m.want(200, "GET", "EntityDefinitions(LogicalName='lead')/Attributes/Microsoft.Dynamics.CRM.PicklistAttributeMetadata?$select=LogicalName&$expand=OptionSet($select=Options),GlobalOptionSet", nil)))
		found := false
		for _, p := range picklists {
			if p["LogicalName"] == "leadsourcecode" {
				set, _ := p["OptionSet"].(map[string]any)
				options, _ := set["Options"].([]any)
				found = len(options) > 5
			}
		}
		if !found {
			t.Errorf("no options of leadsourcecode: %v", picklists)
		}
		body, _ = m.want(200, "GET", "EntityDefinitions(LogicalName='lead')/Attributes(LogicalName='subject')?$select=MetadataId,SchemaName", nil)
		if body["@odata.type"] != "#Microsoft.Dynamics.CRM.StringAttributeMetadata" {
			t.Errorf("subject: %v", body)
		}
		body, _ = m.want(200, "GET", "EntityDefinitions(LogicalName='lead')/Attributes(LogicalName='statuscode')/Microsoft.Dynamics.CRM.StatusAttributeMetadata/OptionSet", nil)
		if body["OptionSetType"] != "Status" {
			t.Errorf("statuscode: %v", body)
		}
		if many := list(t, first(m.want(200, "GET", "RelationshipDefinitions?$filter=RelationshipType eq Microsoft.Dynamics.CRM.RelationshipType'OneToManyRelationship' and ReferencingEntity eq 'opportunity'", nil))); len(many) < 3 {
			t.Errorf("relationships: %v", many)
		}
		m.want(404, "GET", "EntityDefinitions(LogicalName='nothing')", nil)
		m.want(400, "GET", "EntityDefinitions?$filter=Nothing eq 1", nil)
		m.want(400, "GET", "EntityDefinitions?$select=Nothing", nil)
		m.want(400, "GET", "EntityDefinitions?$expand=Attributes($expand=OptionSet($expand=X($expand=Y)))", nil)
		m.want(405, "DELETE", "EntityDefinitions", nil)
		if all := list(t, first(m.want(200, "GET", "GlobalOptionSetDefinitions", nil))); len(all) == 0 {
			t.Log("no global choice ships")
		}
	})
}

func first(body map[string]any, _ http.Header) map[string]any { return body }

func TestTheDataModelIsChanged(t *testing.T) {
	t.Parallel()
	eachModel(t, func(t *testing.T, m *model) {
		_, h := m.want(200, "GET", "$metadata", nil)
		etag := h.Get("ETag")
		if code, _, _ := m.ask(m.admin, "GET", "$metadata", nil, "If-None-Match", etag); code != 304 {
			t.Errorf("the same $metadata again: %d", code)
		}
		_, h = m.want(204, "POST", "EntityDefinitions", loanEntity)
		address := h.Get("OData-EntityId")
		if !strings.Contains(address, "/EntityDefinitions(") {
			t.Fatalf("address: %q", address)
		}
		m.want(412, "POST", "EntityDefinitions", loanEntity)
		body, _ := m.want(200, "GET", address, nil)
		if body["LogicalName"] != "new_loan" || body["EntitySetName"] != "new_loans" || body["PrimaryNameAttribute"] != "new_name" || body["IsCustomEntity"] != true {
			t.Errorf("made: %v", body)
		}
		m.want(204, "POST", "EntityDefinitions(LogicalName='new_loan')/Attributes", `{"@odata.type":"Microsoft.Dynamics.CRM.PicklistAttributeMetadata","SchemaName":"new_Kind","DisplayName":`+named("Kind")+`,
			"OptionSet":{"@odata.type":"Microsoft.Dynamics.CRM.OptionSetMetadata","IsGlobal":false,"Options":[{"Value":1,"Label":`+named("Home")+`},{"Value":2,"Label":`+named("Car")+`}]}}`)
		m.want(204, "POST", "EntityDefinitions(LogicalName='new_loan')/Attributes", `{"@odata.type":"Microsoft.Dynamics.CRM.DecimalAttributeMetadata","SchemaName":"new_Amount","MinValue":0,"MaxValue":1000.0,"Precision":2,"DisplayName":`+named("Amount")+`}`)
		m.want(204, "POST", "EntityDefinitions(LogicalName='new_loan')/Attributes", `{"@odata.type":"Microsoft.Dynamics.CRM.IntegerAttributeMetadata","SchemaName":"new_Number","Format":"None","MinValue":-2147483648,"MaxValue":2147483647,"DisplayName":`+named("Number")+`}`)
		_, h = m.want(204, "POST", "RelationshipDefinitions", `{"@odata.type":"Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata","SchemaName":"lead_new_loan_new_LeadId","ReferencedEntity":"lead","ReferencingEntity":"new_loan","ReferencedAttribute":"leadid",
			"CascadeConfiguration":{"Assign":"NoCascade","Delete":"RemoveLink","Merge":"NoCascade","Reparent":"NoCascade","Share":"NoCascade","Unshare":"NoCascade"},
			"Lookup":{"@odata.type":"Microsoft.Dynamics.CRM.LookupAttributeMetadata","SchemaName":"new_LeadId","AttributeType":"Lookup","DisplayName":`+named("Lead")+`,"RequiredLevel":{"Value":"None","CanBeChanged":true}}}`)
		relation := h.Get("OData-EntityId")
		if body, _ := m.want(200, "GET", relation, nil); body["ReferencingEntityNavigationPropertyName"] != "new_LeadId" || body["ReferencingAttribute"] != "new_leadid" {
			t.Errorf("relationship: %v", body)
		}
		// Clients see it all at once.
		if text, h := m.want(200, "GET", "$metadata", nil); !strings.Contains(text["text"].(string), `Property Name="new_amount"`) || h.Get("ETag") == etag {
			t.Error("$metadata is not true")
		}
		if doc, _ := m.want(200, "GET", "openapi.json", nil); doc["paths"].(map[string]any)["/new_loans"] == nil {
			t.Error("openapi.json is not true")
		}
		lead, _ := m.want(201, "POST", "leads", `{"lastname":"Okafor","subject":"x"}`, "Prefer", "return=representation")
		loan, _ := m.want(201, "POST", "new_loans", `{"new_name":"First","new_kind":2,"new_amount":12.5,"new_number":7,"new_LeadId@odata.bind":"/leads(`+lead["leadid"].(string)+`)"}`, "Prefer", "return=representation")
		if loan["new_amount"] != 12.5 || loan["_new_leadid_value"] != lead["leadid"] {
			t.Errorf("loan: %v", loan)
		}
		m.want(400, "POST", "new_loans", `{"new_name":"x","new_kind":3}`)
		if got := list(t, first(m.want(200, "GET", "leads?$select=subject&$expand=lead_new_loan_new_LeadId($select=new_name)", nil))); len(got[0]["lead_new_loan_new_LeadId"].([]any)) != 1 {
			t.Errorf("expanded: %v", got)
		}
		// Keys.
		_, h = m.want(204, "POST", "EntityDefinitions(LogicalName='new_loan')/Keys", `{"SchemaName":"new_NumberKey","KeyAttributes":["new_number"],"DisplayName":`+named("Number")+`}`)
		if keys := list(t, first(m.want(200, "GET", "EntityDefinitions(LogicalName='new_loan')/Keys", nil))); len(keys) != 1 || keys[0]["EntityKeyIndexStatus"] != "Active" {
			t.Errorf("keys: %v", keys)
		}
		m.want(200, "GET", "new_loans(new_number=7)", nil)
		m.want(412, "POST", "new_loans", `{"new_name":"x","new_number":7}`)
		m.want(204, "DELETE", h.Get("OData-EntityId"), nil)
		// A column is read, changed and put back whole, as Microsoft's client does it.
		at := "EntityDefinitions(LogicalName='new_loan')/Attributes(LogicalName='new_name')"
		full, _ := m.want(200, "GET", at+"/Microsoft.Dynamics.CRM.StringAttributeMetadata", nil)
		full["MaxLength"], full["@odata.type"] = 300, "Microsoft.Dynamics.CRM.StringAttributeMetadata"
		m.want(204, "PUT", at, full, "MSCRM.MergeLabels", "true")
		if now, _ := m.want(200, "GET", at, nil); now["MaxLength"] != 300.0 {
			t.Errorf("changed: %v", now)
		}
		// A column that ships gets another label and keeps the rest.
		m.want(204, "PUT", "EntityDefinitions(LogicalName='lead')/Attributes(LogicalName='subject')", `{"@odata.type":"Microsoft.Dynamics.CRM.StringAttributeMetadata","DisplayName":`+named("Matter")+`}`)
		if d, ok := m.customs.Stored(customise.Column("lead", "subject")); !ok || strings.Contains(d.Body, "type:") || !strings.Contains(d.Body, "Matter") {
			t.Errorf("what is stored is not only what is different: %q", d.Body)
		}
		// Options.
		body, _ = m.want(200, "POST", "InsertOptionValue", `{"EntityLogicalName":"new_loan","AttributeLogicalName":"new_kind","Label":`+named("Boat")+`}`)
		if body["NewOptionValue"] != 100000000.0 {
			t.Errorf("option: %v", body)
		}
		m.want(204, "POST", "UpdateOptionValue", `{"EntityLogicalName":"new_loan","AttributeLogicalName":"new_kind","Value":1,"Label":`+named("House")+`,"MergeLabels":true}`)
		m.want(204, "POST", "OrderOption", `{"EntityLogicalName":"new_loan","AttributeLogicalName":"new_kind","Values":[100000000,2,1]}`)
		body, _ = m.want(409, "POST", "DeleteOptionValue", `{"EntityLogicalName":"new_loan","AttributeLogicalName":"new_kind","Value":2}`)
		if !strings.Contains(body["error"].(map[string]any)["message"].(string), "1 rows") {
			t.Errorf("the error: %v", body)
		}
		m.want(204, "POST", "DeleteOptionValue?confirmDataLoss=true", `{"EntityLogicalName":"new_loan","AttributeLogicalName":"new_kind","Value":2}`)
		body, _ = m.want(200, "POST", "InsertStatusValue", `{"EntityLogicalName":"new_loan","AttributeLogicalName":"statuscode","StateCode":0,"Label":`+named("Waiting")+`}`)
		m.want(204, "PATCH", "new_loans("+loan["new_loanid"].(string)+")", map[string]any{"statuscode": body["NewOptionValue"]})
		m.want(204, "POST", "PublishAllXml", nil)
		// Global choices.
		_, h = m.want(204, "POST", "GlobalOptionSetDefinitions", `{"@odata.type":"Microsoft.Dynamics.CRM.OptionSetMetadata","Name":"new_colour","IsGlobal":true,"OptionSetType":"Picklist","DisplayName":`+named("Colour")+`,"Options":[{"Value":1,"Label":`+named("Red")+`}]}`)
		m.want(204, "POST", "EntityDefinitions(LogicalName='new_loan')/Attributes", `{"@odata.type":"Microsoft.Dynamics.CRM.MultiSelectPicklistAttributeMetadata","SchemaName":"new_Colours","DisplayName":`+named("Colours")+`,"GlobalOptionSet@odata.bind":"/GlobalOptionSetDefinitions(Name='new_colour')"}`)
		m.want(200, "POST", "InsertOptionValue", `{"OptionSetName":"new_colour","Value":2,"Label":`+named("Blue")+`}`)
		m.want(204, "PATCH", "new_loans("+loan["new_loanid"].(string)+")", `{"new_colours":"1,2"}`)
		if code, _, _ := m.ask(m.admin, "DELETE", h.Get("OData-EntityId"), nil); code < 400 {
			t.Error("a global choice that is used is deleted")
		}
		// N:N.
		_, h = m.want(204, "POST", "RelationshipDefinitions", `{"@odata.type":"Microsoft.Dynamics.CRM.ManyToManyRelationshipMetadata","SchemaName":"new_loan_account","Entity1LogicalName":"new_loan","Entity2LogicalName":"account","IntersectEntityName":"new_loan_account"}`)
		if many := list(t, first(m.want(200, "GET", "EntityDefinitions(LogicalName='account')/ManyToManyRelationships", nil))); !has(many, "SchemaName", "new_loan_account") {
			t.Errorf("N:N: %v", many)
		}
		m.want(204, "DELETE", h.Get("OData-EntityId"), nil)
		// Columns and tables go, and ask first.
		m.want(409, "DELETE", "EntityDefinitions(LogicalName='new_loan')/Attributes(LogicalName='new_amount')", nil)
		m.want(204, "DELETE", "EntityDefinitions(LogicalName='new_loan')/Attributes(LogicalName='new_amount')?confirmDataLoss=true", nil)
		m.want(400, "GET", "new_loans?$select=new_amount", nil)
		m.want(409, "DELETE", address, nil)
		body, _ = m.want(200, "DELETE", address+"?dryRun=true", nil)
		if len(body["losses"].([]any)) == 0 || len(body["removed"].([]any)) < 5 {
			t.Errorf("dry run: %v", body)
		}
		m.want(204, "DELETE", "new_loans("+loan["new_loanid"].(string)+")", nil)
		m.want(204, "DELETE", address, nil, "If-Match", "*")
		m.want(404, "GET", "new_loans", nil)
		m.sweep()
		m.want(204, "POST", "EntityDefinitions", loanEntity)
		m.want(404, "DELETE", "EntityDefinitions(LogicalName='lead')", nil)
	})
}

func has(all []map[string]any, property, value string) bool {
	for _, o := range all {
		if o[property] == value {
			return true
		}
	}
	return false
}

func TestOnlyCustomizersChangeTheDataModel(t *testing.T) {
	t.Parallel()
	eachModel(t, func(t *testing.T, m *model) {
		reader := m.user("Rita Reader", map[string]access.Depth{"lead": access.Global})
		if code, _, _ := m.ask(reader, "GET", "EntityDefinitions(LogicalName='lead')", nil); code != 200 {
			t.Errorf("reading the data model: %d", code)
		}
		code, body, _ := m.ask(reader, "POST", "EntityDefinitions", loanEntity)
		if code != 403 || !strings.Contains(body["error"].(map[string]any)["message"].(string), "System Customizer") {
			t.Errorf("a reader makes a table: %d %v", code, body)
		}
		code, _, _ = m.ask(m.admin, "POST", "EntityDefinitions", loanEntity, "MSCRM.SolutionUniqueName", "nosuch")
		if code != 404 {
			t.Errorf("an unknown solution: %d", code)
		}
	})
}

// TestBadDefinitions sends what can't be, and nothing may come of it but an
// error that says so.
func TestBadDefinitions(t *testing.T) {
	t.Parallel()
	eachModel(t, func(t *testing.T, m *model) {
		m.want(204, "POST", "EntityDefinitions", loanEntity)
		before := m.customs.Catalog()
		for path, bodies := range map[string][]string{
			"EntityDefinitions": {"", "[]", "{", `{"SchemaName":5}`, `{"SchemaName":"NoPrefix","Attributes":[{"SchemaName":"new_n","IsPrimaryName":true,"@odata.type":"Microsoft.Dynamics.CRM.StringAttributeMetadata"}]}`,
				`{"SchemaName":"new_x"}`, `{"SchemaName":"new_x","Attributes":[5]}`, `{"SchemaName":"new_x","DisplayName":"text","Attributes":[]}`,
				`{"SchemaName":"new_x; DROP TABLE lead","Attributes":[{"SchemaName":"new_n","IsPrimaryName":true,"@odata.type":"Microsoft.Dynamics.CRM.StringAttributeMetadata"}]}`},
			"EntityDefinitions(LogicalName='new_loan')/Attributes": {`{}`, `{"SchemaName":"new_a"}`, `{"SchemaName":"new_a","@odata.type":"Microsoft.Dynamics.CRM.EntityNameAttributeMetadata"}`,
				`{"SchemaName":"new_a","@odata.type":"Microsoft.Dynamics.CRM.StringAttributeMetadata","MaxLength":-1}`, `{"SchemaName":"new_a","@odata.type":"Microsoft.Dynamics.CRM.StringAttributeMetadata","MaxLength":"x"}`,
				`{"SchemaName":"new_a","@odata.type":"Microsoft.Dynamics.CRM.PicklistAttributeMetadata","OptionSet":{"Options":[5]}}`, `{"SchemaName":"new_a","@odata.type":"Microsoft.Dynamics.CRM.PicklistAttributeMetadata"}`,
				`{"SchemaName":"new_a","@odata.type":"Microsoft.Dynamics.CRM.LookupAttributeMetadata"}`, `{"SchemaName":"new_a","@odata.type":"Microsoft.Dynamics.CRM.StringAttributeMetadata","DisplayName":{"LocalizedLabels":[{"Label":"x","LanguageCode":1}]}}`,
				`{"SchemaName":"new_name","@odata.type":"Microsoft.Dynamics.CRM.StringAttributeMetadata"}`, `{"SchemaName":"new_a","@odata.type":"Microsoft.Dynamics.CRM.DecimalAttributeMetadata","Precision":99}`},
			"EntityDefinitions(LogicalName='new_loan')/Keys": {`{}`, `{"SchemaName":"k"}`, `{"SchemaName":"k","KeyAttributes":["none"]}`, `{"SchemaName":"k';--","KeyAttributes":["new_name"]}`},
			"RelationshipDefinitions": {`{}`, `{"SchemaName":"r"}`, `{"SchemaName":"r","ReferencedEntity":"lead","ReferencingEntity":"none"}`, `{"SchemaName":"r","ReferencedEntity":"lead","ReferencingEntity":"new_loan"}`,
				`{"@odata.type":"Microsoft.Dynamics.CRM.ManyToManyRelationshipMetadata","SchemaName":"r","Entity1LogicalName":"lead","Entity2LogicalName":"x"}`},
			"GlobalOptionSetDefinitions": {`{}`, `{"Name":"x"}`, `{"Name":"new_x"}`, `{"Name":"new_x","Options":[{"Value":1,"Label":5}]}`},
			"InsertOptionValue":          {`{}`, `{"OptionSetName":"none"}`, `{"EntityLogicalName":"new_loan","AttributeLogicalName":"new_name","Label":` + named("x") + `}`},
			"CreateEntities":             {`{}`, `{"Entities":[]}`, `{"Entities":[5]}`},
		} {
			for _, body := range bodies {
				code, got, _ := m.ask(m.admin, "POST", path, body)
				if code < 400 || code >= 500 {
					t.Errorf("%s %s: %d %v", path, body, code, got)
				}
			}
		}
		if m.customs.Catalog() != before {
			t.Error("something has changed all the same")
		}
	})
}
