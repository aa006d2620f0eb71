package chaos

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/test/dbtest"
)

// member uploads as the page of the members' area does.
type member struct {
	p            *process
	cookie, csrf string
	base         string // of his record's uploads
}

func (m member) send(method, path string, header map[string]string, body []byte) (*http.Response, error) {
	req, err := http.NewRequest(method, m.p.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Cookie", m.cookie)
	req.Header.Set("X-CSRF-Token", m.csrf)
	req.Header.Set("Tus-Resumable", "1.0.0")
	for k, v := range header {
		req.Header.Set(k, v)
	}
	res, err := client.Do(req)
	if err == nil {
		res.Body.Close()
	}
	return res, err
}

// upload sends a file in pieces, and goes on after every interruption where the
// server says that it is; it gives how often it went on in the middle of the file.
func (m member) upload(request, name string, content []byte) (resumed int) {
	const piece = 128 << 10
	url, at, lost := "", 0, false
	header := map[string]string{"Upload-Length": strconv.Itoa(len(content)), "Upload-Metadata": "request " + base64.StdEncoding.EncodeToString([]byte(request)) + ",filename " + base64.StdEncoding.EncodeToString([]byte(name))}
	for deadline := time.Now().Add(10 * time.Minute); time.Now().Before(deadline); {
		var res *http.Response
		var err error
		switch {
		case url == "":
			if res, err = m.send(http.MethodPost, m.base, header, nil); err == nil && res.StatusCode == http.StatusCreated {
				url, at, lost = res.Header.Get("Location"), 0, false
				continue
			}
		case lost:
			if res, err = m.send(http.MethodHead, url, nil, nil); err == nil && res.StatusCode == http.StatusOK {
				if at, err = strconv.Atoi(res.Header.Get("Upload-Offset")); err == nil {
					if lost = false; at > 0 {
						resumed++
					}
					if at == len(content) {
						return resumed
					}
				}
				continue
			}
			if err == nil && res.StatusCode == http.StatusNotFound { // done, or gone: the same file again does no harm
				url = ""
				continue
			}
		default:
			if res, err = m.send(http.MethodPatch, url, map[string]string{"Upload-Offset": strconv.Itoa(at), "Content-Type": "application/offset+octet-stream"}, content[at:min(at+piece, len(content))]); err == nil && res.StatusCode == http.StatusNoContent {
				if at, err = strconv.Atoi(res.Header.Get("Upload-Offset")); err == nil && at == len(content) {
					return resumed
				}
				continue
			}
		}
		if err == nil && res.StatusCode < 500 && (url == "" || res.StatusCode != http.StatusConflict && res.StatusCode != http.StatusNotFound && res.StatusCode != http.StatusLocked) {
			m.p.t.Errorf("%s: %d at %d", name, res.StatusCode, at)
			return resumed
		}
		lost = url != ""
		time.Sleep(30 * time.Millisecond) // the program is down: try again
	}
	m.p.t.Errorf("%s could not be sent", name)
	return resumed
}

// The program is killed while members upload documents in pieces: every document is
// there once and whole in the end, and an upload goes on where it was.
func TestKilledWhileMembersUpload(t *testing.T) {
	t.Parallel()
	kills, size := 2, 1<<20
	engines := map[string]func(*testing.T) string{"sqlite": func(t *testing.T) string { return dbtest.SQLite(t, dbtest.Empty) }}
	if soak() {
		kills, size = 25, 16<<20
		engines["postgres"] = func(t *testing.T) string { return dbtest.Postgres(t, dbtest.Empty) }
	}
	for name, database := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := database(t)
			p := launch(t, url)
			p.env = append(p.env, "RAPPORT_SAMPLE=1")
			p.start()
			p.ready("records")
			c := caller{p, p.command("token", "create", "--user", "admin")}
			contact := text(t, c.api(http.MethodPost, "contacts", map[string]any{"firstname": "Mara", "lastname": "Muster", "emailaddress1": "mara@example.com"}), "contactid")
			loan := text(t, c.api(http.MethodPost, "opportunities", map[string]any{"name": "Car of Mara", "lend_product": "VEHICLE", "parentcontactid@odata.bind": "/contacts(" + contact + ")"}), "opportunityid")
			c.api(http.MethodPost, "rpt_AskForDocuments", map[string]any{"Target": map[string]any{"LogicalName": "opportunity", "Id": loan}})
			asked, _ := c.api(http.MethodGet, "rpt_documentrequests?$filter=rpt_recordid%20eq%20"+loan, nil)["value"].([]any)
			if len(asked) < 2 {
				t.Fatalf("%d documents are asked for", len(asked))
			}
			m := c.member(contact, loan)

			dice := rand.NewChaCha8([32]byte{1})
			wait, sums, resumed := make(chan int), map[string]string{}, 0
			for _, a := range asked {
				row, _ := a.(map[string]any)
				request := text(t, row, "rpt_documentrequestid")
				content := make([]byte, size)
				_, _ = dice.Read(content) // it never fails
				content = append([]byte("%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\n"), append(content, "\n%%EOF\n"...)...)
				sum := sha256.Sum256(content)
				sums[request] = hex.EncodeToString(sum[:])
				go func() { wait <- m.upload(request, "paper-"+request+".pdf", content) }()
			}
			// Killed as soon as something more has come each time, so that it is in the middle.
			for range kills {
				before := number(t, url, "SELECT COUNT(*) FROM filecontent")
				p.until("something comes in", func() bool {
					return number(t, url, "SELECT COUNT(*) FROM filecontent") != before || number(t, url, "SELECT COUNT(*) FROM documentupload") == 0 || rand.IntN(40) == 0
				})
				time.Sleep(rand.N(150 * time.Millisecond)) // the moment differs; the outcome must not
				p.kill()
				p.start()
			}
			for range asked {
				resumed += <-wait
			}
			p.ready("records")
			t.Logf("%d uploads went on in the middle", resumed)
			files, _ := c.api(http.MethodGet, "rpt_documentfiles?$filter=rpt_recordid%20eq%20"+loan, nil)["value"].([]any)
			if len(files) != len(asked) {
				t.Errorf("%d files for %d requests", len(files), len(asked))
			}
			for _, f := range files {
				row, _ := f.(map[string]any)
				request := text(t, row, "_rpt_requestid_value")
				status, content, err := p.do(http.MethodGet, "/api/data/v9.2/rpt_documentfiles("+text(t, row, "rpt_documentfileid")+")/rpt_content/$value", http.Header{"Authorization": {"Bearer " + c.token}}, nil)
				sum := sha256.Sum256(content)
				if err != nil || status != http.StatusOK || hex.EncodeToString(sum[:]) != sums[request] || !strings.EqualFold(text(t, row, "rpt_sha256"), sums[request]) {
					t.Errorf("request %s: %d, %d bytes, %v", request, status, len(content), err)
				}
			}
			if n := number(t, url, "SELECT COUNT(*) FROM rpt_documentrequest WHERE rpt_status <> 2"); n != 0 {
				t.Errorf("%d requests have not got theirs", n)
			}
		})
	}
}

func text(t *testing.T, row map[string]any, name string) string {
	t.Helper()
	s, ok := row[name].(string)
	if !ok {
		t.Fatalf("no %s in %v", name, row)
	}
	return s
}

// member signs a contact in by a link that the staff is given.
func (c caller) member(contact, loan string) member {
	c.p.t.Helper()
	link := c.must(http.MethodPost, "/api/auth/admin/members/"+contact+"/link", "application/json", "{}")
	body, err := json.Marshal(map[string]any{"secret": link["secret"]})
	if err != nil {
		c.p.t.Fatal(err)
	}
	res, err := client.Post(c.p.url+"/api/member/link/open", "application/json", bytes.NewReader(body))
	if err != nil {
		c.p.t.Fatal(err)
	}
	defer res.Body.Close()
	var in struct {
		CSRF string `json:"csrf"`
	}
	if err := json.NewDecoder(res.Body).Decode(&in); err != nil || res.StatusCode >= 300 || len(res.Cookies()) == 0 {
		c.p.t.Fatalf("signing in: %d %v", res.StatusCode, err)
	}
	var cookies []string
	for _, k := range res.Cookies() {
		cookies = append(cookies, fmt.Sprintf("%s=%s", k.Name, k.Value))
	}
	return member{c.p, strings.Join(cookies, "; "), in.CSRF, "/member/r/opportunity/" + loan + "/documents/upload"}
}
