package httpapi_test

import (
	"fmt"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// op writes one operation of a batch.
func op(contentID, request string, body ...string) string {
	header := "Content-Type: application/http\nContent-Transfer-Encoding: binary\n"
	if contentID != "" {
		header += "Content-ID: " + contentID + "\n"
	}
	return header + "\n" + request + " HTTP/1.1\nContent-Type: application/json\n\n" + strings.Join(body, "") + "\n"
}

func multi(boundary string, parts ...string) string {
	return "--" + boundary + "\n" + strings.Join(parts, "--"+boundary+"\n") + "--" + boundary + "--\n"
}

func changes(parts ...string) string {
	return "Content-Type: multipart/mixed; boundary=cs\n\n" + multi("cs", parts...)
}

// sendBatch sends a batch, by LF or CRLF, and gives the statuses in order,
// those of a change set in brackets.
func (a *api) sendBatch(crlf bool, user id.ID, body string, headers ...string) (*odataReply, string) {
	a.t.Helper()
	if crlf {
		body = strings.ReplaceAll(body, "\n", "\r\n")
	}
	res := a.as(user, "POST", "$batch", body, append(headers, "Content-Type: multipart/mixed;boundary=b")...)
	_, params, err := mime.ParseMediaType(res.header.Get("Content-Type"))
	if err != nil || params["boundary"] == "" {
		return res, ""
	}
	return res, statuses(a.t, res.body, params["boundary"])
}

func statuses(t testing.TB, body, boundary string) string {
	t.Helper()
	var out []string
	r := multipart.NewReader(strings.NewReader(body), boundary)
	for {
		part, err := r.NextPart()
		if err != nil {
			return strings.Join(out, " ")
		}
		text := new(strings.Builder)
		if _, err := fmt.Fprint(text, readAll(t, part)); err != nil {
			t.Fatal(err)
		}
		if _, params, err := mime.ParseMediaType(part.Header.Get("Content-Type")); err == nil && params["boundary"] != "" {
			out = append(out, "["+statuses(t, text.String(), params["boundary"])+"]")
			continue
		}
		fields := strings.Fields(text.String())
		out = append(out, fields[1])
	}
}

func readAll(t testing.TB, part *multipart.Part) string {
	t.Helper()
	var b strings.Builder
	buf := make([]byte, 4096)
	for {
		n, err := part.Read(buf)
		b.Write(buf[:n])
		if err != nil {
			return b.String()
		}
	}
}

func TestBatch(t *testing.T) {
	t.Parallel()
	eachAPI(t, func(t *testing.T, a *api) {
		headers := []string{}
		do := func(crlf bool, body string) (*odataReply, string) { return a.doBatch(crlf, body, headers...) }
		res, got := do(true, multi("b", op("", "POST leads", `{"lastname":"B1"}`), op("", "GET /api/data/v9.2/leads?$select=lastname&$filter=lastname eq 'b1'"), op("", "GET "+a.url+"/api/data/v9.2/WhoAmI()")))
		if res.status != 200 || got != "204 200 200" || !strings.Contains(res.body, `"lastname":"B1"`) || !strings.Contains(res.header.Get("Content-Type"), "batchresponse_") {
			t.Fatalf("%s %s", got, res.body)
		}
		// a change set with references
		res, got = do(false, multi("b", changes(op("1", "POST accounts", `{"name":"Acme"}`), op("2", "POST leads", `{"lastname":"B2","parentaccountid@odata.bind":"$1"}`), op("3", "PATCH $2", `{"firstname":"Ada"}`),
			op("4", "PUT $1/name", `{"value":"Acme 2"}`)), op("", "GET leads?$select=firstname&$filter=parentaccountid/name eq 'acme 2'")))
		if res.status != 200 || got != "[204 204 204 204] 200" || !strings.Contains(res.body, `"firstname":"Ada"`) || !strings.Contains(res.body, "Content-ID: 2") {
			t.Fatalf("%s %s", got, res.body)
		}
		// all or nothing
		res, got = do(true, multi("b", changes(op("1", "POST leads", `{"lastname":"B3"}`), op("2", "POST leads", `{"lastname":"B4","leadqualitycode":77}`)), op("", "GET leads")))
		if res.status != 400 || got != "400" {
			t.Errorf("%d %s %s", res.status, got, res.body)
		}
		headers = []string{"Prefer: odata.continue-on-error"}
		res, got = do(true, multi("b", op("", "GET nothing/x"), changes(op("1", "POST leads", `{"lastname":"B5"}`), op("2", "DELETE leads("+id.New().String()+")")), op("", "GET leads/$count?$filter=startswith(lastname,'B')")))
		if res.status != 200 || got != "404 404 200" || !strings.Contains(res.body, "\r\n\r\n2\r\n") {
			t.Errorf("%d %s %s", res.status, got, res.body)
		}
		for body, want := range map[string]string{
			multi("b", changes(op("1", "GET leads"))): "400", multi("b", changes(op("1", "PATCH $9", "{}"))): "400", multi("b", op("", "POST $batch")): "400",
			multi("b", changes(op("1", "POST leads", `{"lastname":"x","parentaccountid@odata.bind":"$5"}`))): "400", multi("b", changes(op("1", "POST Silent"))): "[204]",
		} {
			if _, got := do(true, body); got != want {
				t.Errorf("%s: got %s, want %s", body, got, want)
			}
		}
		for _, body := range []string{"", "--b\nContent-Type: application/http\n\nnonsense\n--b--", "--b\nContent-Type: application/http\n\n\n--b--", "--b\nbroken", multi("b", strings.Repeat(op("", "GET leads")+"--b\n", 1001)+op("", "GET leads"))} {
			if res, _ := do(true, body); res.status != 400 {
				t.Errorf("%.60q: %d %.300s", body, res.status, res.body)
			}
		}
		if res := a.do("POST", "$batch", "{}"); res.status != http.StatusUnsupportedMediaType {
			t.Errorf("%d", res.status)
		}
		// rights hold inside
		user := a.user("Ben Basic", map[string]access.Depth{"lead": access.Basic})
		if _, got := a.sendBatch(true, user, multi("b", op("", "GET leads?$filter=startswith(lastname,'B')"), changes(op("", "POST accounts", `{"name":"x"}`)))); got != "200 403" {
			t.Errorf("%s", got)
		}
	})
}

// Actions take part in a change set: they see what is before them in it, and
// what they do holds only if everything does.
func TestActionsInChangeSet(t *testing.T) {
	t.Parallel()
	eachAPI(t, func(t *testing.T, a *api) {
		res, got := a.doBatch(true, multi("b", changes(op("1", "POST leads", `{"lastname":"Seen"}`), op("2", "POST $1/Microsoft.Dynamics.CRM.Echo", "{}"), op("3", "POST Make", `{"Name":"Made"}`))))
		if got != "[204 200 204]" || !strings.Contains(res.body, `"Name":"Seen"`) {
			t.Errorf("%s %s", got, res.body)
		}
		if _, got = a.doBatch(true, multi("b", changes(op("1", "POST Make", `{"Name":"Undone"}`), op("2", "POST leads", `{"lastname":"x","leadqualitycode":77}`)))); got != "400" {
			t.Errorf("%s", got)
		}
		if _, got = a.doBatch(true, multi("b", changes(op("1", "POST leads", `{"lastname":"Undone"}`), op("2", "POST Unknown", "{}")))); got != "404" {
			t.Errorf("%s", got)
		}
		if n := a.do("GET", "leads/$count?$filter=lastname eq 'Undone'", "").body; n != "0" && n != "\ufeff0" {
			t.Errorf("%s leads are left of change sets that failed", n)
		}
		if n := a.do("GET", "leads/$count?$filter=lastname eq 'Made'", "").body; n != "1" && n != "\ufeff1" {
			t.Errorf("%s leads were made, want 1", n)
		}
	})
}

func (a *api) doBatch(crlf bool, body string, headers ...string) (*odataReply, string) {
	a.t.Helper()
	return a.sendBatch(crlf, a.admin, body, headers...)
}

// Whoever may write and not read gets no row back, whatever is asked for.
func TestRepresentationNeedsRead(t *testing.T) {
	t.Parallel()
	eachAPI(t, func(t *testing.T, a *api) {
		user := a.must("systemuser", record.Row{"fullname": "Wanda Writer", "domainname": "wanda", "businessunitid": a.unit}).ID("systemuserid")
		role := a.must("role", record.Row{"name": "writers"}).ID("roleid")
		a.must("systemuserroles", record.Row{"systemuserid": user, "roleid": role})
		for _, right := range []access.Right{access.Write, access.Create} {
			a.must("roleprivileges", record.Row{"roleid": role, "rpt_table": "lead", "accessright": int64(right), "privilegedepthmask": int64(access.Global)})
		}
		a.reload()
		lead := a.must("lead", record.Row{"lastname": "Secret", "firstname": "Old"}).ID("leadid").String()
		for _, c := range [][3]string{
			{"PATCH", "leads(" + lead + ")", `{"firstname":"New"}`}, {"PATCH", "leads(" + lead + ")?$select=lastname&$expand=owninguser", `{"firstname":"New"}`}, {"POST", "leads", `{"lastname":"Mine"}`},
		} {
			res := a.as(user, c[0], c[1], c[2], "Prefer: return=representation")
			if res.status == 200 || res.status == 201 || strings.Contains(res.body, "Secret") || strings.Contains(res.body, "Mine") {
				t.Errorf("%v: %d %s", c, res.status, res.body)
			}
		}
		if res := a.as(user, "PATCH", "leads("+lead+")", `{"firstname":"Newer"}`, "Prefer: return=representation"); res.status != 204 {
			t.Errorf("the write itself: %d %s", res.status, res.body)
		}
	})
}
