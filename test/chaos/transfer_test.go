package chaos

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/test/dbtest"
)

// caller speaks to the Web API of a process that may be down at any time.
type caller struct {
	p     *process
	token string
}

// must sends a request until it is answered by success. What it asks for may be
// done twice: the answer to one that was done may be lost with the process.
func (c caller) must(method, path, kind, body string) map[string]any {
	c.p.t.Helper()
	out := map[string]any{}
	c.p.until(method+" "+path, func() bool {
		status, answer, err := c.p.do(method, path, http.Header{"Authorization": {"Bearer " + c.token}, "Content-Type": {kind}, "Prefer": {"return=representation"}}, []byte(body))
		if err != nil || status >= http.StatusInternalServerError {
			return false
		}
		if status >= 300 {
			c.p.t.Fatalf("%s %s: %d %s", method, path, status, answer)
		}
		if len(answer) > 0 {
			if err := json.Unmarshal(answer, &out); err != nil {
				c.p.t.Fatal(err)
			}
		}
		return true
	})
	return out
}

func (c caller) api(method, path string, body map[string]any) map[string]any {
	c.p.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		c.p.t.Fatal(err)
	}
	return c.must(method, "/api/data/v9.2/"+path, "application/json", string(text))
}

func eachEngine(t *testing.T, run func(t *testing.T, url string, c caller)) {
	t.Helper()
	t.Parallel()
	for name, database := range map[string]func(*testing.T) string{
		"sqlite":   func(t *testing.T) string { return dbtest.SQLite(t, dbtest.Empty) },
		"postgres": func(t *testing.T) string { return dbtest.Postgres(t, dbtest.Empty) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := database(t)
			p := launch(t, url)
			p.start()
			p.ready("records")
			run(t, url, caller{p, p.command("token", "create", "--user", "admin")})
		})
	}
}

// The program is killed while it imports, and again while it takes the import
// back: every row of the file is there once, with one change row, and in the end
// none is.
func TestKilledWhileImporting(t *testing.T) {
	rows, kills := 2500, 1
	if soak() {
		rows, kills = 100_000, 10
	}
	eachEngine(t, func(t *testing.T, url string, c caller) {
		var text strings.Builder
		text.WriteString("Last,Mail,City\n")
		for i := range rows {
			fmt.Fprintf(&text, "Lead %d,lead%d@example.com,Vienna\n", i, i)
		}
		up := c.must(http.MethodPost, "/api/imports?table=lead&name=leads.csv", "text/csv", text.String())
		at, _ := up["import"].(string)
		file, _ := up["file"].(string)
		c.must(http.MethodPut, "/api/imports/files/"+file+"?table=lead", "application/json", `{"columns":{"Last":"lastname","Mail":"emailaddress1","City":"address1_city"}}`)
		act := func(name string) {
			c.api(http.MethodPost, "imports("+at+")/Microsoft.Dynamics.CRM."+name, map[string]any{})
		}
		const created = "SELECT COUNT(*) FROM changelog WHERE tablename = 'lead' AND op = 1"
		act("rpt_StartImport")
		for n := range kills {
			c.killAfter(url, "SELECT COUNT(*) FROM lead", (n+1)*rows/(kills+2))
		}
		c.reached(at, 5)
		const instances = "SELECT COUNT(*) FROM (SELECT leadid FROM leadtoopportunitysalesprocess GROUP BY leadid HAVING COUNT(*) = 1) x"
		drained(t, c.p, url, instances, rows) // they come behind the leads, with pauses
		for what, question := range map[string]string{"leads": "SELECT COUNT(*) FROM lead", "changes": created, "addresses": "SELECT COUNT(DISTINCT emailaddress1) FROM lead",
			"leads with one instance of the process": instances} {
			if got := number(t, url, question); got != rows {
				t.Errorf("%s: %d, want %d", what, got, rows)
			}
		}
		act("rpt_UndoImport")
		for n := range kills {
			c.killAfter(url, "SELECT "+fmt.Sprint(rows)+" - COUNT(*) FROM lead", (n+1)*rows/(kills+2))
		}
		state := c.reached(at, 9)
		if got := number(t, url, "SELECT COUNT(*) FROM lead"); got != 0 || state["kept"] != 0.0 {
			t.Errorf("%d leads are left: %v", got, state)
		}
	})
}

// killAfter kills the program once a count has reached a number, and starts it.
func (c caller) killAfter(url, question string, least int) {
	c.p.t.Helper()
	c.p.until(fmt.Sprintf("%s >= %d", question, least), func() bool { return number(c.p.t, url, question) >= least })
	c.p.kill()
	c.p.start()
}

// reached waits until an import is at a status.
func (c caller) reached(at string, status float64) map[string]any {
	c.p.t.Helper()
	var state map[string]any
	c.p.until(fmt.Sprintf("the import is at status %v", status), func() bool {
		state = c.must(http.MethodGet, "/api/imports/"+at, "", "")
		if state["status"] == 6.0 {
			c.p.t.Fatalf("the import failed: %v", state)
		}
		return state["status"] == status
	})
	return state
}

// The program is killed at different moments of an erasure. It goes on by itself,
// and afterwards nothing of the person is in the records or the change log.
func TestKilledWhileErasing(t *testing.T) {
	persons := 1
	if soak() {
		persons = 25
	}
	eachEngine(t, func(t *testing.T, url string, c caller) {
		for n := range persons {
			mail := fmt.Sprintf("erase%d@example.com", n)
			made := c.api(http.MethodPost, "leads", map[string]any{"lastname": fmt.Sprintf("Vanishing %d", n), "emailaddress1": mail})
			lead, _ := made["leadid"].(string)
			for i := range 5 {
				c.api(http.MethodPost, "tasks", map[string]any{"subject": fmt.Sprintf("Call %d", i), "description": "ask " + mail, "regardingobjectid_lead@odata.bind": "/leads(" + lead + ")"})
			}
			asked := c.api(http.MethodPost, "rpt_ErasePerson", map[string]any{"Email": mail})
			request, _ := asked["RequestId"].(string)
			time.Sleep(time.Duration((100+n*97)%400) * time.Millisecond) // the moment differs; the outcome must not
			c.p.kill()
			c.p.start()
			c.p.until("the person is erased", func() bool {
				row := c.api(http.MethodGet, "rpt_personrequests("+request+")", nil)
				if row["statuscode"] == 4.0 {
					t.Fatalf("the erasure failed: %v", row)
				}
				return row["statuscode"] == 3.0
			})
			for what, question := range map[string]string{"leads": "SELECT COUNT(*) FROM lead WHERE emailaddress1 LIKE '%s'", "tasks": "SELECT COUNT(*) FROM task WHERE description LIKE '%s'",
				"changes": "SELECT COUNT(*) FROM changelog WHERE after LIKE '%s' OR before LIKE '%s'", "what the job knew": "SELECT COUNT(*) FROM personwork WHERE state LIKE '%s'"} {
				if got := number(t, url, strings.ReplaceAll(question, "%s", "%"+mail+"%")); got != 0 {
					t.Errorf("person %d, %s: %d", n, what, got)
				}
			}
		}
	})
}
