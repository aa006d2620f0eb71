package chaos

import (
	"encoding/json"
	"net/http"
	"testing"
)

// seedQueues makes a team of two sellers and two queues over the Web API, as an
// administrator would.
func seedQueues(t *testing.T, p *process) {
	t.Helper()
	token := p.command("token", "create", "--user", "admin")
	api := func(method, path string, body map[string]any) map[string]any {
		t.Helper()
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		status, answer, err := p.do(method, "/api/data/v9.2/"+path, http.Header{"Authorization": {"Bearer " + token}, "Content-Type": {"application/json"}, "Prefer": {"return=representation"}}, text)
		if err != nil || status >= 300 {
			t.Fatalf("%s %s: %d %s %v", method, path, status, answer, err)
		}
		out := map[string]any{}
		if len(answer) > 0 {
			if err := json.Unmarshal(answer, &out); err != nil {
				t.Fatal(err)
			}
		}
		return out
	}
	units := api(http.MethodGet, "businessunits?$select=businessunitid", nil)
	unit := units["value"].([]any)[0].(map[string]any)["businessunitid"].(string)
	team := api(http.MethodPost, "teams", map[string]any{"name": "Sellers", "businessunitid@odata.bind": "/businessunits(" + unit + ")"})["teamid"].(string)
	for _, name := range []string{"one", "two"} {
		user := api(http.MethodPost, "systemusers", map[string]any{"firstname": "Seller", "lastname": name, "domainname": name, "businessunitid@odata.bind": "/businessunits(" + unit + ")"})["systemuserid"].(string)
		api(http.MethodPost, "teammemberships", map[string]any{"teamid@odata.bind": "/teams(" + team + ")", "systemuserid@odata.bind": "/systemusers(" + user + ")"})
	}
	api(http.MethodPost, "queues", map[string]any{"name": "North", "rpt_cities": `["Hamburg","Boston"]`, "rpt_teamid@odata.bind": "/teams(" + team + ")"})
	api(http.MethodPost, "queues", map[string]any{"name": "Everywhere", "rpt_isdefault": true, "rpt_teamid@odata.bind": "/teams(" + team + ")"})
}
