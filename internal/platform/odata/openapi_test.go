package odata_test

import (
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

func TestOpenAPIIsValid(t *testing.T) {
	t.Parallel()
	operations := []odata.OperationInfo{
		{Name: "WhoAmI", Function: true, Result: []odata.ParamInfo{{Name: "UserId", Type: "Edm.Guid"}}},
		{Name: "Count", Function: true, Params: []odata.ParamInfo{{Name: "Names", Type: "Collection(Edm.String)", Required: true}}},
		{Name: "QualifyLead", Bound: "lead", Params: []odata.ParamInfo{{Name: "Status", Type: "Edm.Int32", Required: true}}, Result: []odata.ParamInfo{{Name: "value", Type: "Collection(mscrm.crmbaseentity)"}}},
		{Name: "CreateMultiple", Bound: "lead", Collection: true, Params: []odata.ParamInfo{{Name: "Targets", Type: "Collection(mscrm.lead)", Required: true}}},
	}
	text, err := odata.OpenAPI(fixture.Catalog(t), operations, "https://crm.example.com/api/data/v9.2")
	if err != nil {
		t.Fatal(err)
	}
	loader := openapi3.NewLoader()
	doc, err := loader.LoadFromData(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(loader.Context); err != nil {
		t.Fatal(err)
	}
	lead := doc.Components.Schemas["lead"].Value
	if lead.Properties["subject"].Value.MaxLength == nil || lead.Properties["_ownerid_value"] == nil {
		t.Error("the table lead is not described")
	}
	for _, path := range []string{"/leads", "/leads({id})", "/leads({id})/Microsoft.Dynamics.CRM.QualifyLead", "/leads/Microsoft.Dynamics.CRM.CreateMultiple", "/WhoAmI()", "/Count(Names=@Names)"} {
		if doc.Paths.Value(path) == nil {
			t.Errorf("the path %s is missing", path)
		}
	}
}
