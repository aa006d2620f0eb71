package privacy

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// By these the person of the tests is known.
const (
	mail     = "zacharias.quermann@example.com"
	phone    = "+49 151 98765432"
	lastName = "Quermann"
	fullName = "Zacharias Quermann"
)

// person fills an organisation with what there is of one person, and of others.
type person struct {
	lead, contact, other, invoice, opportunity, task id.ID
}

func (e *env) person() person {
	e.t.Helper()
	var p person
	e.publish("e-1", map[string]any{"lastname": lastName, "firstname": "Zacharias", "emailaddress1": strings.ToUpper(mail)})
	e.publish("e-2", map[string]any{"lastname": "Other", "emailaddress1": "other@example.com"})
	p.lead = e.create("lead", record.Row{"subject": "Wants a loan", "firstname": "Zacharias", "lastname": lastName, "emailaddress1": mail, "rpt_matchkey": mail, "mobilephone": phone, "leadsourcecode": int64(8),
		"rpt_source": "form", "rpt_eventid": "e-1", "rpt_visitorid": "visitor-quermann", "address1_line1": "Hohlweg 77", "rpt_extra": json.RawMessage(`{"wish":"call Quermann"}`)}).ID("leadid")
	p.contact = e.create("contact", record.Row{"firstname": "Zacharias", "lastname": lastName, "emailaddress1": mail, "telephone1": phone, "birthdate": start.AddDate(-40, 0, 0), "originatingleadid": p.lead}).ID("contactid")
	p.other = e.create("contact", record.Row{"firstname": "Olga", "lastname": "Other", "emailaddress1": "other@example.com", "description": "Was sent by " + mail + ", loves tea"}).ID("contactid")
	p.task = e.create("task", record.Row{"subject": "Call " + fullName, "description": "at " + phone, "regardingobjectid": p.lead, "regardingobjectidtype": "lead"}).ID("activityid")
	p.opportunity = e.create("opportunity", record.Row{"name": "Loan for Quermann", "customerid": p.contact, "customeridtype": "contact", "description": "his wife is Ida"}).ID("opportunityid")
	e.create("annotation", record.Row{"subject": "Note", "notetext": "born in the Hohlweg, " + mail, "objectid": p.opportunity, "objectidtype": "opportunity"})
	note := e.create("annotation", record.Row{"subject": "Papers", "objectid": p.lead, "objectidtype": "lead"}).ID("annotationid")
	if _, err := e.files.Put(e.system(), "annotation", note, "documentbody", "quermann.txt", strings.NewReader("I am Zacharias Quermann, "+mail)); err != nil {
		e.t.Fatal(err)
	}
	p.invoice = e.create("invoice", record.Row{"name": "Invoice 1", "customerid": p.contact, "customeridtype": "contact", "billto_name": fullName}).ID("invoiceid")
	e.create("rpt_quarantine", record.Row{"rpt_name": fullName, "rpt_topic": "leads", "rpt_source": "form", "rpt_eventid": "q-1", "rpt_data": json.RawMessage(`{"lastname":"Quermann","mobilephone":"` + phone + `"}`)})
	e.create("rpt_quarantine", record.Row{"rpt_name": "Somebody of the same number", "rpt_topic": "leads", "rpt_source": "form", "rpt_eventid": "q-2", "rpt_data": json.RawMessage(`{"lastname":"Lodger","mobilephone":"` + phone + `"}`)})
	e.create("rpt_deadletter", record.Row{"rpt_name": "intake: form e-1", "rpt_consumer": "intake", "rpt_topic": "leads", "rpt_seq": int64(1), "rpt_eventid": "e-1", "rpt_source": "form", "rpt_data": `{"data":{"emailaddress1":"` + mail + `"}}`})
	e.create("rpt_flowrun", record.Row{"rpt_name": "lead-upsert " + fullName, "rpt_flowname": "lead-upsert", "rpt_status": int64(1), "rpt_input": json.RawMessage(`{"lead":{"emailaddress1":"` + mail + `"}}`), "rpt_regarding": p.lead, "rpt_key": "form e-1"})
	e.create("rpt_interaction", record.Row{"rpt_name": "Loans", "rpt_type": "page.viewed", "rpt_visitorid": "visitor-quermann", "rpt_occurredon": start})
	e.create("appnotification", record.Row{"title": "New lead: " + fullName, "rpt_regardingid": p.lead, "rpt_regardingtype": "lead"})
	gone := e.create("lead", record.Row{"subject": "Old", "lastname": lastName, "emailaddress1": mail}).ID("leadid")
	e.update("lead", p.lead, record.Row{"jobtitle": "Baker of Quermann & Sons"})
	e.update("contact", p.other, record.Row{"jobtitle": "Knows " + mail})
	e.must(e.store.Write(e.system(), func(tx *record.Tx) error { return tx.Delete(e.system(), "lead", gone, record.Match{}) }))
	for _, table := range []string{"lead", "contact"} {
		for _, key := range []id.ID{p.lead, p.contact} {
			e.must(e.index.Renew(e.system(), table, []id.ID{key}))
		}
	}
	e.must(e.log.SealAll(e.t.Context(), e.keys, e.clock))
	ctx, cancel := context.WithTimeout(e.t.Context(), time.Minute)
	defer cancel()
	e.must(e.lake.Flush(ctx))
	e.must(e.lake.Tidy(ctx, nil, false))
	return p
}

// quoting lists where in the database, the lake and the data folder one of the texts stands.
func (e *env) quoting(texts ...string) map[string]bool {
	e.t.Helper()
	out := map[string]bool{}
	holds := func(s string) bool {
		s = strings.ToLower(s)
		for _, t := range texts {
			if strings.Contains(s, strings.ToLower(t)) {
				return true
			}
		}
		return false
	}
	for table, text := range e.dump() {
		if holds(text) {
			out["database "+table] = true
		}
	}
	names, err := e.lake.Names()
	e.must(err)
	for _, n := range names {
		found, err := e.lake.Holding(e.t.Context(), n, nil, holds)
		e.must(err)
		if found {
			out["lake "+n] = true
		}
	}
	err = filepath.WalkDir(e.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil
		}
		text, err := os.ReadFile(path)
		if err == nil && holds(string(text)) {
			rel, _ := filepath.Rel(e.dir, path)
			out["folder "+rel] = true
		}
		return nil
	})
	e.must(err)
	return out
}

// After an erasure a search for the person's address, number and name over the
// dump of the database, the lake and every file of the data folder finds nothing
// but what the report names; others' data are as before; the chain verifies.
func TestErasure(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		p := e.person()
		if before := e.quoting(mail, lastName); len(before) < 15 {
			t.Fatalf("only %v hold the person to begin with", before)
		}
		out, err := e.call("rpt_PreviewErasure", map[string]any{"Table": "lead", "Id": p.lead.String()})
		if err != nil || out["Persons"] != json.Number("2") {
			t.Fatalf("preview: %v %v", out, err)
		}
		out, err = e.call("rpt_ErasePerson", map[string]any{"Table": "lead", "Id": p.lead.String()})
		if err != nil {
			t.Fatal(err)
		}
		row := out["row"].(record.Row)
		report := reportOf(t, row)
		if row.Int("statuscode") != statusDone {
			t.Fatalf("%v %+v", row, report)
		}
		named := map[string]bool{}
		for _, l := range report.Lines {
			if l.Done == "kept" || l.Done == "remains" {
				named[l.Store+" "+l.Table] = true
			}
		}
		// The invoice must be kept, so its row, its changes and their copies may name him.
		allowed := map[string]bool{"database invoice": named["records invoice"], "database changelog": named["verify changelog"] || named["records invoice"], "lake changes/invoice": named["records invoice"], "lake current/invoice": named["records invoice"]}
		for where := range e.quoting(mail, lastName) {
			file := strings.HasPrefix(where, "folder lake/changes/invoice") || strings.HasPrefix(where, "folder lake/current/invoice") || strings.HasPrefix(where, "folder rapport.db")
			if !allowed[where] && !named["folder "+strings.TrimPrefix(where, "folder ")] && !(file && named["records invoice"]) {
				t.Errorf("%s still names the person and the report does not say so", where)
			}
		}
		if left := e.quoting(mail); len(left) > 0 {
			t.Errorf("the address is still in %v", left)
		}
		// The number is a lodger's, too.
		for where := range e.quoting(phone) {
			if !strings.Contains(where, "rpt_quarantine") && !strings.Contains(where, "changelog") && !strings.Contains(where, "rapport.db") && !strings.Contains(where, "stream") && !named[where] {
				t.Errorf("the number is still in %s", where)
			}
		}
		get := func(table string, key id.ID) record.Row {
			row, err := e.store.Get(e.system(), table, key, nil, nil)
			if err != nil {
				t.Fatal(table, err)
			}
			return row
		}
		if lead := get("lead", p.lead); lead.Text("lastname") != Nobody || lead["emailaddress1"] != nil || lead["address1_line1"] != nil || lead["rpt_extra"] != nil || lead.Int("leadsourcecode") != 8 {
			t.Errorf("the lead: %v", lead)
		}
		if contact := get("contact", p.contact); contact.Text("lastname") != Nobody || contact["birthdate"] != nil {
			t.Errorf("the contact: %v", contact)
		}
		if other := get("contact", p.other); other.Text("description") != "Was sent by …, loves tea" || other.Text("emailaddress1") != "other@example.com" {
			t.Errorf("another person: %v", other)
		}
		if opp := get("opportunity", p.opportunity); opp.Text("name") != "Loan for …" || opp["description"] != nil {
			t.Errorf("the opportunity: %v", opp)
		}
		if inv := get("invoice", p.invoice); inv.Text("billto_name") != fullName {
			t.Errorf("the invoice must stay: %v", inv)
		}
		if _, err := e.store.Get(e.system(), "task", p.task, nil, nil); !errs.Has(err, errs.NotFound) {
			t.Error("the task is still there")
		}
		if n := e.count("rpt_quarantine"); n != 1 {
			t.Errorf("%d rows in quarantine, want that of the lodger", n)
		}
		if n := e.count("rpt_deadletter") + e.count("rpt_flowrun") + e.count("rpt_interaction") + e.count("appnotification"); n != 0 {
			t.Errorf("%d rows of what was sent are left", n)
		}
		v, err := e.log.Verify(t.Context(), changelog.VerifyOptions{Keys: e.keys})
		if err != nil || len(v.Faults) > 0 {
			t.Errorf("the chain: %+v %v", v, err)
		}
		// Again: nothing is left to do, and nothing fails.
		out, err = e.call("rpt_ErasePerson", map[string]any{"Email": mail})
		if err != nil {
			t.Fatal(err)
		}
		if row := out["row"].(record.Row); row.Int("statuscode") != statusDone {
			t.Errorf("again: %v", row)
		}
	})
}

func (e *env) count(table string) (n int) {
	e.t.Helper()
	_, err := e.db.QueryRow(e.t.Context(), "SELECT COUNT(*) FROM "+e.db.Dialect().Quote(table), nil, &n)
	e.must(err)
	return n
}

// A legal hold keeps a person; without the privilege nobody erases or exports.
func TestHoldsAndPrivileges(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		p := e.person()
		hold := e.create("rpt_legalhold", record.Row{"rpt_name": "Lawsuit 12/26", "rpt_table": "lead", "rpt_recordid": p.lead}).ID("rpt_legalholdid")
		out, err := e.call("rpt_ErasePerson", map[string]any{"Email": mail})
		if err != nil {
			t.Fatal(err)
		}
		if row := out["row"].(record.Row); row.Int("statuscode") != statusFailed || !strings.Contains(string(row["rpt_report"].(json.RawMessage)), "privacy.hold") {
			t.Errorf("%v", row)
		}
		if row, err := e.store.Get(e.system(), "lead", p.lead, nil, nil); err != nil || row.Text("emailaddress1") != mail {
			t.Errorf("the lead was touched: %v %v", row, err)
		}
		out, err = e.call("rpt_PreviewErasure", map[string]any{"Email": mail})
		if err != nil || !strings.Contains(out["Blocked"].(string), "Lawsuit") {
			t.Errorf("preview: %v %v", out, err)
		}
		e.update("rpt_legalhold", hold, record.Row{"statecode": int64(1)})
		task := e.create("rpt_legalhold", record.Row{"rpt_name": "Evidence", "rpt_table": "task", "rpt_recordid": p.task}).ID("rpt_legalholdid")
		out, err = e.call("rpt_ErasePerson", map[string]any{"Email": mail})
		if err != nil {
			t.Fatal(err)
		}
		kept := false
		for _, l := range reportOf(t, out["row"].(record.Row)).Lines {
			kept = kept || l.Table == "task" && l.Done == "kept" && strings.Contains(l.Reason, "Evidence") && l.IDs[0] == p.task.String()
		}
		if row, err := e.store.Get(e.system(), "task", p.task, nil, nil); !kept || err != nil || !strings.Contains(row.Text("subject"), fullName) {
			t.Errorf("the task under the hold %s: %v %v, told of: %v", task, row, err, kept)
		}
		unit, err := e.store.Find(e.system(), query.Query{Table: "businessunit"})
		e.must(err)
		someone := e.create("systemuser", record.Row{"fullname": "Someone", "domainname": "someone", "businessunitid": unit.Rows[0].ID("businessunitid")}).ID("systemuserid")
		e.reload()
		user := access.With(t.Context(), access.Principal{Kind: access.User, ID: someone})
		for _, name := range []string{"rpt_PreviewErasure", "rpt_ErasePerson", "rpt_ExportPerson"} {
			if _, err := e.actions.Call(user, name, id.Nil, map[string]any{"Email": mail}); !errs.Has(err, errs.Forbidden) {
				t.Errorf("%s: %v", name, err)
			}
		}
		for _, bad := range []map[string]any{{}, {"Email": "x"}, {"Phone": "12"}, {"Table": "task", "Id": p.task.String()}, {"Table": "nothing", "Id": p.task.String()}} {
			if _, err := e.actions.Call(e.system(), "rpt_ErasePerson", id.Nil, bad); !errs.Has(err, errs.Invalid) {
				t.Errorf("%v: %v", bad, err)
			}
		}
	})
}

// A process that dies between any two steps of an erasure goes on where it was.
func TestErasureGoesOn(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		p := e.person()
		died := map[string]bool{}
		e.service.after = func(step string) error {
			if died[step] {
				return nil
			}
			died[step] = true
			return errs.Wrap(errors.New("killed"), errs.Unavailable, "test.killed", "killed")
		}
		out, err := e.call("rpt_ErasePerson", map[string]any{"Email": mail})
		if err != nil {
			t.Fatal(err)
		}
		if row := out["row"].(record.Row); row.Int("statuscode") != statusDone || len(died) != len(e.service.steps()) {
			t.Errorf("%v after %v", row, died)
		}
		if left := e.quoting(mail); len(left) > 0 {
			t.Errorf("the address is still in %v", left)
		}
		if row, err := e.store.Get(e.system(), "lead", p.lead, nil, nil); err != nil || row.Text("lastname") != Nobody {
			t.Errorf("%v %v", row, err)
		}
	})
}

// The archive holds a person's data out of every store, and nobody else's.
func TestExport(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		e.person()
		out, err := e.call("rpt_ExportPerson", map[string]any{"Email": mail})
		if err != nil {
			t.Fatal(err)
		}
		row := out["row"].(record.Row)
		if row.Int("statuscode") != statusDone {
			t.Fatalf("%v %s", row, row["rpt_report"])
		}
		info, err := e.files.Info(e.system(), "rpt_personrequest", row.ID("rpt_personrequestid"), "rpt_archive")
		e.must(err)
		body, err := e.files.Open(e.system(), info)
		e.must(err)
		defer body.Close()
		content, err := io.ReadAll(body)
		e.must(err)
		z, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
		e.must(err)
		texts := map[string]string{}
		for _, f := range z.File {
			r, err := f.Open()
			e.must(err)
			text, err := io.ReadAll(r)
			e.must(err)
			r.Close()
			if strings.HasPrefix(f.Name, "files/") {
				texts["file"] = string(text)
				continue
			}
			texts[f.Name] = string(text)
			if strings.HasSuffix(f.Name, ".json") && !json.Valid(text) {
				t.Errorf("%s is no JSON", f.Name)
			}
		}
		for name, want := range map[string]string{"index.html": "Hohlweg 77", "records/lead.json": mail, "records/contact.json": "birthdate", "records/task.json": phone, "records/rpt_quarantine.json": "q-1", "records/rpt_deadletter.json": "e-1",
			"records/rpt_flowrun.json": "lead-upsert", "records/rpt_interaction.json": "page.viewed", "changes/lead.json": "Baker", "recyclebin.json": "Old", "stream/leads.json": "e-1", "lake/lead.json": mail, "lake/events-leads.json": "e-1",
			"search.json": "quermann", "file": "I am Zacharias", "records/invoice.json": fullName, "mentions.json": "contact"} {
			if !strings.Contains(texts[name], want) {
				t.Errorf("%s lacks %q: %.300s", name, want, texts[name])
			}
		}
		for name, text := range texts {
			for _, strange := range []string{"Lodger", "other@example.com", "loves tea"} {
				if strings.Contains(text, strange) {
					t.Errorf("%s tells of somebody else: %s", name, strange)
				}
			}
		}
		if e.db.Dialect() == sqldb.SQLite && e.count("personwork") != 0 {
			t.Error("what the request needed is still there")
		}
	})
}
