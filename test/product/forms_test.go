package product

import (
	"encoding/json"
	"net/http"
	"os"
	"testing"
)

const formSet = "msdynmkt_marketingforms"

// makeForm makes a form live over the Web API and waits until visitors get it.
func (w *world) makeForm(name string, definition object) string {
	w.t.Helper()
	text, err := json.Marshal(definition)
	if err != nil {
		w.t.Fatal(err)
	}
	var made object
	if status := w.API(w.admin, http.MethodPost, formSet, object{"msdynmkt_name": name, "rpt_uniquename": name, "rpt_definition": string(text), "statuscode": 2}, &made); status != http.StatusNoContent {
		w.t.Fatalf("the form was answered %d %v", status, made)
	}
	w.Until("the form is shown", func() bool { return w.shows(name) == http.StatusOK })
	var found struct{ Value []object }
	w.API(w.admin, http.MethodGet, formSet+"?$select=msdynmkt_marketingformid&$filter=rpt_uniquename%20eq%20'"+name+"'", nil, &found)
	if len(found.Value) != 1 {
		w.t.Fatalf("%d forms of that name", len(found.Value))
	}
	id, _ := found.Value[0]["msdynmkt_marketingformid"].(string)
	return id
}

func (w *world) shows(name string) int {
	w.t.Helper()
	res, err := http.Get(w.URL + "/f/" + name)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode
}

// loanForm is a lender's form.
func loanForm(t *testing.T) object {
	t.Helper()
	text, err := os.ReadFile("../../internal/capability/portal/testdata/loan.json")
	if err != nil {
		t.Fatal(err)
	}
	var form object
	if err := json.Unmarshal(text, &form); err != nil {
		t.Fatal(err)
	}
	return form
}

// Forms are records: checked when they are written, published as versions,
// closed and opened, without a restart (POR-1).
func TestFormsAreRecords(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		form := func(title string) object {
			return object{"title": title, "fields": []object{{"name": "lastname", "label": "Name", "required": true}, {"name": "emailaddress1", "type": "email", "label": "E-mail"}}}
		}
		text := func(definition object) string {
			out, err := json.Marshal(definition)
			if err != nil {
				t.Fatal(err)
			}
			return string(out)
		}
		for field, definition := range map[string]string{
			"fields[1].column": `{"title": "T", "fields": [{"name": "lastname", "label": "Name"}, {"name": "shoesize", "label": "Size"}]}`,
			"fields[0].column": `{"title": "T", "fields": [{"name": "msdyn_leadscore", "label": "Score"}]}`,
			"title":            `{"fields": [{"name": "lastname", "label": "Name"}]}`,
			"definition":       `{"title": "T", "colour": "red"}`,
		} {
			var answer struct {
				Error struct {
					Fields []struct{ Name string } `json:"@rapport.fields"`
				}
			}
			status := w.API(w.admin, http.MethodPost, formSet, object{"msdynmkt_name": "bad", "rpt_uniquename": "bad", "rpt_definition": definition, "statuscode": 2}, &answer)
			if status != http.StatusBadRequest || len(answer.Error.Fields) == 0 || answer.Error.Fields[0].Name != field {
				t.Errorf("%s: %d %+v", field, status, answer)
			}
		}
		id := w.makeForm("first", form("One"))
		record := formSet + "(" + id + ")"
		send := func(email string) int {
			return w.Call("", http.MethodPost, "/f/first", object{"lastname": "Byron", "emailaddress1": email}, nil)
		}
		if status := send("a@example.com"); status != http.StatusAccepted {
			t.Fatalf("the form answers %d", status)
		}
		var row object
		if w.API(w.admin, http.MethodGet, record, nil, &row); row["_rpt_versionid_value"] == nil || row["rpt_language"] != "en" {
			t.Errorf("the record: %v", row)
		}
		first := row["_rpt_versionid_value"]
		title := func() string {
			var got struct {
				Title string
			}
			if w.API(w.admin, http.MethodGet, record, nil, &row); json.Unmarshal([]byte(row["rpt_definition"].(string)), &got) != nil {
				return "?"
			}
			return got.Title
		}
		if status := w.API(w.admin, http.MethodPatch, record, object{"rpt_definition": text(form("Two"))}, nil); status != http.StatusNoContent {
			t.Fatalf("changing the draft: %d", status)
		}
		publish := record + "/Microsoft.Dynamics.CRM.rpt_PublishForm"
		var out object
		if status := w.API(w.admin, http.MethodPost, publish, object{}, &out); status != http.StatusOK || out["VersionId"] == first || title() != "Two" {
			t.Fatalf("publishing: %d %v %s", status, out, title())
		}
		if status := w.API(w.admin, http.MethodPost, publish, object{"Version": object{"@odata.type": "Microsoft.Dynamics.CRM.rpt_formversion", "rpt_formversionid": first}}, &out); status != http.StatusOK || out["VersionId"] != first || title() != "One" {
			t.Errorf("going back: %d %v %s", status, out, title())
		}
		if n := w.Count(w.admin, "rpt_formversions", ""); n < 2 {
			t.Errorf("%d versions", n)
		}
		if status := w.API(w.admin, http.MethodPatch, record, object{"statecode": 1, "statuscode": 3}, nil); status != http.StatusNoContent {
			t.Fatalf("closing: %d", status)
		}
		w.Until("the form is closed", func() bool { return w.shows("first") == http.StatusGone })
		if status := send("b@example.com"); status != http.StatusGone {
			t.Errorf("a closed form answers %d", status)
		}
		w.API(w.admin, http.MethodPost, publish, object{}, nil)
		w.Until("the form is open again", func() bool { return w.shows("first") == http.StatusOK })
		w.Until("the submission is counted", func() bool {
			var stats struct {
				Forms []struct {
					Form                        string
					Submissions, Month, Suspect int
				}
			}
			w.API(w.admin, http.MethodGet, formSet+"/Microsoft.Dynamics.CRM.rpt_RetrieveFormStatistics()", nil, &stats)
			return len(stats.Forms) == 1 && stats.Forms[0].Form == "first" && stats.Forms[0].Submissions == 1 && stats.Forms[0].Month == 1
		})
	})
}
