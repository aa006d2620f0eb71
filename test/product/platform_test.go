package product_test

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/rapport-platform/rapport/internal/test/testenv"
)

// The record platform as the issue describes it: what administrators make while
// the product runs behaves as what ships, and bundles carry it.
func TestPlatform(t *testing.T) {
	t.Parallel()
	testenv.Each(t, testenv.Options{}, func(t *testing.T, e *testenv.Env) {
		token := e.Token("admin")
		for name, run := range map[string]func(caller){"processes": processes, "bundles": bundles, "columns": columns, "cascades": cascades, "queues": queues, "protocol": protocol, "limits": limits} {
			t.Run(name, func(t *testing.T) { run(caller{t, e, token}) })
		}
	})
}

func text(v any) string {
	out, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(out)
}

const visit = "process: new_visit\ntitle: {en: Visit}\norder: -5\nstages:\n  - {stage: plan, name: {en: Plan}, category: 4, table: account}\n  - {stage: go, name: {en: Go}, category: 5, table: account}\n  - {stage: done, name: {en: Done}, category: 6, table: account}\n"

// processes makes a customer's process through the API and goes by it.
func processes(c caller) {
	flow := c.create("workflows", text(map[string]any{"name": "Visit", "category": 4, "clientdata": visit, "statecode": 1, "statuscode": 2}))
	c.e.Until("the table of instances is there", func() bool {
		r := c.do("GET", "EntityDefinitions(LogicalName='new_visit')?$select=IsBPFEntity,EntitySetName", "")
		return r.status == 200 && r.body["IsBPFEntity"] == true && r.body["EntitySetName"] == "new_visits"
	})
	var account string
	c.e.Until("new accounts go by the process", func() bool {
		account = c.create("accounts", `{"name":"Visited"}`)
		return c.want(200, "GET", "accounts("+account+")?$select=processid", "").body["processid"] == flow
	})
	list := c.want(200, "GET", "RetrieveProcessInstances(EntityId="+account+",EntityLogicalName='account')", "")
	found, _ := list.body["value"].([]any)
	if len(found) != 1 {
		c.t.Fatalf("%s", list.text)
	}
	instance, _ := found[0].(map[string]any)
	id, _ := instance["businessprocessflowinstanceid"].(string)
	path := func() (names []string) {
		r := c.want(200, "GET", "RetrieveActivePath(ProcessInstanceId="+id+")", "")
		for _, v := range r.body["value"].([]any) {
			names = append(names, v.(map[string]any)["stagename"].(string))
		}
		return names
	}
	if got := fmt.Sprint(path()); got != "[Plan Go Done]" {
		c.t.Errorf("the path is %s", got)
	}
	stages := c.want(200, "GET", "processstages?$select=processstageid,stagename&$filter=_processid_value eq "+flow, "")
	for _, v := range stages.body["value"].([]any) {
		if s := v.(map[string]any); s["stagename"] == "Go" {
			c.want(204, "PATCH", "new_visits("+id+")", `{"activestageid@odata.bind":"/processstages(`+s["processstageid"].(string)+`)"}`)
		} else if s["stagename"] == "Done" {
			c.want(400, "PATCH", "new_visits("+id+")", `{"activestageid@odata.bind":"/processstages(`+s["processstageid"].(string)+`)"}`)
		}
		break
	}
	target := `"Target":{"@odata.type":"Microsoft.Dynamics.CRM.account","accountid":"` + account + `"}`
	c.want(204, "POST", "SetProcess", "{"+target+"}")
	if r := c.want(200, "GET", "accounts("+account+")?$select=processid,stageid", ""); r.body["processid"] != nil || r.body["stageid"] != nil {
		c.t.Errorf("%s", r.text)
	}
	again := "{" + target + `,"NewProcess":{"@odata.type":"Microsoft.Dynamics.CRM.workflow","workflowid":"` + flow + `"}}`
	c.want(204, "POST", "SetProcess", again)
	c.want(204, "POST", "SetProcess", again)
	if r := c.want(200, "GET", "accounts("+account+")?$select=processid,stageid", ""); r.body["processid"] != flow || r.body["stageid"] == nil {
		c.t.Errorf("%s", r.text)
	}
	if n := c.e.Count(c.token, "new_visits", "_bpf_accountid_value eq "+account); n != 1 {
		c.t.Errorf("%d instances", n)
	}
	contact := c.create("contacts", `{"lastname":"Nobody"}`)
	c.want(400, "POST", "SetProcess", `{"Target":{"contactid":"`+contact+`","@odata.type":"Microsoft.Dynamics.CRM.contact"},"NewProcess":{"workflowid":"`+flow+`"}}`)
	c.want(404, "GET", "RetrieveActivePath(ProcessInstanceId="+account+")", "")
	c.want(400, "GET", "RetrieveProcessInstances(EntityId="+account+",EntityLogicalName='nosuch')", "")
	c.want(204, "PATCH", "workflows("+flow+")", `{"statecode":0,"statuscode":1}`)
}

func packed(c caller, files map[string]string) string {
	c.t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for name, text := range files {
		f, err := w.Create(name)
		if err == nil {
			_, err = f.Write([]byte(text))
		}
		if err != nil {
			c.t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		c.t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(out.Bytes())
}

// bundles brings one in by the action that clients know, and takes it out.
func bundles(c caller) {
	files := map[string]string{
		"solution.yaml":        "name: fleet\ntitle: Fleet\nversion: 1.0\npublisher: {name: tests, title: Tests, prefix: new}\n",
		"tables/new_car.yaml":  "table: new_car\nset: new_cars\nlabel: {en: Car}\nplural: {en: Cars}\nid: new_carid\nname: new_name\nownership: user\ncolumns:\n  - {name: new_name, type: text, label: {en: Name}, required: true}\n  - {name: new_seats, type: whole, label: {en: Seats}}\nviews:\n  - {name: big, label: {en: Big}, columns: [new_name], filter: new_seats ge 5}\n",
		"rules/new_seats.yaml": "rule: new_seats\ntitle: {en: Seats}\ntable: new_car\nbranches:\n  - {when: new_seats gt 9, then: [{error: {column: new_seats, message: {en: That is a bus}}}]}\n",
		"records/10.yaml":      "- table: new_car\n  rows:\n    - {key: one, new_name: First, new_seats: 4}\n",
	}
	send := func(status int, files map[string]string, more string) reply {
		c.t.Helper()
		return c.want(status, "POST", "ImportSolution", `{"OverwriteUnmanagedCustomizations":true,"PublishWorkflows":true,"ImportJobId":"6ab1d1a2-2b0f-4f04-9e56-5d4f4d0a4a01","CustomizationFile":"`+packed(c, files)+`"`+more+"}")
	}
	bad := map[string]string{}
	for name, text := range files {
		bad[name] = text
	}
	for name, change := range map[string][3]string{"view new_car.big": {"tables/new_car.yaml", "new_seats ge 5", "new_seats ge 'x'"}, "rules/new_seats.yaml": {"rules/new_seats.yaml", "new_seats gt", "nosuch gt"}} {
		bad[change[0]] = strings.Replace(files[change[0]], change[1], change[2], 1)
		if r := send(400, bad, ""); !strings.Contains(r.text, name) {
			c.t.Errorf("the answer does not name %s: %s", name, r.text)
		}
		bad[change[0]] = files[change[0]]
	}
	c.want(400, "POST", "ImportSolution", `{"CustomizationFile":"bm8gemlw"}`)
	c.want(400, "POST", "ImportSolution", `{"CustomizationFile":"*"}`)
	send(204, files, "")
	if r := c.want(200, "GET", "new_cars?$select=new_name", ""); !strings.Contains(r.text, "First") {
		c.t.Errorf("%s", r.text)
	}
	if r := c.want(200, "GET", "solutions?$select=version&$filter=uniquename eq 'fleet'", ""); !strings.Contains(r.text, `"version":"1.0"`) {
		c.t.Errorf("%s", r.text)
	}
	c.e.Until("the rule of the bundle is obeyed", func() bool { return c.do("POST", "new_cars", `{"new_name":"Bus","new_seats":40}`).status == 400 })
	out := c.want(200, "POST", "ExportSolution", `{"SolutionName":"fleet","Managed":false}`)
	file, _ := out.body["ExportSolutionFile"].(string)
	if data, err := base64.StdEncoding.DecodeString(file); err != nil || !bytes.HasPrefix(data, []byte("PK")) {
		c.t.Errorf("%v %.100s", err, out.text)
	}
	c.want(204, "POST", "ImportSolution", `{"OverwriteUnmanagedCustomizations":false,"PublishWorkflows":false,"ImportJobId":"6ab1d1a2-2b0f-4f04-9e56-5d4f4d0a4a01","CustomizationFile":"`+file+`"}`)
	c.want(404, "POST", "ExportSolution", `{"SolutionName":"nosuch","Managed":false}`)
	delete(files, "records/10.yaml")
	files["solution.yaml"] = strings.Replace(files["solution.yaml"], "1.0", "1.1", 1)
	send(409, files, "")
	send(204, files, `,"rpt_ConfirmDataLoss":true`)
	batch := "--b\r\nContent-Type: multipart/mixed;boundary=c\r\n\r\n--c\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\nContent-ID: 1\r\n\r\nPOST /api/data/v9.2/ImportSolution HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{\"CustomizationFile\":\"" + file + "\"}\r\n--c--\r\n--b--\r\n"
	if r := c.do("POST", "$batch", batch, "Content-Type: multipart/mixed;boundary=b"); !strings.Contains(r.text, "501") {
		c.t.Errorf("an import within a change set: %d %s", r.status, r.text)
	}
	if key, _ := c.want(200, "GET", "solutions?$select=solutionid&$filter=uniquename eq 'fleet'", "").body["value"].([]any)[0].(map[string]any)["solutionid"].(string); key != "" {
		c.want(409, "DELETE", "solutions("+key+")", "")
	}
	c.create("new_cars", `{"new_name":"Kept","new_seats":2}`)
	c.want(409, "DELETE", "/api/solutions/fleet", "")
	c.want(200, "DELETE", "/api/solutions/fleet?dryRun=true", "")
	c.want(200, "DELETE", "/api/solutions/fleet?confirmDataLoss=true", "")
	c.want(404, "GET", "new_cars", "")
	if n := c.e.Count(c.token, "workflows", "uniquename eq 'new_seats'"); n != 0 {
		c.t.Error("the rule is left")
	}
}

func label(s string) map[string]any {
	return map[string]any{"LocalizedLabels": []any{map[string]any{"Label": s, "LanguageCode": 1033}}}
}

func table(name string) string {
	return text(map[string]any{"@odata.type": "Microsoft.Dynamics.CRM.EntityMetadata", "SchemaName": name, "DisplayName": label(name), "DisplayCollectionName": label(name + "s"), "OwnershipType": "UserOwned",
		"Attributes": []any{map[string]any{"@odata.type": "Microsoft.Dynamics.CRM.StringAttributeMetadata", "SchemaName": "new_Name", "IsPrimaryName": true, "MaxLength": 100, "DisplayName": label("Name"), "RequiredLevel": map[string]any{"Value": "None"}}}})
}

// columns makes columns of the kinds that have rules of their own.
func columns(c caller) {
	c.want(204, "POST", "EntityDefinitions", table("new_Shelf"))
	attributes := "EntityDefinitions(LogicalName='new_shelf')/Attributes"
	for name, behaviour := range map[string]string{"new_Day": "DateOnly", "new_Local": "UserLocal", "new_Fixed": "TimeZoneIndependent"} {
		c.want(204, "POST", attributes, text(map[string]any{"@odata.type": "Microsoft.Dynamics.CRM.DateTimeAttributeMetadata", "SchemaName": name, "DisplayName": label(name), "DateTimeBehavior": map[string]any{"Value": behaviour},
			"Format": map[bool]string{true: "DateOnly", false: "DateAndTime"}[behaviour == "DateOnly"]}))
	}
	options := []any{}
	for i, word := range []string{"Red", "Green", "Blue"} {
		options = append(options, map[string]any{"Value": i + 1, "Label": label(word)})
	}
	c.want(204, "POST", attributes, text(map[string]any{"@odata.type": "Microsoft.Dynamics.CRM.MultiSelectPicklistAttributeMetadata", "SchemaName": "new_Colours", "DisplayName": label("Colours"), "OptionSet": map[string]any{"IsGlobal": false, "OptionSetType": "Picklist", "Options": options}}))
	made := c.want(200, "POST", "CreateCustomerRelationships", text(map[string]any{
		"Lookup": map[string]any{"@odata.type": "Microsoft.Dynamics.CRM.ComplexLookupAttributeMetadata", "AttributeType": "Lookup", "AttributeTypeName": map[string]any{"Value": "LookupType"}, "SchemaName": "new_Customer", "DisplayName": label("Customer")},
		"OneToManyRelationships": []any{
			map[string]any{"SchemaName": "new_shelf_customer_account", "ReferencedEntity": "account", "ReferencingEntity": "new_shelf"},
			map[string]any{"SchemaName": "new_shelf_customer_contact", "ReferencedEntity": "contact", "ReferencingEntity": "new_shelf"}}}))
	if ids, _ := made.body["RelationshipIds"].([]any); len(ids) != 2 || made.body["AttributeId"] == nil {
		c.t.Errorf("%s", made.text)
	}
	contact := c.create("contacts", `{"lastname":"Shelved"}`)
	key := c.create("new_shelfs", `{"new_name":"A","new_day":"2026-11-22","new_local":"2026-11-22T10:00:00+02:00","new_fixed":"2026-11-22T10:00:00Z","new_colours":"3,1","new_Customer_contact@odata.bind":"/contacts(`+contact+`)"}`)
	r := c.want(200, "GET", "new_shelfs("+key+")", "", `Prefer: odata.include-annotations="*"`)
	for name, want := range map[string]any{"new_day": "2026-11-22", "new_local": "2026-11-22T08:00:00Z", "new_fixed": "2026-11-22T10:00:00Z", "new_colours": "1,3", "_new_customer_value": contact,
		"_new_customer_value@Microsoft.Dynamics.CRM.lookuplogicalname": "contact", "new_colours@OData.Community.Display.V1.FormattedValue": "Red; Blue"} {
		if r.body[name] != want {
			c.t.Errorf("%s is %v, not %v", name, r.body[name], want)
		}
	}
	if n := c.e.Count(c.token, "new_shelfs", "Microsoft.Dynamics.CRM.ContainValues(PropertyName='new_colours',PropertyValues=['3'])"); n != 1 {
		c.t.Errorf("%d shelves contain blue", n)
	}
	for column, value := range map[string]string{"new_day": `"x"`, "new_local": `"2026-99-01T00:00:00Z"`, "new_colours": `"9"`, "new_name": `{}`} {
		if r := c.want(400, "PATCH", "new_shelfs("+key+")", `{"`+column+`":`+value+`}`); !strings.Contains(r.text, column) {
			c.t.Errorf("the answer does not name %s: %s", column, r.text)
		}
	}
	if d := c.want(200, "GET", "$metadata", ""); !strings.Contains(d.text, `<Property Name="new_colours"`) || !strings.Contains(d.text, `Name="new_Customer_contact"`) {
		c.t.Error("$metadata lacks the new columns")
	}
	if d := c.want(200, "GET", "openapi.json", ""); !strings.Contains(d.text, "new_colours") {
		c.t.Error("openapi.json lacks the new column")
	}
	// A roll-up over the new table, worked out on demand by the function that clients know.
	c.want(204, "POST", "RelationshipDefinitions", text(map[string]any{"@odata.type": "Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata", "SchemaName": "new_account_shelf", "ReferencedEntity": "account", "ReferencingEntity": "new_shelf",
		"Lookup": map[string]any{"SchemaName": "new_AccountId", "DisplayName": label("Account")}}))
	account := c.create("accounts", `{"name":"Shelves"}`)
	deal := c.create("opportunities", `{"name":"Open","estimatedvalue":700,"parentaccountid@odata.bind":"/accounts(`+account+`)"}`)
	target := url.QueryEscape(`{"@odata.id":"accounts(` + account + `)"}`)
	rolled := c.want(200, "GET", "CalculateRollupField(Target=@t,FieldName=@f)?@t="+target+"&@f='opendeals'", "")
	if rolled.body["opendeals"] != 1.0 || rolled.body["opendeals_state"] == nil || rolled.body["accountid"] != account {
		c.t.Errorf("%s", rolled.text)
	}
	c.want(400, "GET", "CalculateRollupField(Target=@t,FieldName='name')?@t="+target, "")
	c.want(404, "GET", "CalculateRollupField(Target=@t,FieldName='opendeals')?@t="+url.QueryEscape(`{"@odata.id":"accounts(`+deal+`)"}`), "")
	// What would lose data asks first.
	c.want(409, "DELETE", attributes+"(LogicalName='new_colours')", "")
	c.want(204, "DELETE", attributes+"(LogicalName='new_colours')?confirmDataLoss=true", "")
}

// cascades has children follow their parent as the relationship says.
func cascades(c caller) {
	c.want(204, "POST", "EntityDefinitions", table("new_Crate"))
	for kind, delete := range map[string]string{"Part": "Cascade", "Guard": "Restrict", "Loose": "RemoveLink"} {
		c.want(204, "POST", "EntityDefinitions", table("new_"+kind))
		c.want(204, "POST", "RelationshipDefinitions", text(map[string]any{"@odata.type": "Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata", "SchemaName": "new_crate_" + kind, "ReferencedEntity": "new_crate", "ReferencingEntity": "new_" + strings.ToLower(kind),
			"CascadeConfiguration": map[string]any{"Delete": delete, "Assign": "Cascade", "Share": "NoCascade", "Unshare": "NoCascade", "Reparent": "NoCascade", "Merge": "NoCascade"}, "Lookup": map[string]any{"SchemaName": "new_CrateId", "DisplayName": label("Box")}}))
	}
	box := c.create("new_crates", `{"new_name":"Box"}`)
	child := func(kind string) string {
		return c.create("new_"+kind+"s", `{"new_name":"x","new_CrateId@odata.bind":"/new_crates(`+box+`)"}`)
	}
	part, guard, loose := child("part"), child("guard"), child("loose")
	unit, _ := c.want(200, "GET", "WhoAmI()", "").body["BusinessUnitId"].(string)
	team := c.create("teams", `{"name":"Packers","businessunitid@odata.bind":"/businessunits(`+unit+`)"}`)
	c.want(204, "PATCH", "new_crates("+box+")", `{"ownerid@odata.bind":"/teams(`+team+`)"}`)
	if r := c.want(200, "GET", "new_parts("+part+")?$select=_ownerid_value", ""); r.body["_ownerid_value"] != team {
		c.t.Errorf("the part does not follow its box: %s", r.text)
	}
	c.want(409, "DELETE", "new_crates("+box+")", "")
	c.want(204, "DELETE", "new_guards("+guard+")", "")
	c.want(204, "DELETE", "new_crates("+box+")", "")
	c.want(404, "GET", "new_parts("+part+")", "")
	if r := c.want(200, "GET", "new_looses("+loose+")?$select=_new_crateid_value", ""); r.body["_new_crateid_value"] != nil {
		c.t.Errorf("%s", r.text)
	}
	// States: a pair that is none is refused, the reason alone moves the state.
	lead := c.create("leads", `{"lastname":"State"}`)
	c.want(400, "PATCH", "leads("+lead+")", `{"statecode":0,"statuscode":4}`)
	c.want(400, "PATCH", "leads("+lead+")", `{"statuscode":99}`)
	c.want(204, "PATCH", "leads("+lead+")", `{"statecode":2,"statuscode":5}`)
	if r := c.want(200, "GET", "leads("+lead+")?$select=statecode,statuscode", ""); r.body["statecode"] != 2.0 || r.body["statuscode"] != 5.0 {
		c.t.Errorf("%s", r.text)
	}
}

// queues keep one item for a queue and a record.
func queues(c caller) {
	one, two := c.create("queues", `{"name":"One"}`), c.create("queues", `{"name":"Two"}`)
	lead := c.create("leads", `{"lastname":"Queued"}`)
	target := `"Target":{"@odata.type":"Microsoft.Dynamics.CRM.lead","leadid":"` + lead + `"}`
	add := func(queue, more string) any {
		return c.want(200, "POST", "queues("+queue+")/Microsoft.Dynamics.CRM.AddToQueue", "{"+target+more+"}").body["QueueItemId"]
	}
	first := add(one, "")
	if second := add(one, ""); second != first {
		c.t.Errorf("another item: %v and %v", first, second)
	}
	c.want(412, "POST", "queueitems", `{"queueid@odata.bind":"/queues(`+one+`)","objectid_lead@odata.bind":"/leads(`+lead+`)"}`)
	moved := add(two, `,"SourceQueue":{"@odata.type":"Microsoft.Dynamics.CRM.queue","queueid":"`+one+`"}`)
	if n := c.e.Count(c.token, "queueitems", "_objectid_value eq "+lead); n != 1 {
		c.t.Errorf("%d items", n)
	}
	c.want(204, "POST", fmt.Sprintf("queueitems(%s)/Microsoft.Dynamics.CRM.PickFromQueue", moved), `{"RemoveQueueItem":false}`)
	c.want(204, "POST", fmt.Sprintf("queueitems(%s)/Microsoft.Dynamics.CRM.ReleaseToQueue", moved), "{}")
	c.want(204, "POST", "RouteTo", `{"Target":{"@odata.type":"Microsoft.Dynamics.CRM.queue","queueid":"`+one+`"},"QueueItem":{"@odata.type":"Microsoft.Dynamics.CRM.queueitem","queueitemid":"`+moved.(string)+`"}}`)
	c.want(204, "POST", fmt.Sprintf("queueitems(%s)/Microsoft.Dynamics.CRM.RemoveFromQueue", moved), "")
}

// protocol asks in the ways that the issue names: aggregation, deltas, batches,
// chunks, conditions.
func protocol(c caller) {
	for i := range 6 {
		c.create("competitors", fmt.Sprintf(`{"name":"Rival %d","strengths":"%c"}`, i, 'a'+i%2))
	}
	r := c.want(200, "GET", "competitors?$apply=filter(startswith(name,'Rival'))/groupby((strengths),aggregate($count as n))", "")
	if list, _ := r.body["value"].([]any); len(list) != 2 || list[0].(map[string]any)["n"] != 3.0 {
		c.t.Errorf("%s", r.text)
	}
	r = c.want(200, "GET", "competitors?$select=name&$count=true&$filter=startswith(name,'Rival')&$orderby=name desc", "", `Prefer: odata.maxpagesize=4`)
	next, _ := r.body["@odata.nextLink"].(string)
	if r.body["@odata.count"] != 6.0 || next == "" || r.header.Get("Preference-Applied") == "" {
		c.t.Errorf("%s %v", r.text, r.header)
	}
	if r = c.want(200, "GET", next, ""); len(r.body["value"].([]any)) != 2 {
		c.t.Errorf("%s", r.text)
	}
	r = c.want(200, "GET", "competitors?$select=name", "", "Prefer: odata.track-changes")
	delta, _ := r.body["@odata.deltaLink"].(string)
	key := c.create("competitors", `{"name":"Late"}`)
	c.e.Until("the delta tells of the new row", func() bool {
		r := c.want(200, "GET", delta, "")
		if !strings.Contains(r.text, key) {
			return false
		}
		delta, _ = r.body["@odata.deltaLink"].(string)
		return true
	})
	c.want(204, "DELETE", "competitors("+key+")", "")
	c.e.Until("the delta tells of the row that is gone", func() bool {
		r := c.want(200, "GET", delta, "")
		return strings.Contains(r.text, key) && strings.Contains(r.text, `"reason":"deleted"`)
	})

	part := func(method, path, body string) string {
		return "--b\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n" + method + " " + path + " HTTP/1.1\r\nContent-Type: application/json\r\n\r\n" + body + "\r\n"
	}
	batch := part("GET", "/api/data/v9.2/nosuch", "") + part("POST", "/api/data/v9.2/competitors", `{"name":"Batched"}`) + "--b--\r\n"
	if r := c.do("POST", "$batch", batch, "Content-Type: multipart/mixed;boundary=b"); r.status != 404 || strings.Contains(r.text, "204 No Content") {
		c.t.Errorf("a batch that fails: %d %s", r.status, r.text)
	}
	if r := c.do("POST", "$batch", batch, "Content-Type: multipart/mixed;boundary=b", "Prefer: odata.continue-on-error"); r.status != 200 || !strings.Contains(r.text, "204 No Content") || !strings.Contains(r.text, "404") {
		c.t.Errorf("a batch that goes on: %d %s", r.status, r.text)
	}
	set := func(id, method, path, body string) string {
		return "--c\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\nContent-ID: " + id + "\r\n\r\n" + method + " " + path + " HTTP/1.1\r\nContent-Type: application/json\r\n\r\n" + body + "\r\n"
	}
	changes := func(parts ...string) string {
		return "--b\r\nContent-Type: multipart/mixed;boundary=c\r\n\r\n" + strings.Join(parts, "") + "--c--\r\n--b--\r\n"
	}
	good := changes(set("1", "POST", "/api/data/v9.2/accounts", `{"name":"Set"}`), set("2", "POST", "/api/data/v9.2/contacts", `{"lastname":"Set","parentcustomerid_account@odata.bind":"$1"}`), set("3", "PATCH", "$1", `{"telephone1":"5"}`))
	if r := c.do("POST", "$batch", good, "Content-Type: multipart/mixed;boundary=b"); r.status != 200 {
		c.t.Errorf("%d %s", r.status, r.text)
	}
	if n := c.e.Count(c.token, "contacts", "parentcustomerid_account/telephone1 eq '5'"); n != 1 {
		c.t.Errorf("%d contacts of the change set", n)
	}
	half := changes(set("1", "POST", "/api/data/v9.2/accounts", `{"name":"Half"}`), set("2", "POST", "/api/data/v9.2/accounts", `{"nosuch":1}`))
	if r := c.do("POST", "$batch", half, "Content-Type: multipart/mixed;boundary=b"); r.status != 400 || c.e.Count(c.token, "accounts", "name eq 'Half'") != 0 {
		c.t.Errorf("half a change set: %d %s", r.status, r.text)
	}
	forward := changes(set("1", "PATCH", "$2", `{"telephone1":"5"}`), set("2", "POST", "/api/data/v9.2/accounts", `{"name":"Forward"}`))
	if r := c.do("POST", "$batch", forward, "Content-Type: multipart/mixed;boundary=b"); r.status != 400 {
		c.t.Errorf("a reference forward: %d %s", r.status, r.text)
	}
	for path, status := range map[string]int{"leads?$skip=1": 400, "leads?$nosuch=1": 400, "leads?$filter=nosuch eq 1": 400, "leads?$top=x": 400, "leads?$orderby=nosuch": 400, "leads?$select=nosuch": 400, "leads?$expand=nosuch": 400,
		"leads?fetchXml=%3Cfetch": 400, "leads(x)": 400, "leads?$apply=nosuch()": 400, "leads?$filter=" + strings.Repeat("x", 33000): 400} {
		if r := c.do("GET", path, ""); r.status != status || r.code() == "" && r.body["error"] == nil {
			c.t.Errorf("%.60s: %d %.300s", path, r.status, r.text)
		}
	}
}

// limits slows a user down who has some, and nobody else.
func limits(c caller) {
	me := c.want(200, "GET", "WhoAmI()", "").body
	unit, _ := me["BusinessUnitId"].(string)
	const application = "11111111-2222-3333-4444-666666666666"
	slow := c.create("systemusers", `{"domainname":"slow","firstname":"Slow","applicationid":"`+application+`","rpt_limitrequests":5,"businessunitid@odata.bind":"/businessunits(`+unit+`)"}`)
	made := c.want(200, "POST", "systemusers("+slow+")/Microsoft.Dynamics.CRM.rpt_CreateClientSecret", `{"Name":"test","Days":10}`)
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {application}, "client_secret": {made.body["ClientSecret"].(string)}, "scope": {c.e.URL + "/.default"}}
	token, _ := (caller{c.t, c.e, ""}).do("POST", "/oauth2/v2.0/token", form.Encode(), "Content-Type: application/x-www-form-urlencoded").body["access_token"].(string)
	as := caller{c.t, c.e, token}
	c.e.Until("the limit is reached", func() bool {
		r := as.do("GET", "WhoAmI()", "")
		return r.status == 429 && r.header.Get("Retry-After") != "" && r.code() == "0x80072322"
	})
	c.want(200, "GET", "WhoAmI()", "")
}
