package httpapi_test

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/rapport-platform/rapport/internal/platform/record"
)

// leads makes leads named L01, L02 … of an account.
func leads(a *api, n int, account any) {
	for i := range n {
		row := record.Row{"lastname": fmt.Sprintf("L%02d", i+1), "ownerid": a.admin, "owneridtype": "systemuser"}
		if account != nil {
			row["parentaccountid"] = account
		}
		a.must("lead", row)
	}
}

// dynamicsCookie reads a paging cookie as the npm client dynamics-web-api does.
func dynamicsCookie(t *testing.T, text string) (cookie string, page string) {
	t.Helper()
	for range 2 {
		var err error
		if text, err = url.PathUnescape(text); err != nil {
			t.Fatal(err)
		}
	}
	m := regexp.MustCompile(`pagingcookie="(<cookie page="(\d+)".+</cookie>)`).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no cookie in %s", text)
	}
	return m[1], m[2]
}

func TestFetchPagingCookie(t *testing.T) {
	t.Parallel()
	eachAPI(t, func(t *testing.T, a *api) {
		leads(a, 7, nil)
		ask := func(page int, cookie string) *odataReply {
			attr := ""
			if cookie != "" {
				attr = ` paging-cookie="` + strings.NewReplacer("<", "&lt;", ">", "&gt;", `"`, "&quot;").Replace(cookie) + `"`
			}
			fetch := fmt.Sprintf(`<fetch count="3" page="%d" returntotalrecordcount="true"%s><entity name="lead"><attribute name="lastname"/><order attribute="lastname"/></entity></fetch>`, page, attr)
			return a.do("GET", "leads?fetchXml="+url.QueryEscape(fetch), "", `Prefer: odata.include-annotations="Microsoft.Dynamics.CRM.*"`).want(200)
		}
		var got []string
		cookie, page := "", 1
		for {
			r := ask(page, cookie)
			got = append(got, r.column("lastname"))
			if r.json["@Microsoft.Dynamics.CRM.totalrecordcount"] != 7.0 || r.json["@Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded"] != false {
				t.Errorf("%s", r.body)
			}
			if r.json["@Microsoft.Dynamics.CRM.morerecords"] != true {
				break
			}
			var of string
			cookie, of = dynamicsCookie(t, r.json["@Microsoft.Dynamics.CRM.fetchxmlpagingcookie"].(string))
			if of != fmt.Sprint(page) {
				t.Errorf("the cookie is of page %s", of)
			}
			page++
		}
		if want := "L01 L02 L03,L04 L05 L06,L07"; strings.Join(got, ",") != want {
			t.Errorf("got %v", got)
		}
		// A row that comes in before the position moves nothing.
		first := ask(1, "")
		a.must("lead", record.Row{"lastname": "L00", "ownerid": a.admin, "owneridtype": "systemuser"})
		cookie, _ = dynamicsCookie(t, first.json["@Microsoft.Dynamics.CRM.fetchxmlpagingcookie"].(string))
		if r := strings.Join(strings.Fields(fmt.Sprint(askLastnames(a, cookie))), " "); r != "L04 L05 L06" {
			t.Errorf("after an insert: %s", r)
		}
		damaged := strings.Replace(cookie, ` last="`, ` last="x`, 1)
		fetch := `<fetch count="3" page="2" paging-cookie="` + strings.NewReplacer("<", "&lt;", ">", "&gt;", `"`, "&quot;").Replace(damaged) + `"><entity name="lead"><order attribute="lastname"/></entity></fetch>`
		a.do("GET", "leads?fetchXml="+url.QueryEscape(fetch), "").wantError(400, "0x80040203", "query.cursor")
	})
}

func askLastnames(a *api, cookie string) string {
	fetch := `<fetch count="3" page="2" paging-cookie="` + strings.NewReplacer("<", "&lt;", ">", "&gt;", `"`, "&quot;").Replace(cookie) + `"><entity name="lead"><attribute name="lastname"/><order attribute="lastname"/></entity></fetch>`
	return a.do("GET", "leads?fetchXml="+url.QueryEscape(fetch), "").want(200).column("lastname")
}

func TestNestedRowsComeInPages(t *testing.T) {
	t.Parallel()
	eachAPI(t, func(t *testing.T, a *api) {
		account := a.must("account", record.Row{"name": "Acme", "ownerid": a.admin, "owneridtype": "systemuser"}).ID("accountid")
		leads(a, 5, account)
		r := a.do("GET", "accounts?$select=name&$expand=lead_parent_account($select=lastname;$filter=lastname%20ne%20@p1;$orderby=lastname%20desc;$top=4)&@p1='L03'", "", "Prefer: odata.maxpagesize=2").want(200)
		row := r.json["value"].([]any)[0].(map[string]any)
		names := func(list any) string {
			var out []string
			for _, x := range list.([]any) {
				out = append(out, x.(map[string]any)["lastname"].(string))
			}
			return strings.Join(out, " ")
		}
		if got := names(row["lead_parent_account"]); got != "L05 L04" {
			t.Errorf("got %s", got)
		}
		next, ok := row["lead_parent_account@odata.nextLink"].(string)
		if !ok {
			t.Fatalf("no link: %s", r.body)
		}
		rest := a.do("GET", next, "", "Prefer: odata.maxpagesize=2").want(200)
		if got := rest.column("lastname"); got != "L02 L01" || rest.json["@odata.nextLink"] != nil {
			t.Errorf("got %s: %s", got, rest.body)
		}
		one := a.do("GET", "accounts("+account.String()+")?$expand=lead_parent_account($select=lastname;$orderby=lastname)", "", "Prefer: odata.maxpagesize=3").want(200)
		if next, ok = one.json["lead_parent_account@odata.nextLink"].(string); !ok {
			t.Fatalf("no link: %s", one.body)
		}
		if got := a.do("GET", next, "").want(200).column("lastname"); got != "L04 L05" {
			t.Errorf("got %s", got)
		}
	})
}

func TestTotals(t *testing.T) {
	t.Parallel()
	eachAPI(t, func(t *testing.T, a *api) {
		leads(a, 5, nil)
		r := a.do("GET", "leads?$select=lastname&$count=true&$top=1&$filter=lastname%20gt%20'L02'", "", `Prefer: odata.include-annotations="*"`).want(200)
		if r.json["@odata.count"] != 3.0 || r.json["@Microsoft.Dynamics.CRM.totalrecordcount"] != 3.0 || r.json["@Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded"] != false {
			t.Errorf("%s", r.body)
		}
		r = a.do("GET", "leads?$apply="+url.QueryEscape("groupby((lastname))")+"&$count=true&$top=2", "").want(200)
		if r.json["@odata.count"] != 5.0 || r.column("lastname") != "L01 L02" {
			t.Errorf("%s", r.body)
		}
		if r := a.do("GET", "leads/$count?$filter=lastname%20eq%20'l01'", "").want(200); r.body != "1" {
			t.Errorf("%s", r.body)
		}
		a.do("GET", "leads/$count?$apply="+url.QueryEscape("groupby((lastname))"), "").wantError(400, "0x80040203", "odata.apply")
	})
}

func TestFetchInABatch(t *testing.T) {
	t.Parallel()
	eachAPI(t, func(t *testing.T, a *api) {
		leads(a, 2, nil)
		fetch := url.PathEscape(`<fetch><entity name="lead"><attribute name="lastname"/><order attribute="lastname"/></entity></fetch>`)
		body := "--b\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\nGET /api/data/v9.2/leads?fetchXml=" + fetch + " HTTP/1.1\r\nAccept: application/json\r\n\r\n\r\n--b--\r\n"
		r := a.do("POST", "$batch", body, "Content-Type: multipart/mixed; boundary=b").want(200)
		if !strings.Contains(r.body, `"lastname":"L01"`) || !strings.Contains(r.body, `"lastname":"L02"`) {
			t.Errorf("%s", r.body)
		}
	})
}
