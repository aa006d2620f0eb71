package scoring_test

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/capability/scoring"
	"github.com/rapport-platform/rapport/internal/capability/scoring/model"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/test/datasets"
)

func eq(column string, v any) query.Node { return query.Compare{Left: query.Path{column}, Value: v} }

func historyOf(row record.Row) (c model.Course) {
	text, _ := row["msdyn_scorehistory"].(json.RawMessage)
	_ = json.Unmarshal(text, &c)
	return c
}

// The loop: history → version → promoted → leads scored; one that was low rises
// when more is known, and its seller gets a task.
func TestHistoryRaisesALead(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		done := e.bring("past.csv", past(2000)+"broken,row\n", mapping)
		if done.Int("rpt_status") != 3 || done.Int("rpt_good") != 2000 || done.Int("rpt_bad") != 1 {
			t.Fatalf("import: %v %v %v %s", done["rpt_status"], done["rpt_good"], done["rpt_bad"], done.Text("rpt_error"))
		}
		m := e.create("rpt_model", record.Row{"rpt_name": "Leads", "rpt_horizon": int64(30)}).ID("rpt_modelid")
		v := e.trained(m)
		if v.Int("rpt_status") != 2 {
			t.Fatalf("version: %v %s", v["rpt_status"], v.Text("rpt_reason"))
		}
		var report model.Report
		text, _ := v["rpt_report"].(json.RawMessage)
		if err := json.Unmarshal(text, &report); err != nil || report.Newest.AUC < 0.7 || report.Drivers[0].Source != "x_job" || report.Ordered != "time" {
			t.Errorf("%v %+v %+v", err, report.Newest, report.Drivers)
		}
		low := e.lead("Low", map[string]any{"Job": "student", "Age": 30}, nil)
		high := e.lead("High", map[string]any{"Job": "manager", "Age": 30}, nil)
		e.must("rpt_PromoteVersion", v.ID("rpt_modelversionid"), nil)
		e.until("both are scored", func() bool {
			return e.get("lead", low).Text("rpt_modelversion") == "model 1" && e.get("lead", high).Text("rpt_modelversion") == "model 1"
		})
		a, b := e.get("lead", low), e.get("lead", high)
		if a.Int("msdyn_leadscore") >= 50 || b.Int("msdyn_leadscore") < 60 || a.Int("rpt_firstscore") != 20 || b.Int("msdyn_leadgrade") > model.GradeB {
			t.Errorf("scores %v and %v", a["msdyn_leadscore"], b["msdyn_leadscore"])
		}
		if got := e.find("task", eq("regardingobjectid", high)); len(got) != 1 || got[0].ID("ownerid") != e.sella || !strings.Contains(got[0].Text("subject"), "rose from 20 to") || !strings.Contains(got[0].Text("description"), "Job: manager") {
			t.Errorf("%d tasks of the high lead", len(got))
		}
		if len(e.find("task", eq("regardingobjectid", low))) != 0 {
			t.Error("a task for a lead that did not rise")
		}
		if len(e.find("appnotification", eq("rpt_regardingid", high))) != 1 {
			t.Error("the seller is not told")
		}

		// What a file says of the low lead raises it, without anybody touching the lead.
		e.bring("more.csv", "Mail,Job,Age\nlow@example.com,,44\n", `{key: [Mail], unmapped: keep}`)
		e.bring("more.csv", "Mail,Occupation,Job\nlow@example.com,Chief,manager\n", `{key: [Mail], unmapped: keep, columns: {Occupation: skip}}`)
		// The lead itself says student; an answer that is taken back lets the file count.
		e.update("lead", low, record.Row{"rpt_extra": nil})
		e.until("the low lead has risen", func() bool { return e.get("lead", low).Int("msdyn_leadscore") > 55 })
		risen := e.get("lead", low)
		course := historyOf(risen)
		if risen.Int("msdyn_leadscoretrend") != model.Improving || risen.Int("rpt_firstscore") != 20 || len(course.Points) < 3 || course.Points[0].Version != "rules-1" || course.Points[0].Score != 20 {
			t.Errorf("trend %v, course %+v", risen["msdyn_leadscoretrend"], course)
		}
		if got := e.find("task", eq("regardingobjectid", low)); len(got) != 1 {
			t.Errorf("%d tasks", len(got))
		}
		kept := e.find("msdyn_predictivescore", eq("msdyn_regardingobjectid", low))
		if len(kept) != 1 || kept[0].Int("msdyn_score") != risen.Int("msdyn_leadscore") || risen.ID("msdyn_predictivescoreid") != kept[0].ID("msdyn_predictivescoreid") {
			t.Errorf("%d predictive scores", len(kept))
		}

		// Nothing that scoring wrote made it score again, and again it writes nothing.
		version := risen.Version()
		out := e.must("rpt_ScoreLead", low, nil)
		if out["Written"] != false || e.get("lead", low).Version() != version {
			t.Errorf("an unchanged score was written: %v", out)
		}
		// A closed lead keeps its score.
		e.update("lead", high, record.Row{"statecode": int64(2), "statuscode": int64(4)})
		if _, err := e.call("rpt_ScoreLead", high, nil); errs.CodeOf(err) != "scoring.closed" {
			t.Error(err)
		}
	})
}

func TestVersionsPromoteAndRollBack(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		e.bring("past.csv", past(1200), mapping)
		m := e.create("rpt_model", record.Row{"rpt_name": "Leads", "rpt_horizon": int64(30)}).ID("rpt_modelid")
		first := e.trained(m)
		if first.Int("rpt_status") != 2 {
			t.Fatalf("%v %s", first["rpt_status"], first.Text("rpt_reason"))
		}
		one := first.ID("rpt_modelversionid")
		if _, err := e.call("rpt_RollBackModel", m, nil); errs.CodeOf(err) != "scoring.nothing_before" {
			t.Error(err)
		}
		e.must("rpt_PromoteVersion", one, nil)
		reference := e.get("rpt_model", m)["rpt_reference"]
		two := e.trained(m)
		var report model.Report
		text, _ := two["rpt_report"].(json.RawMessage)
		_ = json.Unmarshal(text, &report)
		if report.Compared == nil || report.Compared.Better {
			t.Errorf("the same data again are no better: %+v", report.Compared)
		}
		e.must("rpt_PromoteVersion", two.ID("rpt_modelversionid"), nil)
		if e.get("rpt_modelversion", one).Int("rpt_status") != 7 || e.get("rpt_model", m).ID("rpt_versionid") != two.ID("rpt_modelversionid") || fmt.Sprint(e.get("rpt_model", m)["rpt_reference"]) != fmt.Sprint(reference) {
			t.Error("the second is not in force, or the scale moved")
		}
		e.must("rpt_RollBackModel", m, nil)
		if e.get("rpt_model", m).ID("rpt_versionid") != one || e.get("rpt_modelversion", one).Int("rpt_status") != 6 {
			t.Error("the first is not in force again")
		}
		if _, err := e.call("rpt_PromoteVersion", one, nil); !errors.Is(err, scoring.ErrNotReady) {
			t.Errorf("what is in force is promoted: %v", err)
		}
	})
}

func TestRefusedWithTheReason(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		e.bring("few.csv", past(60), mapping)
		m := e.create("rpt_model", record.Row{"rpt_name": "Leads", "rpt_horizon": int64(30)}).ID("rpt_modelid")
		v := e.trained(m)
		if v.Int("rpt_status") != 3 || !strings.Contains(v.Text("rpt_reason"), "at least 40") {
			t.Errorf("%v %q", v["rpt_status"], v.Text("rpt_reason"))
		}
		if _, err := e.call("rpt_PromoteVersion", v.ID("rpt_modelversionid"), nil); errs.CodeOf(err) != "scoring.not_ready" {
			t.Errorf("a refused version is promoted: %v", err)
		}
		var fit scoring.Fitness
		out := e.must("rpt_CheckTrainingData", m, nil)
		if err := json.Unmarshal([]byte(out["Fitness"].(string)), &fit); err != nil || fit.Rows != 60 || fit.Gate.OK || len(fit.Inputs) < 20 {
			t.Errorf("%v %+v", err, fit)
		}
		for name, row := range map[string]record.Row{"grades": {"rpt_name": "x", "rpt_gradea": int64(30)}, "endpoint": {"rpt_name": "x", "rpt_endpoint": "file:///x"}, "excluded": {"rpt_name": "x", "rpt_excluded": json.RawMessage(`{"a":1}`)}} {
			err := e.store.Write(e.ctx, func(tx *record.Tx) error {
				_, err := tx.Create(e.ctx, "rpt_model", row)
				return err
			})
			if !errs.Has(err, errs.Invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// Own leads teach, too: out of the lake's history, at several moments of their life.
func TestLearnsFromOwnLeads(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		for i := range 60 {
			key := e.lead(fmt.Sprintf("Own%d", i), map[string]any{"Job": []string{"manager", "student"}[i%2]}, nil)
			if i%2 == 0 {
				e.update("lead", key, record.Row{"statecode": int64(1), "statuscode": int64(3)})
			}
		}
		m := e.create("rpt_model", record.Row{"rpt_name": "Leads", "rpt_data": int64(2), "rpt_horizon": int64(30)}).ID("rpt_modelid")
		e.until("the lake has them", func() bool {
			var fit scoring.Fitness
			out := e.must("rpt_CheckTrainingData", m, nil)
			return json.Unmarshal([]byte(out["Fitness"].(string)), &fit) == nil && fit.Open == 60
		})
		// None is a success or a failure before its horizon is over.
		v := e.trained(m)
		if v.Int("rpt_status") != 3 || !strings.Contains(v.Text("rpt_reason"), "no leads with a known outcome") {
			t.Errorf("%v %q", v["rpt_status"], v.Text("rpt_reason"))
		}
	})
}

const duplicate, spam = 100_000_000, 100_000_001 // reasons of disqualifying

// What was closed for a reason that the set-up leaves out teaches nothing.
func TestReasonsLeftOut(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		closed := map[int64][]id.ID{}
		for i, reason := range []int64{3, 3, 4, 4, 4, 5, duplicate, spam, spam} {
			state := int64(2)
			if reason == 3 {
				state = 1
			}
			key := e.lead(fmt.Sprintf("Closed%d", i), nil, nil)
			e.update("lead", key, record.Row{"statecode": state, "statuscode": reason})
			closed[reason] = append(closed[reason], key)
		}
		m := e.create("rpt_model", record.Row{"rpt_name": "Leads", "rpt_data": int64(2), "rpt_horizon": int64(1), "rpt_retrainevery": int64(0)}).ID("rpt_modelid")
		if got := fmt.Sprintf("%s", e.get("rpt_model", m)["rpt_reasonsout"]); got != "[100000000,100000001]" {
			t.Errorf("a new model leaves out %s", got)
		}
		e.ahead.by.Store(int64(47 * time.Hour)) // the horizon of each lead's first moment is over, of the second not yet
		fit := func() (out scoring.Fitness) {
			if err := json.Unmarshal([]byte(e.must("rpt_CheckTrainingData", m, nil)["Fitness"].(string)), &out); err != nil {
				t.Fatal(err)
			}
			return out
		}
		is := func(what string, rows, positives, left int) {
			t.Helper()
			var got scoring.Fitness
			e.until(what, func() bool {
				got = fit()
				return got.Rows == rows && got.Positives == positives && got.LeftOut == left
			})
		}
		is("duplicates and spam are left out", 6, 2, 3)
		e.update("rpt_model", m, record.Row{"rpt_reasonsout": json.RawMessage(`[4]`)})
		is("the lost are left out instead", 6, 2, 3)
		e.update("rpt_model", m, record.Row{"rpt_reasonsout": json.RawMessage(`[4,5,100000000,100000001]`)})
		is("only successes are left", 2, 2, 7)
		e.update("rpt_model", m, record.Row{"rpt_reasonsout": json.RawMessage(`[]`)})
		is("everything counts", 9, 2, 0)
		// The last reason counts: a lead that was no duplicate after all teaches again.
		e.update("rpt_model", m, record.Row{"rpt_reasonsout": json.RawMessage(`[100000000,100000001]`)})
		e.update("lead", closed[duplicate][0], record.Row{"statecode": int64(0), "statuscode": int64(1)})
		e.update("lead", closed[duplicate][0], record.Row{"statecode": int64(2), "statuscode": int64(4)})
		is("the last reason counts", 7, 2, 2)
		// The training learns from the same rows.
		if v := e.trained(m); v.Int("rpt_rows") != 7 && !strings.Contains(v.Text("rpt_reason"), "at least 40") {
			t.Errorf("trained on %v rows: %s", v["rpt_rows"], v.Text("rpt_reason"))
		}
		for _, wrong := range []string{`{"a": 1}`, `["spam"]`, `[1.5]`, `7`} {
			err := e.store.Write(e.ctx, func(tx *record.Tx) error {
				_, err := tx.Update(e.ctx, "rpt_model", m, record.Row{"rpt_reasonsout": json.RawMessage(wrong)}, record.Match{})
				return err
			})
			if errs.CodeOf(err) != "scoring.setup" {
				t.Errorf("%s: %v", wrong, err)
			}
		}
	})
}

func TestImportsAreCancelledAndChecked(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		row, err := e.service.Upload(e.ctx, "../../x/past.csv", strings.NewReader(past(100)))
		if err != nil || row.Text("rpt_name") != "past.csv" {
			t.Fatal(err, row)
		}
		key := row.ID("rpt_historyimportid")
		if _, err := e.call("rpt_StartHistoryImport", key, map[string]any{"Mapping": `{columns: {Nothing: firstname}}`}); errs.CodeOf(err) != "history.mapping" {
			t.Error(err)
		}
		e.must("rpt_CancelHistoryImport", key, nil)
		if e.get("rpt_historyimport", key).Int("rpt_status") != 5 {
			t.Error("not cancelled")
		}
		if _, err := e.call("rpt_CancelHistoryImport", key, nil); !errors.Is(err, scoring.ErrEnded) {
			t.Error(err)
		}
		if _, err := e.service.Upload(e.ctx, "empty.csv", strings.NewReader("")); errs.CodeOf(err) != "history.empty" {
			t.Error(err)
		}
		broken := e.bring("broken.csv", "a,b\n1,\"2\n"+strings.Repeat("x,y\n", 1<<19), `{unmapped: keep}`)
		if broken.Int("rpt_status") != 4 || !strings.Contains(broken.Text("rpt_error"), "quotation mark") {
			t.Errorf("%v %q", broken["rpt_status"], broken.Text("rpt_error"))
		}
		if cols, err := e.lake.ImportedColumns(e.ctx, "lead"); err == nil {
			for _, err := range e.lake.Imported(e.ctx, "lead", nil) {
				t.Fatalf("rows of a file that failed are there: %v %v", cols, err)
			}
		}
	})
}

// A lead is scored within a second of a change that matters (what is promised on
// a quiet machine; here only that it happens, and that other changes do nothing).
func TestChangesThatMatter(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		e.bring("past.csv", past(1200), mapping)
		m := e.create("rpt_model", record.Row{"rpt_name": "Leads", "rpt_horizon": int64(30)}).ID("rpt_modelid")
		e.must("rpt_PromoteVersion", e.trained(m).ID("rpt_modelversionid"), nil)
		key := e.lead("New", map[string]any{"Job": "student"}, nil)
		e.until("the new lead is scored", func() bool { return e.get("lead", key).Text("rpt_modelversion") == "model 1" })
		before := e.get("lead", key)
		began := time.Now()
		e.update("lead", key, record.Row{"rpt_extra": json.RawMessage(`{"job":"manager"}`)})
		e.until("it is scored again", func() bool { return e.get("lead", key).Int("msdyn_leadscore") > before.Int("msdyn_leadscore")+10 })
		t.Logf("scored after %s", time.Since(began).Round(time.Millisecond))
		got, ok := e.service.Arrive(e.ctx, map[string]any{"lastname": "X"}, map[string]any{"page": "https://x.org/"}, map[string]any{"Job": "manager"})
		if !ok || got.Score < 60 || got.By != "model 1" || len(got.Reasons) == 0 {
			t.Errorf("%+v %v", got, ok)
		}
	})
}

// A model made elsewhere scores as its maker says, on the vectors that came with it.
func TestModelsFromElsewhere(t *testing.T) {
	t.Parallel()
	for file, vectors := range map[string]string{"model_lgbm_bank_noduration_strat20.txt": "byom_lgbm_bank_noduration.csv", "model_xgb_bank_noduration_strat20.json": "byom_xgb_bank_noduration.csv"} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			text := read(t, file)
			encoding := read(t, "byom_encoding_bank_noduration.json")
			leads, chances := vectorsOf(t, read(t, vectors), encoding)
			each(t, func(t *testing.T, e *env) {
				m := e.create("rpt_model", record.Row{"rpt_name": "Leads"}).ID("rpt_modelid")
				out := e.must("rpt_ImportModel", m, map[string]any{"Model": text, "Encoding": encoding, "Rate": 0.11})
				version, err := id.Parse(fmt.Sprint(out["VersionId"]))
				if err != nil {
					t.Fatal(err)
				}
				e.must("rpt_PromoteVersion", version, nil)
				e.until("it is in force", func() bool {
					_, ok := e.service.Arrive(e.ctx, nil, nil, nil)
					return ok
				})
				for i, lead := range leads {
					got, _ := e.service.Arrive(e.ctx, nil, nil, lead)
					if math.Abs(got.Chance-chances[i]) > 1e-5 || got.By != "model 1" {
						t.Fatalf("row %d: %v, want %v, by %q", i, got.Chance, chances[i], got.By)
					}
				}
				if got, _ := e.service.Arrive(e.ctx, nil, nil, leads[0]); len(got.Reasons) == 0 {
					t.Error("no reasons")
				}
			})
		})
	}
}

// vectorsOf gives test vectors as answers of leads, with the chances that the
// models' makers worked out.
func vectorsOf(t *testing.T, text, encoding string) (leads []map[string]any, chances []float64) {
	t.Helper()
	var e struct{ Cats map[string][]string }
	if err := json.Unmarshal([]byte(encoding), &e); err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(records) != 301 {
		t.Fatal(len(records), err)
	}
	for _, r := range records[1:] {
		lead := map[string]any{}
		for i, column := range records[0] {
			name, isInput := strings.CutPrefix(column, "x:")
			n, err := strconv.ParseFloat(r[i], 64)
			switch {
			case column == "p":
				chances = append(chances, n)
			case !isInput || err != nil:
			case strings.Contains(name, "="):
				if of, word, _ := strings.Cut(name, "="); n == 1 {
					lead[of] = word
				}
			case e.Cats[name] != nil:
				lead[name] = e.Cats[name][int(n)]
			default:
				lead[name] = n
			}
		}
		leads = append(leads, lead)
	}
	return leads, chances
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(datasets.Path(t, "imported_models", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The endpoint is asked first; when it is away the version in force answers.
func TestEndpointWithFallback(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		var away atomic.Bool
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if away.Load() {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			fmt.Fprint(w, `{"predictions":[0.77]}`)
		}))
		defer server.Close()
		e.bring("past.csv", past(1200), mapping)
		m := e.create("rpt_model", record.Row{"rpt_name": "Leads", "rpt_horizon": int64(30), "rpt_endpoint": server.URL, "rpt_endpointtimeout": int64(5000)}).ID("rpt_modelid")
		e.must("rpt_PromoteVersion", e.trained(m).ID("rpt_modelversionid"), nil)
		e.until("the endpoint answers", func() bool {
			got, ok := e.service.Arrive(e.ctx, nil, nil, map[string]any{"job": "student"})
			return ok && got.Chance == 0.77 && got.By == "external endpoint" && len(got.Reasons) > 0
		})
		away.Store(true)
		got, ok := e.service.Arrive(e.ctx, nil, nil, map[string]any{"job": "student"})
		if !ok || got.By != "model 1" || got.Chance > 0.3 {
			t.Errorf("%v by %q", got.Chance, got.By)
		}
	})
}

// Only who administers scoring trains and promotes; sellers read.
func TestRights(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		m := e.create("rpt_model", record.Row{"rpt_name": "Leads"}).ID("rpt_modelid")
		ctx := access.With(t.Context(), access.Principal{Kind: access.User, ID: e.sella})
		for _, name := range []string{"rpt_TrainModel", "rpt_RollBackModel", "rpt_ScoreLeads", "rpt_CheckTrainingData", "rpt_ImportModel"} {
			if _, err := e.actions.Call(ctx, name, m, nil); !errs.Has(err, errs.Forbidden) && !errs.Has(err, errs.NotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := e.service.Upload(ctx, "x.csv", strings.NewReader("a,b\n1,2\n")); !errs.Has(err, errs.Forbidden) {
			t.Errorf("upload: %v", err)
		}
	})
}
