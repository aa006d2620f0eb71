// Package uploads_test has tus-js-client, unmodified from its registry, send
// documents of a member to the running product: to its end, broken off and taken
// up again after the server was started anew, given up, and where it may not.
package uploads_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/test/testenv"
)

type object = map[string]any

// member is somebody who has signed in at the portal.
type member struct {
	contact, cookie, csrf string
}

type world struct {
	t     *testing.T
	e     *testenv.Env
	admin string
}

func (w *world) make(set string, body object) string {
	w.t.Helper()
	var row object
	if status := w.e.API(w.admin, http.MethodPost, set, body, nil); status != http.StatusNoContent {
		w.t.Fatalf("%s: %d", set, status)
	}
	name, key := "name", strings.TrimSuffix(set, "s")+"id"
	if set == "contacts" {
		name = "emailaddress1"
	}
	if set == "opportunities" {
		key = "opportunityid"
	}
	var page struct{ Value []object }
	if status := w.e.API(w.admin, http.MethodGet, set+"?$filter="+url.QueryEscape(name+" eq '"+fmt.Sprint(body[name])+"'"), nil, &page); status != http.StatusOK || len(page.Value) != 1 {
		w.t.Fatalf("%s: %d, %d rows", set, status, len(page.Value))
	}
	row = page.Value[0]
	return fmt.Sprint(row[key])
}

func (w *world) signIn(email string) member {
	w.t.Helper()
	m := member{contact: w.make("contacts", object{"lastname": "Member", "emailaddress1": email})}
	var link struct{ Secret string }
	if status := w.e.Call(w.admin, http.MethodPost, "/api/auth/admin/members/"+m.contact+"/link", nil, &link); status != http.StatusOK {
		w.t.Fatalf("link: %d", status)
	}
	text, err := json.Marshal(object{"secret": link.Secret})
	if err != nil {
		w.t.Fatal(err)
	}
	r, err := http.Post(w.e.URL+"/api/member/link/open", "application/json", bytes.NewReader(text))
	if err != nil {
		w.t.Fatal(err)
	}
	defer r.Body.Close()
	var session struct{ CSRF string }
	if err := json.NewDecoder(r.Body).Decode(&session); err != nil || r.StatusCode != http.StatusOK || len(r.Cookies()) == 0 {
		w.t.Fatalf("open: %d, %v", r.StatusCode, err)
	}
	m.cookie, m.csrf = r.Cookies()[0].Name+"="+r.Cookies()[0].Value, session.CSRF
	return m
}

// told is what upload.mjs prints.
type told struct {
	Done, Stopped, Ended, Error, Body string
	Status                            int
	Offsets                           []int64
}

func (w *world) send(m member, opportunity, request, file string, more ...string) told {
	w.t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		w.t.Skip("node is not installed")
	}
	ctx, cancel := context.WithTimeout(w.t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, "upload.mjs")
	cmd.Env = append(os.Environ(), append([]string{"RAPPORT_ENDPOINT=" + w.e.URL + "/member/r/opportunity/" + opportunity + "/documents/upload", "RAPPORT_FILE=" + file, "RAPPORT_NAME=large ä.pdf", "RAPPORT_REQUEST=" + request,
		"RAPPORT_COOKIE=" + m.cookie, "RAPPORT_CSRF=" + m.csrf}, more...)...)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		w.t.Fatalf("%v\n%s", err, complaints.String())
	}
	var got told
	if err := json.Unmarshal(out, &got); err != nil {
		w.t.Fatalf("%s: %v", out, err)
	}
	return got
}

func (w *world) get(m member, path string) (int, string) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.e.URL+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Cookie", m.cookie)
	r, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return r.StatusCode, string(text)
}

func TestTusClient(t *testing.T) {
	if _, err := os.Stat("node_modules"); err != nil {
		t.Skip("the client library is not installed: run make clients")
	}
	w := &world{t: t, e: testenv.Start(t, testenv.Options{Sample: true})}
	w.admin = w.e.Token("admin")
	ann, bob := w.signIn("ann@members.example"), w.signIn("bob@members.example")
	opportunity := w.make("opportunities", object{"name": "Loan of Ann", "lend_product": "VEHICLE", "parentcontactid@odata.bind": "/contacts(" + ann.contact + ")"})
	if status := w.e.API(w.admin, http.MethodPost, "rpt_AskForDocuments", object{"Target": object{"LogicalName": "opportunity", "Id": opportunity}}, nil); status != http.StatusNoContent {
		t.Fatalf("ask: %d", status)
	}
	var asked struct{ Value []object }
	w.e.API(w.admin, http.MethodGet, "rpt_documentrequests?$filter=rpt_recordid%20eq%20"+opportunity+"%20and%20rpt_key%20eq%20'identity'", nil, &asked)
	if len(asked.Value) != 1 {
		t.Fatalf("%d requests", len(asked.Value))
	}
	request := fmt.Sprint(asked.Value[0]["rpt_documentrequestid"])
	content := "%PDF-1.4\n" + strings.Repeat("0123456789abcdef", 5<<20/16) + "\n%%EOF\n"
	file := filepath.Join(t.TempDir(), "large.pdf")
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}

	half := w.send(ann, opportunity, request, file, "RAPPORT_STOP=2000000")
	if half.Stopped == "" || half.Error != "" {
		t.Fatalf("%+v", half)
	}
	w.e.Restart()
	at := half.Stopped[strings.Index(half.Stopped, "/member/"):]
	if other := w.send(bob, opportunity, request, file, "RAPPORT_RESUME="+w.e.URL+at); other.Done != "" {
		t.Errorf("another member goes on with it: %+v", other)
	}
	rest := w.send(ann, opportunity, request, file, "RAPPORT_RESUME="+w.e.URL+at)
	if rest.Done == "" || len(rest.Offsets) == 0 || rest.Offsets[0] <= 2_000_000 {
		t.Fatalf("it did not go on where it was: %+v", rest)
	}
	if gone := w.send(ann, opportunity, request, file, "RAPPORT_END=1"); gone.Ended == "" {
		t.Errorf("an upload that is given up: %+v", gone)
	}
	status, page := w.get(ann, "/member/r/opportunity/"+opportunity)
	link := page[max(0, strings.Index(page, "/documents/")):]
	if status != http.StatusOK || strings.Count(page, "large ä.pdf") == 0 {
		t.Fatalf("the page (%d) does not show the file", status)
	}
	start := strings.Index(page, `<a href="/member/r/opportunity/`+opportunity+"/documents/")
	if start < 0 {
		t.Fatalf("no file can be opened: %.300s", link)
	}
	address := page[start+len(`<a href="`):]
	address = address[:strings.Index(address, `"`)]
	if status, got := w.get(ann, address); status != http.StatusOK || got != content {
		t.Errorf("the file: %d, %d bytes", status, len(got))
	}
	// Nothing of it is another's.
	for _, path := range []string{address, at, "/member/r/opportunity/" + opportunity, "/member/r/opportunity/" + opportunity + "/documents/upload"} {
		if status, got := w.get(bob, path); status == http.StatusOK || strings.Contains(got, "large") {
			t.Errorf("another member gets %s: %d", path, status)
		}
	}
	if no := w.send(bob, opportunity, request, file); no.Done != "" || no.Status != http.StatusNotFound {
		t.Errorf("another member sends: %+v", no)
	}
	if no := w.send(member{cookie: ann.cookie, csrf: "wrong"}, opportunity, request, file); no.Done != "" || no.Status != http.StatusForbidden {
		t.Errorf("without the form's token: %+v", no)
	}
	// What is no document is refused in words at its end.
	junk := filepath.Join(t.TempDir(), "junk")
	if err := os.WriteFile(junk, []byte("only words"), 0o600); err != nil {
		t.Fatal(err)
	}
	if no := w.send(ann, opportunity, request, junk); no.Done != "" || no.Status != http.StatusBadRequest || !strings.Contains(no.Body, "kind of file") {
		t.Errorf("what is no document: %+v", no)
	}
}
