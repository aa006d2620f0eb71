package app

import (
	_ "embed"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

//go:embed testdata/relations.txt
var relations string

// Both ends of the relationships that clients use bear Dataverse's names.
func TestRelationshipsAreNamedAsInDataverse(t *testing.T) {
	t.Parallel()
	catalog := theCatalog(t)
	n := 0
	for line := range strings.Lines(relations) {
		f := strings.Fields(line)
		if len(f) != 5 || f[0] == "#" {
			continue
		}
		n++
		child, parent := tableIn(t, catalog, f[0]), tableIn(t, catalog, f[2])
		there, ok := child.Relation(f[3])
		if !ok || there.Table != f[2] || f[1] != "-" && (there.From != f[1] || there.Many) || f[1] == "-" && !there.ManyToMany() {
			t.Errorf("%s.%s: %v %+v", f[0], f[3], ok, there)
		}
		back, ok := parent.Relation(f[4])
		if !ok || back.Table != f[0] || f[1] != "-" && back.To != f[1] || !back.Many {
			t.Errorf("%s.%s: %v %+v", f[2], f[4], ok, back)
		}
	}
	if n < 150 {
		t.Errorf("only %d relationships are listed", n)
	}
}

// dataverse lists tables with their entity set, primary id, primary name and
// object type code.
const dataverse = `
account accounts accountid name 1 | contact contacts contactid fullname 2 | lead leads leadid fullname 4 | opportunity opportunities opportunityid name 3 |
incident incidents incidentid title 112 | queue queues queueid name 2020 | queueitem queueitems queueitemid title 2029 | sla slas slaid name 9750 | slaitem slaitems slaitemid name 9751 |
slakpiinstance slakpiinstances slakpiinstanceid name 9752 | task tasks activityid subject 4212 | phonecall phonecalls activityid subject 4210 | email emails activityid subject 4202 |
appointment appointments activityid subject 4201 | letter letters activityid subject 4207 | fax faxes activityid subject 4204 | socialactivity socialactivities activityid subject 4216 |
activitypointer activitypointers activityid subject 4200 | activityparty activityparties activitypartyid addressused 135 | annotation annotations annotationid subject 5 |
systemuser systemusers systemuserid fullname 8 | team teams teamid name 9 | businessunit businessunits businessunitid name 10 | role roles roleid name 1036 | position positions positionid name 50 |
transactioncurrency transactioncurrencies transactioncurrencyid currencyname 9105 | organization organizations organizationid name 1019 | workflow workflows workflowid name 4703 |
product products productid name 1024 | uom uoms uomid name 1055 | uomschedule uomschedules uomscheduleid name 1056 | pricelevel pricelevels pricelevelid name 1022 |
productpricelevel productpricelevels productpricelevelid productnumber 1026 | discounttype discounttypes discounttypeid name 1080 | discount discounts discountid name 1013 |
quote quotes quoteid name 1084 | quotedetail quotedetails quotedetailid quotedetailname 1085 | salesorder salesorders salesorderid name 1088 | salesorderdetail salesorderdetails salesorderdetailid salesorderdetailname 1089 |
invoice invoices invoiceid name 1090 | invoicedetail invoicedetails invoicedetailid invoicedetailname 1091 | opportunityproduct opportunityproducts opportunityproductid opportunityproductname 1083 |
opportunityclose opportunitycloses activityid subject 4208 | quoteclose quotecloses activityid subject 4211 | orderclose ordercloses activityid subject 4209 | incidentresolution incidentresolutions activityid subject 4206 |
competitor competitors competitorid name 123 | territory territories territoryid name 2013 | goal goals goalid title 9600 | metric metrics metricid name 9603 | connection connections connectionid name 3234 |
connectionrole connectionroles connectionroleid name 3231 | customeraddress customeraddresses customeraddressid name 1071 | leadaddress leadaddresses leadaddressid name 1017 |
entitlement entitlements entitlementid name 9700 | knowledgearticle knowledgearticles knowledgearticleid title 9953 | routingrule routingrules routingruleid name 8181 |
routingruleitem routingruleitems routingruleitemid name 8199 | convertrule convertrules convertruleid name 9300 | subject subjects subjectid title 129 | feedback feedback feedbackid title 9945 |
campaign campaigns campaignid name 4400 | campaignactivity campaignactivities activityid subject 4402 | campaignresponse campaignresponses activityid subject 4401 | list lists listid listname 4300 |
listmember listmembers listmemberid rpt_name 4301 | fieldsecurityprofile fieldsecurityprofiles fieldsecurityprofileid name 1200 | fieldpermission fieldpermissions fieldpermissionid attributelogicalname 1201`

func TestTablesAreNamedAsInDataverse(t *testing.T) {
	t.Parallel()
	catalog := theCatalog(t)
	for entry := range strings.SplitSeq(dataverse, "|") {
		f := strings.Fields(entry)
		table := tableIn(t, catalog, f[0])
		if got := []string{table.Name, table.Set, table.ID, table.Title}; !slices.Equal(got, f[:4]) || itoa(table.Code) != f[4] {
			t.Errorf("%v %d, want %v", got, table.Code, f)
		}
	}
}

// states lists state: reasons of each table. Those from 100,000,000 on are our own,
// numbered as customers' options are.
var states = map[string]map[int64][]int64{
	"lead": {0: {1, 2}, 1: {3}, 2: {4, 5, 6, 7, 100000000, 100000001}}, "opportunity": {0: {1, 2, 104800000, 104800001, 104800002}, 1: {3}, 2: {4, 5}},
	"incident": {0: {1, 2, 3, 4}, 1: {5, 1000}, 2: {6, 2000}}, "sla": {0: {1}, 1: {2}}, "routingrule": {0: {1}, 1: {2}}, "queue": {0: {1}, 1: {2}}, "queueitem": {0: {1}, 1: {2}},
	"entitlement": {0: {0}, 1: {1}, 2: {2}, 3: {3}, 4: {1200}}, "quote": {0: {1}, 1: {2, 3}, 2: {4}, 3: {5, 6, 7}},
	"salesorder": {0: {1, 2}, 1: {3}, 2: {4}, 3: {100001, 100002}, 4: {100003}}, "product": {0: {1}, 1: {2}, 2: {0}, 3: {3}}, "pricelevel": {0: {100001}, 1: {100002}},
	"task": {0: {2, 3, 4, 7}, 1: {5}, 2: {6}}, "phonecall": {0: {1}, 1: {2, 4}, 2: {3}}, "email": {0: {1, 8}, 1: {2, 3, 4, 6, 7}, 2: {5}}, "appointment": {0: {1, 2}, 1: {3}, 2: {4}, 3: {5, 6}},
	"knowledgearticle": {0: {1, 2, 3, 4}, 1: {5}, 2: {6}, 3: {7, 8, 9}, 4: {10, 11}, 5: {12}, 6: {13, 14}}, "account": {0: {1}, 1: {2}}, "contact": {0: {1}, 1: {2}},
	"invoice": {0: {1, 2, 4, 5, 6}, 1: {3, 7}, 2: {100001, 100002}, 3: {100003}},
}

func TestStatesAreThoseOfDataverse(t *testing.T) {
	t.Parallel()
	catalog := theCatalog(t)
	for name, want := range states {
		got := map[int64][]int64{}
		for _, s := range tableIn(t, catalog, name).States {
			for _, r := range s.Reasons {
				got[s.Value] = append(got[s.Value], r.Value)
			}
			slices.Sort(got[s.Value])
		}
		if !maps.EqualFunc(got, want, slices.Equal) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

func theCatalog(t testing.TB) *metadata.Catalog {
	t.Helper()
	catalog, err := Catalog()
	if err != nil {
		t.Fatal(err)
	}
	return catalog
}

func tableIn(t testing.TB, c *metadata.Catalog, name string) *metadata.Table {
	t.Helper()
	table, ok := c.Table(name)
	if !ok {
		t.Fatalf("there is no table %s", name)
	}
	return table
}
