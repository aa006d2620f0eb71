package odata_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

func parseOptions(t *testing.T, table, raw string) (*odata.Options, error) {
	t.Helper()
	ctx := newContext(t)
	params, err := odata.Params(raw)
	if err != nil {
		return nil, err
	}
	tab, _ := ctx.Catalog.Table(table)
	return odata.ParseOptions(ctx, tab, params)
}

func TestOptions(t *testing.T) {
	t.Parallel()
	o, err := parseOptions(t, "lead", "$select=subject,_parentaccountid_value&$orderby=revenue%20desc,subject+asc,@c&@c=createdon&$top=5&$count=true&$skiptoken=abc&tag=1"+
		"&$filter=subject%20eq%20@s%20and%20Microsoft.Dynamics.CRM.In(PropertyName=%27leadqualitycode%27,PropertyValues=@l)&@s='a%26b'&@l=[%221%22,2]"+
		"&$expand=parentaccountid($select=name;$filter=name%20eq%20'a;b)';$expand=account_leads($top=3;$orderby=subject desc;$select=subject)),owninguser")
	if err != nil {
		t.Fatal(err)
	}
	q := o.Query
	if want := []string{"subject", "parentaccountid", "versionnumber"}; !slices.Equal(q.Select, want) || o.Top != 5 || !q.Count || o.SkipToken != "abc" {
		t.Errorf("got %+v", o)
	}
	if want := []query.Order{{Column: "revenue", Desc: true}, {Column: "subject"}, {Column: "createdon"}}; !slices.Equal(q.Order, want) {
		t.Errorf("order %v", q.Order)
	}
	if got := show(q.Where); got != `(and (eq subject "a&b") (in leadqualitycode 1 2))` {
		t.Errorf("filter %s", got)
	}
	x := q.Expand[0].Query
	if show(x.Where) != `(eq name "a;b)")` || x.Expand[0].Relation != "account_leads" || x.Expand[0].Query.Limit != 3 || !x.Expand[0].Query.Order[0].Desc {
		t.Errorf("expand %+v", x)
	}
	if v := o.View.Expand[1]; v.Name != "owninguser" || v.Relation.Name != "ownerid_systemuser" {
		t.Errorf("the owner's relation: %+v", v)
	}
	if _, err := query.Check(newContext(t).Catalog, &q, query.Limits{}); err != nil {
		t.Error(err)
	}
}

func TestOptionsRefused(t *testing.T) {
	t.Parallel()
	for raw, code := range map[string]string{
		"$skip=5": "odata.option", "$search=x": "odata.option", "$format=json": "odata.option", "$apply=x": "odata.syntax", "$Select=x": "odata.option", "$nope=1": "odata.option",
		"$top=-1": "odata.top", "$top=x": "odata.top", "$count=yes": "odata.count", "$select=nope": "query.unknown_column", "$orderby=nope": "query.unknown_column", "$orderby=subject sideways": "odata.syntax",
		"$orderby=parentaccountid/nope": "query.unknown_column", "$orderby='x'": "odata.syntax", "$expand=nope": "query.unknown_relation", "$expand=parentaccountid($select=name": "odata.syntax",
		"$expand=parentaccountid,parentaccountid": "odata.option_twice", "$expand=parentaccountid($skiptoken=x)": "odata.option", "$top=1&$top=2": "odata.option_twice", "fetchXml=x": "odata.option",
		"$filter=%zz": "odata.escape", "$expand=parentaccountid)": "odata.syntax", "$expand=": "query.unknown_relation", "x=" + strings.Repeat("y", 40_000): "odata.too_long",
		"$filter=subject eq @p": "odata.syntax", "$filter=subject eq @p&@p=@q": "odata.syntax",
		"$expand=" + strings.Repeat("parentaccountid($expand=account_leads($expand=", 9) + "createdby" + strings.Repeat("))", 9): "odata.expand_depth",
	} {
		if _, err := parseOptions(t, "lead", raw); errs.CodeOf(err) != code {
			t.Errorf("%.80s: want %s, got %v", raw, code, err)
		}
	}
	ctx := newContext(t)
	lead, _ := ctx.Catalog.Table("lead")
	if _, err := odata.ParseEntityOptions(ctx, lead, map[string]string{"$filter": "true"}); !errs.Has(err, errs.Invalid) {
		t.Errorf("a filter on a single row: %v", err)
	}
}

func TestPaths(t *testing.T) {
	t.Parallel()
	c := catalog(t)
	const g = "00000000-0000-0000-0000-000000000001"
	for path, want := range map[string]string{
		"": "0", "$metadata": "1", "$batch": "2", "leads": "3 lead", "leads/$count": "4 lead", "leads(" + g + ")": "5 lead @1", "leads(leadid=" + strings.ToUpper(g) + ")": "5 lead @1",
		"leads(emailaddress1='a%2Fb''c%27%27/d')": `5 lead map[emailaddress1:a/b'c'/d]`, "leads%28" + g + "%29/subject": "6 lead @1 subject",
		"leads(subject='x',numberofemployees=5)": "5 lead map[numberofemployees:5 subject:x]", "leads(_parentaccountid_value=" + g + ")": "5 lead map[parentaccountid:" + g + "]",
		"leads(" + g + ")/subject/$value": "7 lead @1 subject", "leads(" + g + ")/_parentaccountid_value": "6 lead @1 parentaccountid", "leads(" + g + ")/parentaccountid": "8 lead @1 parentaccountid",
		"accounts(" + g + ")/account_leads": "8 account @1 account_leads", "accounts(" + g + ")/account_leads/$count": "9 account @1 account_leads",
		"accounts(" + g + ")/account_leads/$ref": "10 account @1 account_leads", "accounts(" + g + ")/account_leads(" + g + ")/$ref": "10 account @1 account_leads @1",
		"leads(" + g + ")/parentaccountid/$ref": "10 lead @1 parentaccountid", "WhoAmI()": "11 WhoAmI()", "WhoAmI": "11 WhoAmI()", "Microsoft.Dynamics.CRM.WhoAmI()": "11 WhoAmI()",
		"leads(" + g + ")/Microsoft.Dynamics.CRM.QualifyLead": "11 lead @1 QualifyLead()", "leads/Microsoft.Dynamics.CRM.CreateMultiple": "11 lead CreateMultiple()",
		"leads(" + g + ")/QualifyLead": "11 lead @1 QualifyLead()", "Fn(A=@a,B='x)')": "11 Fn(A=@a,B='x)')",
		"nope/x": "! odata.unknown_resource", "leads/x": "! odata.unknown_resource", "leads(" + g: "! odata.syntax", "leads(1)": "! odata.syntax", "leads()": "! odata.syntax", "leads(subject='x')": "! odata.key",
		"leads(nope=1)": "! query.unknown_column", "leads(emailaddress1=null)": "! odata.syntax", "leads(" + g + ")/subject/x": "! odata.unknown_resource", "leads/": "! odata.unknown_resource",
		"leads(" + g + ")/parentaccountid/name": "6 account name", "leads(" + g + ")/parentaccountid/account_leads(" + g + ")/createdby/fullname/$value": "7 systemuser fullname",
		"accounts(" + g + ")/account_leads/subject": "! odata.unknown_resource", "leads(" + g + ")" + strings.Repeat("/parentaccountid/primarycontactid/createdby/createdby", 4): "! odata.unknown_resource", "leads(" + g + ")/$nope": "! odata.unknown_resource", "%": "! odata.escape", "%zz": "! odata.escape",
		"leads(emailaddress1='a',emailaddress1='b')": "! odata.syntax", "leads(numberofemployees='x',subject='y')": "! query.value",
	} {
		p, err := odata.ParsePath(c, path)
		if got := showPath(p, err); got != want {
			t.Errorf("%s: got %s (%v), want %s", path, got, err, want)
		}
	}
}

func showPath(p *odata.Path, err error) string {
	if err != nil {
		return "! " + errs.CodeOf(err)
	}
	out := []string{fmt.Sprint(uint8(p.Kind))}
	key := func(k *odata.Key) {
		switch {
		case k == nil:
		case k.Alternate():
			out = append(out, fmt.Sprint(k.Values))
		default:
			out = append(out, showValue(k.ID))
		}
	}
	if p.Kind == odata.Operation && p.Table == nil {
		return out[0] + " " + p.Operation + "(" + p.Arguments + ")"
	}
	if p.Table != nil {
		out = append(out, p.Table.Name)
	}
	key(p.Key)
	if p.Property != nil {
		out = append(out, p.Property.Name)
	}
	if p.NavName != "" {
		out = append(out, p.NavName)
	}
	key(p.RelatedKey)
	if p.Operation != "" {
		out = append(out, p.Operation+"("+p.Arguments+")")
	}
	return strings.Join(out, " ")
}

func TestArguments(t *testing.T) {
	t.Parallel()
	got, err := odata.ParseArguments("A=@a,B=@b,C=@c", map[string]string{"@a": `{'@odata.id':'accounts(name=''A "b"'')'}`, "@b": "['a',\"it's\"]", "@c": "Microsoft.Dynamics.CRM.EndpointAccessType'Default'", "@x": ""})
	quoted := map[string]any{"A": map[string]any{"@odata.id": `accounts(name='A "b"')`}, "B": []any{"a", "it's"}, "C": "Default"}
	if err != nil || !reflect.DeepEqual(got, quoted) {
		t.Errorf("single quotes: %#v, %v", got, err)
	}
	if got, err := odata.ParseArguments("A=@a", map[string]string{"@a": "['a'"}); err == nil {
		t.Errorf("an open list became %v", got)
	}
	got, err = odata.ParseArguments("A=@a,B='x,)y',C=5,D=null,E=true", map[string]string{"@a": `{"@odata.id":"leads(1)","n":1.50}`})
	want := map[string]any{"A": map[string]any{"@odata.id": "leads(1)", "n": json.Number("1.50")}, "B": "x,)y", "C": json.Number("5"), "D": nil, "E": true}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %#v, %v", got, err)
	}
	for _, bad := range []string{"A", "A=@missing", "A=b", "A='x", "=1", "A=1 2"} {
		if _, err := odata.ParseArguments(bad, nil); !errs.Has(err, errs.Invalid) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestReadBody(t *testing.T) {
	t.Parallel()
	c := catalog(t)
	lead, _ := c.Table("lead")
	b, err := odata.ReadBody(c, lead, []byte(`{"@odata.type":"Microsoft.Dynamics.CRM.lead","@odata.etag":"W/\"5\"","leadid":"00000000-0000-0000-0000-00000000000A","subject":"Größe",
		"revenue":1234567890123.4567,"numberofemployees":5,"donotemail":false,"birthdate":"2000-01-02","lastused":"2024-01-01T10:00:00+02:00","leadqualitycode":2,"rpt_extra":"{\"a\": 1}","description":null,
		"createdon":"2020-01-01T00:00:00Z","versionnumber":5,"leadqualitycode@OData.Community.Display.V1.FormattedValue":"Warm",
		"parentaccountid@odata.bind":"/accounts(accountnumber='A1')","customerid_contact@odata.bind":"https://crm.example/api/data/v9.1/contacts(00000000-0000-0000-0000-000000000001)",
		"ownerid@odata.bind":"teams(00000000-0000-0000-0000-000000000003)"}`))
	if err != nil {
		t.Fatal(err)
	}
	want := record.Row{"leadid": guid("a"), "subject": "Größe", "revenue": query.Number{Units: 12345678901234567, Scale: 4}, "numberofemployees": int64(5), "donotemail": false,
		"birthdate": query.Date("2000-01-02"), "lastused": time.Date(2024, 1, 1, 8, 0, 0, 0, time.UTC), "leadqualitycode": int64(2), "rpt_extra": json.RawMessage(`{"a":1}`), "description": nil,
		"parentaccountid": id.Nil, "customerid": guid("1"), "customeridtype": "contact", "ownerid": guid("3"), "owneridtype": "team"}
	if !reflect.DeepEqual(b.Row, want) {
		t.Errorf("got  %#v\nwant %#v", b.Row, want)
	}
	if len(b.Refs) != 1 || b.Refs[0].Column != "parentaccountid" || b.Refs[0].Table != "account" || b.Refs[0].Key.Values["accountnumber"] != "A1" {
		t.Errorf("refs %+v", b.Refs)
	}
	cleared, err := odata.ReadBody(c, lead, []byte(`{"customerid_account@odata.bind":null,"parentaccountid":null}`))
	if err != nil || !reflect.DeepEqual(cleared.Row, record.Row{"customerid": nil, "customeridtype": nil, "parentaccountid": nil}) {
		t.Errorf("got %#v, %v", cleared.Row, err)
	}
}

func TestReadBodyDeep(t *testing.T) {
	t.Parallel()
	c := catalog(t)
	account, _ := c.Table("account")
	for _, text := range []string{`{"account_primary_contact@odata.bind":["x"]}`, `{"account_lead_customer_leads@odata.bind":[]}`, `{"account_leads@odata.bind":["/accounts(00000000-0000-0000-0000-000000000001)"]}`} {
		if _, err := odata.ReadBody(c, account, []byte(text)); err == nil {
			t.Errorf("%s was taken", text)
		}
	}
	b, err := odata.ReadBody(c, account, []byte(`{"name":"Acme","primarycontactid":{"fullname":"Ada"},"account_leads":[{"subject":"a"},{"subject":"b","customerid_account":{"name":"Sub"}}],
		"account_customer_leads@odata.bind":["leads(00000000-0000-0000-0000-000000000001)"]}`))
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Deep) != 3 || b.Row["name"] != "Acme" {
		t.Fatalf("got %+v", b)
	}
	links, leads, contact := b.Deep[0], b.Deep[1], b.Deep[2]
	if links.Links[0].Column != "customerid" || links.Links[0].Key.ID != guid("1") || leads.New[1].Deep[0].New[0].Row["name"] != "Sub" || contact.New[0].Row["fullname"] != "Ada" {
		t.Errorf("got %+v", b.Deep)
	}
}

func TestReadBodyRefused(t *testing.T) {
	t.Parallel()
	c := catalog(t)
	lead, _ := c.Table("lead")
	deep := strings.Repeat(`{"customerid_account":`, 12) + "{}" + strings.Repeat("}", 12)
	for text, code := range map[string]string{
		``: "odata.json", `[]`: "odata.json", `null`: "odata.json", `{}{}`: "odata.json", `{"subject":`: "odata.json", "{\"subject\":\"\xff\x00\"}": "odata.json",
		`{"nothere":1}`: "query.unknown_column", `{"subject":5}`: "column.type", `{"subject":"` + strings.Repeat("x", 301) + `"}`: "column.too_long", `{"leadqualitycode":9}`: "column.option",
		`{"revenue":"1"}`: "column.type", `{"numberofemployees":-1}`: "column.range", `{"_parentaccountid_value":"00000000-0000-0000-0000-000000000001"}`: "odata.lookup_value",
		`{"parentaccountid":"00000000-0000-0000-0000-000000000001"}`: "odata.deep", `{"customerid":"00000000-0000-0000-0000-000000000001"}`: "odata.lookup_value", `{"nope@odata.bind":"/accounts(1)"}`: "odata.bind",
		`{"parentaccountid@odata.bind":"/contacts(00000000-0000-0000-0000-000000000001)"}`: "odata.bind", `{"parentaccountid@odata.bind":5}`: "odata.bind", `{"parentaccountid@odata.bind":"/accounts"}`: "odata.reference",
		`{"parentaccountid@odata.bind":"https://x/accounts(1)"}`: "odata.reference", `{"parentaccountid@odata.bind":"nope(1)"}`: "odata.reference", `{"ownerid@odata.bind":"/accounts(00000000-0000-0000-0000-000000000001)"}`: "odata.bind",
		`{"customerid_account@odata.bind":"/contacts(00000000-0000-0000-0000-000000000001)"}`: "odata.bind", `{"subject":5,"nothere":1}`: "odata.body", `{"account_leads":[]}`: "query.unknown_column",
		`{"customerid_account@odata.bind":"/accounts(00000000-0000-0000-0000-000000000001)","customerid_contact@odata.bind":"/contacts(00000000-0000-0000-0000-000000000001)"}`: "odata.bind",
	} {
		_, err := odata.ReadBody(c, lead, []byte(text))
		e, ok := errors.AsType[*errs.Error](err)
		if !ok || e.Code != code {
			t.Errorf("%.100s: want %s, got %v", text, code, err)
		}
		if ok && strings.Contains(e.Message, strings.Repeat("x", 50)) {
			t.Errorf("%.100s: the message repeats the value", text)
		}
	}
	account, _ := c.Table("account")
	if _, err := odata.ReadBody(c, account, []byte(strings.ReplaceAll(deep, "customerid_account", "account_leads"))); !errs.Has(err, errs.Invalid) {
		t.Errorf("deep: %v", err)
	}
	if _, err := odata.ReadBody(c, lead, []byte(strings.Repeat(`{"customerid_account":{"account_leads":[`, 12)+"{}"+strings.Repeat("]}}", 12))); errs.CodeOf(err) != "odata.body_depth" {
		t.Errorf("deep: %v", err)
	}
}

func TestWriteRows(t *testing.T) {
	t.Parallel()
	c := catalog(t)
	lead, _ := c.Table("lead")
	row := record.Row{"leadid": guid("a"), "fullname": "Ada <b>&\u2028\"x\"", "revenue": query.Number{Units: -12345678900, Scale: 4}, "numberofemployees": int64(1234567), "donotemail": true,
		"createdon": time.Date(2024, 1, 2, 3, 4, 5, 600_000, time.UTC), "birthdate": query.Date("2000-01-02"), "rpt_extra": json.RawMessage(`{"a":[1]}`), "leadqualitycode": int64(1),
		"parentaccountid": guid("5"), "customerid": guid("6"), "customeridtype": "contact", "ownerid": guid("7"), "owneridtype": "team", "versionnumber": int64(42),
		"customerid_contact": record.Row{"contactid": guid("6"), "fullname": "Carl", "versionnumber": int64(1)}, "parentaccountid_x": nil}
	rel, _ := lead.Relation("customerid_contact")
	contact, _ := c.Table("contact")
	account, _ := c.Table("account")
	parent, _ := lead.Relation("parentaccountid")
	leads, _ := account.Relation("account_leads")
	view := odata.View{Table: lead, Columns: []string{"fullname", "revenue", "numberofemployees", "donotemail", "createdon", "birthdate", "rpt_extra", "leadqualitycode", "subject", "parentaccountid", "customerid", "ownerid"},
		Expand: []odata.ExpandView{{Name: "customerid_contact", Relation: rel, View: odata.View{Table: contact, Columns: []string{"fullname"}}}, {Name: "parentaccountid", Relation: parent, View: odata.All(account)}}}
	w := odata.Writer{Catalog: c}
	var buf bytes.Buffer
	if err := w.Object(&buf, "http://x/$metadata#leads/$entity", &view, row); err != nil {
		t.Fatal(err)
	}
	const want = `{"@odata.context":"http://x/$metadata#leads/$entity","@odata.etag":"W/\"42\"","fullname":"Ada <b>&\u2028\"x\"","revenue":-1234567.89,"numberofemployees":1234567,"donotemail":true,` +
		`"createdon":"2024-01-02T03:04:05Z","birthdate":"2000-01-02","rpt_extra":"{\"a\":[1]}","leadqualitycode":1,"subject":null,"_parentaccountid_value":"00000000-0000-0000-0000-000000000005",` +
		`"_customerid_value":"00000000-0000-0000-0000-000000000006","_ownerid_value":"00000000-0000-0000-0000-000000000007","leadid":"00000000-0000-0000-0000-00000000000a",` +
		`"customerid_contact":{"@odata.etag":"W/\"1\"","fullname":"Carl","contactid":"00000000-0000-0000-0000-000000000006"},"parentaccountid":null}`
	if buf.String() != want {
		t.Errorf("got  %s\nwant %s", buf.String(), want)
	}

	w.Annotations, w.Language = odata.ParseAnnotations("*"), "de"
	w.Names = func(table string, key id.ID) (string, bool) { return "Name of " + table, table != "account" }
	buf.Reset()
	if err := w.Object(&buf, "", &view, row); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(buf.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{
		"revenue@OData.Community.Display.V1.FormattedValue": "-1,234,567.89", "numberofemployees@OData.Community.Display.V1.FormattedValue": "1,234,567", "donotemail@OData.Community.Display.V1.FormattedValue": "Ja",
		"leadqualitycode@OData.Community.Display.V1.FormattedValue": "Heiß", "_customerid_value@OData.Community.Display.V1.FormattedValue": "Name of contact",
		"_parentaccountid_value@OData.Community.Display.V1.FormattedValue": nil, "_customerid_value@Microsoft.Dynamics.CRM.lookuplogicalname": "contact",
		"_customerid_value@Microsoft.Dynamics.CRM.associatednavigationproperty": "customerid_contact", "_ownerid_value@Microsoft.Dynamics.CRM.lookuplogicalname": "team",
		"_ownerid_value@Microsoft.Dynamics.CRM.associatednavigationproperty": "ownerid", "subject@OData.Community.Display.V1.FormattedValue": nil, "fullname@OData.Community.Display.V1.FormattedValue": nil,
	} {
		if !reflect.DeepEqual(got[name], want) {
			t.Errorf("%s: got %v, want %v", name, got[name], want)
		}
	}
	buf.Reset()
	if err := w.Object(&buf, "", &odata.View{Table: lead}, row); err != nil || !strings.Contains(buf.String(), `"_owninguser_value":null,"_owningteam_value":"00000000-0000-0000-0000-000000000007"`) || !json.Valid(buf.Bytes()) {
		t.Errorf("%v %s", err, buf.String())
	}
	many := odata.View{Table: account, Columns: []string{"name"}, Expand: []odata.ExpandView{{Name: "account_leads", Relation: leads, View: odata.View{Table: lead, Columns: []string{"subject"}}}}}
	buf.Reset()
	rows := []record.Row{{"accountid": guid("1"), "account_leads": []record.Row{{"leadid": guid("2"), "customerid": guid("9"), "customeridtype": "account"}}}, {"accountid": guid("3")}}
	if err := w.Array(&buf, &many, rows); err != nil || buf.String() != `[{"name":null,"accountid":"00000000-0000-0000-0000-000000000001","account_leads":[{"subject":null,"leadid":"00000000-0000-0000-0000-000000000002"}]},`+
		`{"name":null,"accountid":"00000000-0000-0000-0000-000000000003","account_leads":[]}]` {
		t.Errorf("%v %s", err, buf.String())
	}
	if got := odata.Lookups(&many, rows); !reflect.DeepEqual(got, map[string][]id.ID{"account": {guid("9")}}) {
		t.Errorf("lookups %v", got)
	}
}

func TestAnnotationPatterns(t *testing.T) {
	t.Parallel()
	const formatted, target = "OData.Community.Display.V1.FormattedValue", "Microsoft.Dynamics.CRM.lookuplogicalname"
	for pattern, want := range map[string][2]bool{"*": {true, true}, "OData.Community.Display.V1.FormattedValue": {true, false}, "Microsoft.Dynamics.CRM.*": {false, true},
		"*,-Microsoft.Dynamics.CRM.*": {true, false}, "": {false, false}, "-*": {false, false}, "-*, " + target: {false, true}} {
		a := odata.ParseAnnotations(pattern)
		if got := [2]bool{a.Wants(formatted), a.Wants(target)}; got != want {
			t.Errorf("%q: got %v, want %v", pattern, got, want)
		}
	}
}

func TestCSDL(t *testing.T) {
	t.Parallel()
	out := odata.CSDL(catalog(t), []odata.OperationInfo{
		{Name: "WhoAmI", Function: true, Result: []odata.ParamInfo{{Name: "UserId", Type: "Edm.Guid"}}},
		{Name: "QualifyLead", Bound: "lead", Params: []odata.ParamInfo{{Name: "CreateAccount", Type: "Edm.Boolean", Required: true}}},
		{Name: "CreateMultiple", Bound: "lead", Collection: true},
	})
	for d := xml.NewDecoder(bytes.NewReader(out)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{
		`<Schema Namespace="Microsoft.Dynamics.CRM" Alias="mscrm"`, `<EntityType Name="lead" BaseType="mscrm.crmbaseentity">`, `<Key><PropertyRef Name="leadid"/></Key>`, `<Property Name="leadid" Type="Edm.Guid" Nullable="false"/>`,
		`<Property Name="_parentaccountid_value" Type="Edm.Guid"/>`, `<Property Name="revenue" Type="Edm.Decimal" Scale="Variable"/>`, `<Property Name="createdon" Type="Edm.DateTimeOffset"/>`,
		`<NavigationProperty Name="parentaccountid" Type="mscrm.account" Partner="account_leads"><ReferentialConstraint Property="_parentaccountid_value" ReferencedProperty="accountid"/></NavigationProperty>`,
		`<NavigationProperty Name="account_leads" Type="Collection(mscrm.lead)" Partner="parentaccountid"/>`, `<NavigationProperty Name="customerid_contact" Type="mscrm.contact" Partner="contact_customer_leads">`,
		`<EntityType Name="systemuser" BaseType="mscrm.principal">`, `<EntitySet Name="leads" EntityType="Microsoft.Dynamics.CRM.lead">`, `<NavigationPropertyBinding Path="parentaccountid" Target="accounts"/>`,
		`<FunctionImport Name="WhoAmI" Function="Microsoft.Dynamics.CRM.WhoAmI"/>`, `<Action Name="QualifyLead" IsBound="true">`, `<Parameter Name="entity" Type="Collection(mscrm.lead)" Nullable="false"/>`,
		`<Property Name="versionnumber" Type="Edm.Int64"/>`,
	} {
		if !bytes.Contains(out, []byte(want)) {
			t.Errorf("missing: %s", want)
		}
	}
}
