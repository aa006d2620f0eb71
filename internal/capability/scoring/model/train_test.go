package model

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/capability/scoring/feature"
	"github.com/rapport-platform/rapport/internal/test/datasets"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func options() Options {
	return Options{Threads: 2, Seed: 1, Now: func() time.Time { return start }}
}

// file reads a data set as one of history: all columns but some are features.
func file(t *testing.T, comma rune, outcome, yes string, without []string, path ...string) *feature.Frame {
	t.Helper()
	f, err := os.Open(datasets.Path(t, path...))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma = comma
	header, err := r.Read()
	if err != nil {
		t.Fatal(err)
	}
	index := map[string]int{}
	var features []feature.Feature
	target := -1
	for i, h := range header {
		name := feature.AnswerName(h)
		index[name] = i
		if h == outcome {
			target = i
			continue
		}
		skip := false
		for _, w := range without {
			skip = skip || w == h
		}
		if !skip {
			features = append(features, feature.Further(name))
		}
	}
	frame := feature.NewFrame(features)
	for n := int64(0); ; n++ {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if target >= 0 && record[target] != yes && strings.Contains("Engaging Prospecting", record[target]) {
			continue
		}
		frame.Add(feature.Line(time.Time{}, index, record), n, record[target] == yes)
	}
	frame.Finish()
	return frame
}

// Bank marketing: the newest slice tells another story than the random split,
// and the drift of its inputs is seen.
func TestBankMarketing(t *testing.T) {
	t.Parallel()
	frame := file(t, ';', "y", "yes", []string{"duration"}, "uci_bank_marketing", "bank-additional-full.csv")
	art, r, err := Train(t.Context(), frame, options())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("champion %s newest %+v random %+v gate %+v calibrated %s %d hints %vs", r.Champion, r.Newest, r.Random, r.Gate, r.Calibrated, len(r.Hints), r.Seconds)
	if r.Random.AUC < 0.775 || r.Random.LogLoss > 0.2810 || r.Newest.AUC > r.Random.AUC-0.1 {
		t.Errorf("random %+v, newest %+v", r.Random, r.Newest)
	}
	strong := map[string]float64{}
	for _, d := range r.Drift {
		if d.Level == "strong" {
			strong[d.Name] = d.PSI
		}
	}
	if strong["x_euribor3m"] < 1 || strong["x_contact"] == 0 && strong["x_poutcome"] == 0 {
		t.Errorf("drift: %v", strong)
	}
	if (art != nil) != r.Gate.OK {
		t.Error("gate and artifact differ")
	}
}

// Won and lost deals that nothing tells apart: no model is made of them.
func TestMavenIsRefused(t *testing.T) {
	t.Parallel()
	frame := file(t, ',', "deal_stage", "Won", []string{"opportunity_id", "close_date", "close_value"}, "maven_crm_sales", "sales_pipeline.csv")
	art, r, err := Train(t.Context(), frame, options())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d rows, newest %+v gate %+v", r.Rows, r.Newest, r.Gate)
	if art != nil || r.Gate.OK || r.Gate.Code != "no_signal" && r.Gate.Code != "no_gain" {
		t.Errorf("%+v", r.Gate)
	}
}

// made is leads of which a rule decides, with noise; ordered by time.
func made(rows int, seed uint64, rate func(job string, visits float64) float64) *feature.Frame {
	r := rand.New(rand.NewPCG(seed, 3))
	features := []feature.Feature{feature.Further("x_job"), feature.Further("x_noise"),
		{Name: "views:7", Source: "engagement", Op: feature.OpViews, Days: 7, Kind: feature.Number, Label: map[string]string{"en": "Pages viewed"}}}
	f := feature.NewFrame(features)
	for i := range rows {
		at := start.Add(time.Duration(i) * time.Hour)
		job := []string{"student", "manager", "farmer"}[r.IntN(3)]
		var events []feature.Event
		n := r.IntN(6)
		for range n {
			events = append(events, feature.Event{At: at.Add(-time.Hour), Page: "/"})
		}
		v := feature.Known(at, at, map[string]string{"x_job": job, "x_noise": fmt.Sprint(r.IntN(50))}, events)
		f.Add(v, int64(i), r.Float64() < rate(job, float64(n)))
	}
	f.Finish()
	return f
}

func plain(job string, visits float64) float64 {
	return map[string]float64{"student": 0.1, "manager": 0.5, "farmer": 0.25}[job] * (0.5 + visits/5)
}

func TestTrainsExplainsAndKeeps(t *testing.T) {
	t.Parallel()
	art, r, err := Train(t.Context(), made(4000, 1, plain), options())
	if err != nil || art == nil {
		t.Fatal(r.Gate, err)
	}
	if art.Arrival == nil || len(art.Arrival.Features) != 2 || r.Arrival == nil {
		t.Errorf("the model for arriving leads: %+v", art.Arrival)
	}
	if r.Newest.AUC < 0.7 || r.Newest.ECE > 0.08 || len(r.Curve) != 10 || r.Drivers[0].Source == "x_noise" {
		t.Errorf("%+v %+v", r.Newest, r.Drivers)
	}
	text, err := art.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again, err := Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	now := start.AddDate(0, 6, 0)
	good := feature.Known(now, now, map[string]string{"x_job": "manager", "x_noise": "3"}, []feature.Event{{At: now.Add(-time.Hour)}, {At: now.Add(-time.Hour)}, {At: now.Add(-time.Hour)}, {At: now.Add(-time.Hour)}, {At: now.Add(-2 * time.Hour)}})
	bad := feature.Known(now, now, map[string]string{"x_job": "student"}, nil)
	a, b := again.Deep.Explain(good), again.Deep.Explain(bad)
	if a.Chance < 0.55 || b.Chance > 0.2 || a.Chance != art.Deep.Score(good) {
		t.Errorf("%v %v %v", a.Chance, b.Chance, art.Deep.Score(good))
	}
	if len(a.Reasons) < 2 || !strings.Contains(a.Reasons[0].Text+a.Reasons[1].Text, "Job: manager") || a.Reasons[0].Rate == nil {
		t.Errorf("%+v", a.Reasons)
	}
	for _, damaged := range []string{"", "{}", strings.Replace(string(text), `"format":1`, `"format":9`, 1), string(text[:len(text)/2])} {
		if _, err := Decode([]byte(damaged)); err == nil {
			t.Errorf("a damaged file is taken: %.40s", damaged)
		}
	}
}

func TestGate(t *testing.T) {
	t.Parallel()
	for want, f := range map[string]*feature.Frame{
		"few":       made(100, 1, func(string, float64) float64 { return 0.2 }),
		"one_class": made(500, 1, func(string, float64) float64 { return 0 }),
		"no_signal": made(1500, 2, func(string, float64) float64 { return 0.3 }),
	} {
		art, r, err := Train(t.Context(), f, options())
		if err != nil || art != nil || r.Gate.Code != want && !(want == "no_signal" && r.Gate.Code == "no_gain") {
			t.Errorf("%s: %+v %v", want, r.Gate, err)
		}
	}
	if _, r, err := Train(t.Context(), made(0, 1, plain), options()); err != nil || r.Gate.Code != "few" {
		t.Errorf("no rows: %+v %v", r.Gate, err)
	}
}

func TestTrainingEndsWhenCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	o := options()
	o.Progress = func(stage string, _ int) {
		if stage == "training" {
			cancel()
		}
	}
	if _, _, err := Train(ctx, made(4000, 1, plain), o); err == nil {
		t.Error("it went on")
	}
}

func TestScale(t *testing.T) {
	t.Parallel()
	s := DefaultScale(0.1)
	for p, want := range map[float64]int64{0.1: 50, 0.25: 75, 0.0357142857: 25, 0: 1, 1: 100} {
		if got := s.Score(p); got != want {
			t.Errorf("%v: %d, want %d", p, got, want)
		}
	}
	last := int64(0)
	for p := 0.0; p <= 1; p += 0.001 {
		if got := s.Score(p); got < last {
			t.Fatal("the score falls")
		} else {
			last = got
		}
	}
	if s.Grade(75) != GradeA || s.Grade(74) != GradeB || s.Grade(24) != GradeD || s.Check() != nil || (Scale{Reference: 0.1, A: 50, B: 60, C: 10}).Check() == nil {
		t.Error("grades")
	}
}

func TestTrend(t *testing.T) {
	t.Parallel()
	var c Course
	at := func(days int) time.Time { return start.AddDate(0, 0, days) }
	if c.Trend(at(0)) != TooLittle || c.Add(Point{At: at(0), Score: 20}).Trend(at(1)) != TooLittle {
		t.Error("a trend from too little")
	}
	c = c.Add(Point{At: at(0), Score: 20}).Add(Point{At: at(1), Score: 60})
	if c.Trend(at(2)) != Improving || c.Trend(at(20)) != Steady || c.Add(Point{At: at(3), Score: 40}).Trend(at(3)) != Declining {
		t.Error("trends")
	}
	for i := range 300 {
		c = c.Add(Point{At: at(i), Score: int64(i % 100)})
	}
	if len(c.Points) != maxPoints || c.Points[0].Score != 20 {
		t.Errorf("%d points, first %d", len(c.Points), c.Points[0].Score)
	}
}
