package product_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rapport-platform/rapport/internal/test/testenv"
)

// The sample goes by one action, as one deletion that can be taken back, and
// nothing of people's own goes with it unless they say so.
func TestSampleIsTakenOut(t *testing.T) {
	t.Parallel()
	testenv.Each(t, testenv.Options{Sample: true}, func(t *testing.T, e *testenv.Env) {
		admin := caller{t, e, e.Token("admin")}
		seller := caller{t, e, e.Token("jonas.weber")}
		e.Until("every event of the sample has become something", func() bool {
			return e.Count(admin.token, "leads", "")+e.Count(admin.token, "campaignresponses", "")+e.Count(admin.token, "rpt_quarantines", "") >= 64
		})
		leads := e.Count(admin.token, "leads", "")
		seller.want(403, "GET", "rpt_RetrieveSampleData()", "")
		seller.want(403, "POST", "rpt_RemoveSampleData", "{}")

		own := admin.create("accounts", `{"name": "Own Ltd"}`)
		nordwind := admin.want(200, "GET", "accounts?$select=accountid&$filter=accountnumber eq 'A-1001'", "").body["value"].([]any)[0].(map[string]any)["accountid"].(string)
		admin.create("tasks", fmt.Sprintf(`{"subject": "Call Nordwind", "regardingobjectid_account@odata.bind": "/accounts(%s)"}`, nordwind))

		counts := func() (out map[string][2]float64, people float64) {
			r := admin.want(200, "GET", "rpt_RetrieveSampleData()", "").body
			out = map[string][2]float64{}
			for _, x := range r["Tables"].([]any) {
				table := x.(map[string]any)
				out[table["Table"].(string)] = [2]float64{table["Count"].(float64), table["InUse"].(float64)}
			}
			return out, r["People"].(float64)
		}
		have, people := counts()
		if have["lead"] != [2]float64{float64(leads), 0} || have["account"] != [2]float64{3, 1} || have["opportunity"][0] != 3 || have["rpt_quarantine"][0] != 2 || have["campaign"][0] != 3 || have["incident"] != [2]float64{3, 0} || people != 9 {
			t.Fatalf("%v and %v people, of %d leads", have, people, leads)
		}

		gone := admin.want(200, "POST", "rpt_RemoveSampleData", "{}").body
		if gone["Kept"].(float64) < 1 || gone["LockedOut"] != "" {
			t.Fatal(gone)
		}
		admin.want(200, "GET", "accounts("+nordwind+")", "")
		admin.want(200, "GET", "accounts("+own+")", "")
		if n := e.Count(admin.token, "leads", ""); n != 0 {
			t.Fatalf("%d leads are left", n)
		}
		if n := e.Count(admin.token, "appnotifications", ""); n != 0 {
			t.Fatalf("%d messages about what is gone are left", n)
		}
		admin.want(200, "POST", "rpt_Restore", fmt.Sprintf(`{"EntityLogicalName": %q, "Id": %q}`, gone["RestoreEntityLogicalName"], gone["RestoreId"]))
		if n := e.Count(admin.token, "leads", ""); n != leads {
			t.Fatalf("%d of %d leads came back", n, leads)
		}
		if again, _ := counts(); fmt.Sprint(again) != fmt.Sprint(have) {
			t.Fatalf("%v came back of %v", again, have)
		}

		gone = admin.want(200, "POST", "rpt_RemoveSampleData", `{"InUse": true, "People": true}`).body
		if gone["Kept"].(float64) != 0 || strings.Count(gone["LockedOut"].(string), ",") != 8 {
			t.Fatal(gone)
		}
		admin.want(404, "GET", "accounts("+nordwind+")", "")
		admin.want(200, "GET", "accounts("+own+")", "")
		if rest, people := counts(); len(rest) != 0 || people != 0 {
			t.Fatalf("%v and %v people are left", rest, people)
		}
		e.Until("who came with the sample can't ask any more", func() bool { return seller.do("GET", "leads?$top=1", "").status == 401 })
	})
}
