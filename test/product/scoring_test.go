package product

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// upload sends a file of history and gives the import's id.
func (w *world) upload(name, text string) string {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.URL+"/api/scoring/imports?name="+url.QueryEscape(name), strings.NewReader(text))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+w.admin)
	req.Header.Set("Content-Type", "text/csv")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	var out struct{ ID string }
	if res.StatusCode != http.StatusCreated || json.Unmarshal(body, &out) != nil {
		w.t.Fatalf("upload: %d %s", res.StatusCode, body)
	}
	return out.ID
}

// act calls a bound action.
func (w *world) act(set, id, name string, body, out any) int {
	w.t.Helper()
	if body == nil {
		body = object{}
	}
	return w.API(w.admin, http.MethodPost, fmt.Sprintf("%s(%s)/Microsoft.Dynamics.CRM.%s", set, id, name), body, out)
}

func (w *world) row(set, id string) object {
	w.t.Helper()
	var out object
	if status := w.API(w.admin, http.MethodGet, set+"("+id+")", nil, &out); status != http.StatusOK {
		w.t.Fatalf("%s %s: %d", set, id, status)
	}
	return out
}

// customers is a file of past leads: managers buy, students don't.
func customers(rows int) string {
	r := rand.New(rand.NewPCG(8, 15))
	var b strings.Builder
	b.WriteString("Mail;Profession;Income;Since;Bought\n")
	for i := range rows {
		job := []string{"student", "manager", "nurse"}[r.IntN(3)]
		bought := "no"
		if r.Float64() < map[string]float64{"student": 0.03, "manager": 0.5, "nurse": 0.15}[job] {
			bought = "yes"
		}
		fmt.Fprintf(&b, "c%d@example.com;%s;%d,5;%s;%s\n", i, job, 1000+r.IntN(4000), time.Date(2023, 1, 1, i*8, 0, 0, 0, time.UTC).Format("02.01.2006 15:04"), bought)
	}
	return b.String()
}

// Issue 3: a history is imported and trained on, the model is promoted, and a lead
// that came in low rises, with reasons, and a task for its seller (SCO-1..4, INT-4).
func TestHistoryMakesTheScoreBetter(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		// A lead that rules can't say much of.
		w.mustPublish("s1", person(901, object{"Profession": "manager", "Income": 4200, "context": object{"page": "https://example.com/careers"}}))
		lead := w.leads("emailaddress1 eq 'anna.oneil901@example.com'", 1)[0]
		id := fmt.Sprint(lead["leadid"])
		if !strings.HasPrefix(fmt.Sprint(lead["rpt_modelversion"]), "rules-") || lead["msdyn_leadscore"].(float64) >= 50 {
			t.Fatalf("scored %v by %v", lead["msdyn_leadscore"], lead["rpt_modelversion"])
		}

		file := w.upload("customers.csv", customers(2000)+"half;a row\n")
		var preview struct {
			Delimiter  string
			Suggestion struct{ Mapping object }
		}
		if status := w.Call(w.admin, http.MethodPost, "/api/scoring/imports/"+file+"/preview", object{"outcome": object{}, "time": object{}}, &preview); status != http.StatusOK || preview.Delimiter != ";" || preview.Suggestion.Mapping["columns"].(object)["Mail"] != "emailaddress1" {
			t.Fatalf("preview: %d %+v", status, preview)
		}
		mapping := "key: [Mail]\ndecimal: ','\ncolumns: {Mail: emailaddress1}\nunmapped: keep\noutcome: {column: Bought, positive: ['yes']}\ntime: {column: Since}\nhorizon: 30\n"
		if status := w.act("rpt_historyimports", file, "rpt_StartHistoryImport", object{"Mapping": mapping}, nil); status != http.StatusNoContent {
			t.Fatalf("start: %d", status)
		}
		w.Until("the import is done", func() bool { return w.row("rpt_historyimports", file)["rpt_status"] == 3.0 })
		if done := w.row("rpt_historyimports", file); done["rpt_good"] != 2000.0 || done["rpt_bad"] != 1.0 {
			t.Errorf("%v good, %v bad", done["rpt_good"], done["rpt_bad"])
		}

		var made object
		if status := w.API(w.admin, http.MethodPost, "rpt_models", object{"rpt_name": "Leads", "rpt_horizon": 30}, &made); status != http.StatusNoContent && status != http.StatusCreated {
			t.Fatalf("set-up: %d", status)
		}
		model := fmt.Sprint(w.rows("rpt_models", "")[0]["rpt_modelid"])
		var fit struct{ Fitness string }
		if status := w.act("rpt_models", model, "rpt_CheckTrainingData", nil, &fit); status != http.StatusOK || !strings.Contains(fit.Fitness, `"rows":2000`) {
			t.Fatalf("fitness: %d %.300s", status, fit.Fitness)
		}
		var version struct{ VersionID string }
		if status := w.act("rpt_models", model, "rpt_TrainModel", nil, &version); status != http.StatusOK {
			t.Fatalf("train: %d", status)
		}
		w.Until("the training ends", func() bool { return w.row("rpt_modelversions", version.VersionID)["rpt_status"].(float64) >= 2 })
		if v := w.row("rpt_modelversions", version.VersionID); v["rpt_status"] != 2.0 || v["rpt_auc"].(float64) < 0.7 {
			t.Fatalf("version: status %v, AUC %v, %v", v["rpt_status"], v["rpt_auc"], v["rpt_reason"])
		}
		if status := w.act("rpt_modelversions", version.VersionID, "rpt_PromoteVersion", nil, nil); status != http.StatusNoContent {
			t.Fatalf("promote: %d", status)
		}

		w.Until("the lead has risen", func() bool { return w.row("leads", id)["rpt_modelversion"] == "model 1" })
		risen := w.row("leads", id)
		if risen["msdyn_leadscore"].(float64) < 60 || risen["rpt_firstscore"] != lead["msdyn_leadscore"] || risen["msdyn_leadscoretrend"] != 0.0 || risen["msdyn_leadgrade"].(float64) > 1 {
			t.Errorf("score %v, first %v, trend %v, grade %v", risen["msdyn_leadscore"], risen["rpt_firstscore"], risen["msdyn_leadscoretrend"], risen["msdyn_leadgrade"])
		}
		var why struct {
			Version int
			Model   string
			Reasons []struct{ Source, Value, Text string }
		}
		text, _ := risen["msdyn_scorereasons"].(string)
		if err := json.Unmarshal([]byte(text), &why); err != nil || why.Version != 1 || why.Model != "model 1" || len(why.Reasons) == 0 || why.Reasons[0].Source != "x_profession" || !strings.Contains(why.Reasons[0].Text, "% of such leads converted") {
			t.Errorf("%v %s", err, text)
		}
		tasks := w.rows("tasks", "_regardingobjectid_value eq "+id+" and statecode eq 0")
		if len(tasks) != 1 || !strings.Contains(fmt.Sprint(tasks[0]["subject"]), "score rose from") || tasks[0]["_ownerid_value"] != risen["_ownerid_value"] {
			t.Errorf("%d tasks", len(tasks))
		}
		if got := w.rows("msdyn_predictivescores", "_msdyn_regardingobjectid_value eq "+id); len(got) != 1 || got[0]["msdyn_score"] != risen["msdyn_leadscore"] {
			t.Errorf("%d predictive scores", len(got))
		}

		// The next lead is scored by the model as it arrives.
		w.mustPublish("s2", person(902, object{"Profession": "manager", "Income": 3000}))
		next := w.leads("emailaddress1 eq 'anna.oneil902@example.com'", 1)[0]
		if next["rpt_modelversion"] != "model 1" || next["rpt_firstscore"].(float64) < 60 {
			t.Errorf("an arriving lead: %v by %v", next["rpt_firstscore"], next["rpt_modelversion"])
		}
		if status := w.act("rpt_models", model, "rpt_RollBackModel", nil, nil); status != http.StatusConflict {
			t.Errorf("rolling back to nothing: %d", status)
		}
		res := w.Call(w.admin, http.MethodGet, "/api/scoring/imports/"+file+"/refused", nil, nil)
		if res != http.StatusOK {
			t.Errorf("refused rows: %d", res)
		}
		if status := w.Call("", http.MethodPost, "/api/scoring/imports", object{}, nil); status != http.StatusUnauthorized {
			t.Errorf("an upload by nobody: %d", status)
		}
	})
}
