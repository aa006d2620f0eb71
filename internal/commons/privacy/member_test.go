package privacy

import (
	"archive/zip"
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// A member of the portal has an account, papers, signatures, and cases at a
// counterpart. The archive has them, an erasure takes them, but for what was
// signed; and those whose address holds his stay.
func TestMembersPapersAndCases(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		const longer = "h" + mail
		contact := e.create("contact", record.Row{"firstname": "Zacharias", "lastname": lastName, "emailaddress1": mail}).ID("contactid")
		other := e.create("contact", record.Row{"lastname": "Neighbour", "emailaddress1": longer, "description": "write to " + longer}).ID("contactid")
		deal := e.create("opportunity", record.Row{"name": "Loan", "customerid": contact, "customeridtype": "contact"}).ID("opportunityid")
		asked := e.create("rpt_documentrequest", record.Row{"rpt_name": "Payslip", "rpt_recordid": deal}).ID("rpt_documentrequestid")
		paper := e.create("rpt_documentfile", record.Row{"rpt_name": "quermann.txt", "rpt_requestid": asked, "rpt_recordid": deal}).ID("rpt_documentfileid")
		if _, err := e.files.Put(e.system(), "rpt_documentfile", paper, "rpt_content", "quermann.txt", strings.NewReader("Payslip of Zacharias Quermann")); err != nil {
			t.Fatal(err)
		}
		signing := e.create("rpt_signaturerequest", record.Row{"rpt_name": "Contract", "rpt_recordid": deal}).ID("rpt_signaturerequestid")
		signed := e.create("rpt_signatory", record.Row{"rpt_name": fullName, "rpt_signaturerequestid": signing, "rpt_contactid": contact, "rpt_typedname": fullName, "rpt_evidence": "signed by " + mail}).ID("rpt_signatoryid")
		gone := map[string]id.ID{"rpt_documentrequest": asked, "rpt_documentfile": paper}
		for table, column := range map[string]string{"rpt_exchangecase": "rpt_progress", "rpt_exchangeintent": "rpt_payload", "rpt_exchangeevent": "rpt_payload"} {
			of, _ := e.catalog.Table(table)
			row := record.Row{"rpt_name": table, "rpt_recordid": deal, column: `{"name":"Quermann"}`}
			gone[table] = e.create(table, row).ID(of.ID)
		}
		e.account(contact, "one", mail)
		e.account(other, "two", longer)

		out, err := e.call("rpt_ExportPerson", map[string]any{"Email": mail})
		if err != nil {
			t.Fatal(err)
		}
		texts := e.archiveOf(out["row"].(record.Row))
		for name, want := range map[string]string{"sessions.json": "browser one", "signins.json": `"password"`, "records/rpt_signatory.json": fullName, "records/rpt_documentfile.json": "quermann.txt", "records/rpt_exchangecase.json": "Quermann",
			"records/rpt_exchangeintent.json": "Quermann", "records/rpt_exchangeevent.json": "Quermann", "files/": "Payslip of"} {
			if !strings.Contains(texts[name], want) {
				t.Errorf("%s lacks %q: %.300s", name, want, texts[name])
			}
		}
		for name, text := range texts {
			if strings.Contains(text, longer) || strings.Contains(text, "browser two") || strings.Contains(text, "Neighbour") || strings.Contains(text, "session-hash") {
				t.Errorf("%s tells of somebody else, or what opens a session", name)
			}
		}

		out, err = e.call("rpt_ErasePerson", map[string]any{"Email": mail})
		if err != nil {
			t.Fatal(err)
		}
		row := out["row"].(record.Row)
		kept := ""
		for _, l := range reportOf(t, row).Lines {
			if l.Done == "kept" {
				kept += l.Table + ": " + l.Reason + "\n"
			}
		}
		if row.Int("statuscode") != statusDone || !strings.Contains(kept, "rpt_signatory: ") || !strings.Contains(kept, "signed binds both sides") {
			t.Fatalf("%v\n%s", row, kept)
		}
		for table, key := range gone {
			if _, err := e.store.Get(e.system(), table, key, nil, nil); !errs.Has(err, errs.NotFound) {
				t.Errorf("%s is still there: %v", table, err)
			}
		}
		if s, err := e.store.Get(e.system(), "rpt_signatory", signed, nil, nil); err != nil || s.Text("rpt_typedname") != fullName {
			t.Errorf("what was signed must stay: %v %v", s, err)
		}
		if o, err := e.store.Get(e.system(), "contact", other, nil, nil); err != nil || o.Text("emailaddress1") != longer || o.Text("description") != "write to "+longer {
			t.Errorf("somebody with a longer address: %v %v", o, err)
		}
		for table := range map[string]bool{"membercredential": true, "membersession": true, "membersubmission": true, "documentupload": true, "signin": true} {
			if n := e.count(table); n != 1 {
				t.Errorf("%s has %d rows, want the other's", table, n)
			}
		}
		for where := range e.quoting("browser one", "Payslip of") {
			t.Errorf("%s still has something of him", where)
		}
	})
}

// account makes what the sign-in keeps of a member.
func (e *env) account(contact id.ID, name, address string) {
	e.t.Helper()
	d := e.db.Dialect()
	value := func(kind query.Kind, v any) any {
		out, err := query.Encode(d, kind, v)
		e.must(err)
		return out
	}
	key, now, fresh := value(query.ID, contact), value(query.Time, start), value(query.ID, id.New())
	e.must(e.db.Write(e.t.Context(), func(tx *sqldb.Tx) error {
		for text, args := range map[string][]any{
			"membercredential (contactid, passwordhash, changedon)":                                       {key, "hash", now},
			"membersession (hash, contactid, csrf, createdon, seenon, expireson, address, agent, method)": {"session-hash " + name, key, "c", now, now, now, "192.0.2.1", "browser " + name, "link"},
			"membersubmission (eventid, contactid, createdon)":                                            {"event " + name, key, now},
			"documentupload (uploadid, requestid, contactid, filename, size, createdon)":                  {fresh, fresh, key, name + ".pdf", int64(1), now},
			"signin (at, username, address, outcome)":                                                     {now, address, "192.0.2.1", "password"},
		} {
			marks := make([]string, len(args))
			for i := range marks {
				marks[i] = d.Placeholder(i + 1)
			}
			if _, err := tx.Exec("INSERT INTO "+text+" VALUES ("+strings.Join(marks, ", ")+")", args...); err != nil {
				return err
			}
		}
		return nil
	}))
}

// archiveOf gives the texts of a request's archive by their names; those of files under files/.
func (e *env) archiveOf(row record.Row) map[string]string {
	e.t.Helper()
	info, err := e.files.Info(e.system(), "rpt_personrequest", row.ID("rpt_personrequestid"), "rpt_archive")
	e.must(err)
	body, err := e.files.Open(e.system(), info)
	e.must(err)
	defer body.Close()
	content, err := io.ReadAll(body)
	e.must(err)
	z, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	e.must(err)
	out := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		e.must(err)
		text, err := io.ReadAll(r)
		e.must(err)
		r.Close()
		name := f.Name
		if strings.HasPrefix(name, "files/") {
			name = "files/"
		}
		out[name] += string(text)
	}
	return out
}
