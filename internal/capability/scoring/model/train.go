package model

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/rapport-platform/rapport/internal/capability/scoring/feature"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/kit/gbdt"
	"github.com/rapport-platform/rapport/internal/kit/logistic"
)

// Options say how a model is trained.
type Options struct {
	Horizon  time.Duration // of the outcome; rows younger than that before the next part are left out
	Threads  int           // 0 means 1
	Seed     uint64
	Open     int     // leads left out because their horizon is not over, for the report
	Sampled  float64 // part of the rows in the frame, for the report; 0 is all
	Hints    []feature.Hint
	Champion *Artifact                       // the version in force, to be compared with; nil for none
	Progress func(stage string, percent int) // may be nil
	Now      func() time.Time
}

const (
	manyRows = 200_000 // from which on fewer parameters are tried, and the regression sees the newest rows only
	treesMax = 600
)

// candidates are the parameters that are tried, the usual ones first.
func candidates(rows int, o Options) []gbdt.Params {
	base := gbdt.DefaultParams()
	base.Rounds, base.Threads, base.Seed = treesMax, max(1, o.Threads), o.Seed
	with := func(rate float64, leaves, least int, lambda float64) gbdt.Params {
		p := base
		p.LearningRate, p.MaxLeaves, p.MinDataInLeaf, p.Lambda = rate, leaves, least, lambda
		return p
	}
	if rows > manyRows {
		big := with(0.1, 31, 100, 1)
		big.Rounds, big.EarlyStopping = 300, 20
		return []gbdt.Params{big}
	}
	return []gbdt.Params{base, with(0.05, 7, 20, 1), with(0.05, 31, 50, 5), with(0.03, 15, 100, 10), with(0.1, 4, 20, 1)}
}

// trainer is one training.
type trainer struct {
	o      Options
	frame  *feature.Frame
	split  feature.Split
	report Report
	params gbdt.Params // chosen
	trees  int         // of the model with them
}

// Train learns from a finished frame and judges what it learned. The artifact is
// nil where the gate of the report refuses; that is no error.
func Train(ctx context.Context, f *feature.Frame, o Options) (*Artifact, Report, error) {
	if o.Progress == nil {
		o.Progress = func(string, int) {}
	}
	began := o.Now()
	t := &trainer{o: o, frame: f, split: feature.Chronological(f.At, o.Horizon)}
	t.describe()
	art, err := t.run(ctx)
	t.report.Seconds = math.Round(o.Now().Sub(began).Seconds()*10) / 10
	if !t.report.Gate.OK {
		art = nil
	}
	return art, t.report, err
}

func (t *trainer) run(ctx context.Context) (*Artifact, error) {
	if t.report.Gate = Enough(t.report.Rows, t.report.Positives); !t.report.Gate.OK {
		return nil, nil
	}
	if t.split.Train.Len() == 0 || t.split.Valid.Len() == 0 {
		first, last := t.frame.Span(0, t.frame.Rows())
		t.report.Gate = refuse("short", "the leads span %d days, which is too short for a horizon of %d: what became of the older ones was not known when the newer ones came", int(last.Sub(first).Hours()/24), t.report.Horizon)
		return nil, nil
	}
	t.o.Progress("features", 10)
	t.report.Hints = append(slices.Clone(t.o.Hints), t.frame.Hints()...)
	for i := range t.frame.Features {
		if n := t.frame.Odd(i); n > 0 {
			if t.report.Odd == nil {
				t.report.Odd = map[string]int{}
			}
			t.report.Odd[t.frame.Features[i].Name] = n
		}
	}
	t.report.Dropped = t.frame.Encode(t.split.Train.To)
	if len(t.frame.Features) == 0 {
		t.report.Gate = refuse("no_signal", "all inputs are empty, or the same for every lead")
		return nil, nil
	}
	for _, part := range []feature.Range{t.split.Train, t.split.Valid, t.split.Test} {
		if yes, n := t.count(part); yes == 0 || yes == n {
			t.report.Gate = refuse("one_class", "in the order of time, one part of the leads has only one outcome: more history is needed")
			return nil, nil
		}
	}
	whole := all(t.frame, t.split.Train)
	champion, challenger, err := t.choose(ctx, whole)
	if err != nil {
		return nil, err
	}
	engine, err := t.engine(whole, champion)
	if err != nil {
		return nil, err
	}
	if err := t.judge(ctx, whole, engine, champion, challenger); err != nil {
		return nil, err
	}
	if t.report.Gate = signal(t.report.Newest); !t.report.Gate.OK {
		return nil, nil
	}
	art := &Artifact{Format: format, Deep: engine}
	if art.Arrival, err = t.arrival(ctx, champion.kind); err != nil {
		return nil, err
	}
	t.o.Progress("reasons", 95)
	t.drivers(whole.at(t.split.Valid), engine)
	return art, nil
}

// describe counts what there is to learn from.
func (t *trainer) describe() {
	r := &t.report
	r.Rows, r.Horizon, r.Open, r.Sampled, r.Purged, r.Ordered = t.frame.Rows(), int(t.o.Horizon.Hours()/24), t.o.Open, t.o.Sampled, t.split.Purged, "time"
	if r.Rows > 0 && t.frame.At[r.Rows-1] == 0 {
		r.Ordered = "file"
	}
	r.Positives, _ = t.count(feature.Range{From: 0, To: r.Rows})
	for _, p := range []struct {
		r  feature.Range
		to *Part
	}{{t.split.Train, &r.Train}, {t.split.Valid, &r.Valid}, {t.split.Test, &r.Test}} {
		yes, n := t.count(p.r)
		*p.to = Part{Rows: n, Rate: math.Round(float64(yes)/float64(max(1, n))*1e4) / 1e4}
		if first, last := t.frame.Span(p.r.From, p.r.To); !first.IsZero() && !last.IsZero() {
			p.to.First, p.to.Last = &first, &last
		}
	}
}

func (t *trainer) count(r feature.Range) (yes, n int) {
	for _, y := range t.frame.Label[r.From:r.To] {
		if y {
			yes++
		}
	}
	return yes, r.Len()
}

// fitted is a model of either kind.
type fitted struct {
	kind  string
	model predictor
	loss  float64 // on the validation rows
}

// choose tries parameters and both kinds of model; the validation rows decide.
func (t *trainer) choose(ctx context.Context, train table) (champion, challenger fitted, err error) {
	valid := train.at(t.split.Valid)
	trees := fitted{kind: KindTrees, loss: math.Inf(1)}
	tries := candidates(train.len(), t.o)
	best := -1
	for i, p := range tries {
		t.o.Progress("training", 15+40*i/len(tries))
		m, rounds, loss, err := boost(ctx, train, valid, p)
		if err != nil {
			return champion, challenger, err
		}
		t.report.Trials = append(t.report.Trials, Trial{Kind: KindTrees, LearningRate: p.LearningRate, Leaves: p.MaxLeaves, LeastRows: p.MinDataInLeaf, Lambda: p.Lambda, Trees: rounds, ValidLoss: math.Round(loss*1e6) / 1e6})
		if loss < trees.loss {
			trees, best = fitted{KindTrees, m, loss}, i
			t.params, t.trees = p, rounds
		}
	}
	t.o.Progress("challenger", 58)
	linear, err := regress(ctx, train, valid)
	if errs.Has(err, errs.TooLarge) || errs.CodeOf(err) == "logistic.singular" {
		linear, err = fitted{kind: KindRegression, loss: math.Inf(1)}, nil // too wide for a regression: the trees have no challenger
	}
	if err != nil {
		return champion, challenger, err
	}
	if !math.IsInf(linear.loss, 1) {
		t.report.Trials = append(t.report.Trials, Trial{Kind: KindRegression, ValidLoss: math.Round(linear.loss*1e6) / 1e6})
	}
	champion, challenger = trees, linear
	if linear.loss < trees.loss {
		champion, challenger, best = linear, trees, len(tries)
	}
	t.report.Trials[best].Chosen = true
	t.report.Champion = champion.kind
	return champion, challenger, nil
}

func boost(ctx context.Context, train, valid table, p gbdt.Params) (m *gbdt.Model, rounds int, loss float64, err error) {
	a, err := train.dataset()
	if err != nil {
		return nil, 0, 0, err
	}
	var b *gbdt.Dataset
	if valid.len() > 0 {
		if b, err = valid.dataset(); err != nil {
			return nil, 0, 0, err
		}
	}
	m, h, err := gbdt.Train(ctx, a, b, p)
	if err != nil {
		return nil, 0, 0, err
	}
	if b == nil {
		return m, len(m.Trees), 0, nil
	}
	loss, err = lossOf(valid.margins(m), valid.labels(), nil)
	return m, h.BestRound, loss, err
}

func regress(ctx context.Context, train, valid table) (fitted, error) {
	train = train.tail(manyRows)
	m, err := logistic.Fit(ctx, train.regression(), train.labels(), nil, logistic.DefaultParams())
	if err != nil {
		return fitted{}, err
	}
	out := fitted{kind: KindRegression, model: linear{m}}
	if valid.len() > 0 {
		out.loss, err = lossOf(valid.margins(out.model), valid.labels(), nil)
	}
	return out, err
}

// engine puts a model together with its calibration and the meaning of its inputs.
func (t *trainer) engine(train table, m fitted) (*Engine, error) {
	valid := train.at(t.split.Valid)
	c, err := calibrate(valid.margins(m.model), valid.labels())
	if err != nil {
		return nil, err
	}
	e := &Engine{Kind: m.kind, Calibration: c, Rate: math.Round(train.rate()*1e4) / 1e4, model: m.model}
	segments := segmentsOf(t.frame, t.split.Train)
	for _, i := range train.columns {
		e.Features, e.Segments = append(e.Features, t.frame.Features[i]), append(e.Segments, segments[i])
	}
	if e.Text, err = write(m.model); err != nil {
		return nil, err
	}
	return e, e.Open()
}

// judge measures on the newest slice, on a random split, and the challenger.
func (t *trainer) judge(ctx context.Context, train table, e *Engine, champion, challenger fitted) error {
	t.o.Progress("judging", 65)
	r := &t.report
	test := train.at(t.split.Test)
	rate := train.rate()
	p := chances(test.margins(champion.model), e.Calibration)
	var err error
	if r.Newest, err = measure(p, test.labels(), rate); err != nil {
		return err
	}
	if r.Curve, err = curve(p, test.labels()); err != nil {
		return err
	}
	if challenger.model != nil {
		if r.Challenger, err = measure(chances(test.margins(challenger.model), nil), test.labels(), rate); err != nil {
			return err
		}
	}
	r.Calibrated = "no"
	if e.Calibration != nil {
		r.Calibrated = e.Calibration.Method
	}
	if t.o.Champion != nil {
		if r.Compared, err = compare(t.frame, t.split.Test, t.o.Champion.Deep, p, t.o.Seed); err != nil {
			return err
		}
	}
	newest := segmentsOf(t.frame, feature.Range{From: t.split.Test.From, To: t.split.Test.To})
	for i := range e.Features {
		r.Inputs = append(r.Inputs, e.Features[i].Name)
		d := psi(&e.Segments[i], recount(t.frame, i, &e.Segments[i], t.split.Test, &newest[i]))
		r.Drift = append(r.Drift, Drift{e.Features[i].Name, e.Features[i].Label, d, Level(d)})
	}
	slices.SortStableFunc(r.Drift, func(a, b Drift) int { return -cmpFloat(a.PSI, b.PSI) })
	return t.random(ctx, train, champion.kind)
}

// recount counts a range by the groups of other segments: of numbers by their
// cuts; categories have the same levels anyway.
func recount(f *feature.Frame, i int, by *Segments, r feature.Range, counted *Segments) *Segments {
	numbers := f.Numbers(i)
	if numbers == nil {
		return counted
	}
	out := &Segments{Cuts: by.Cuts, Groups: make([]Tally, len(by.Groups))}
	for row := r.From; row < r.To; row++ {
		out.at(numbers[row]).add(f.Label[row])
	}
	return out
}

// random gives the figures of the same parameters on a split without regard to
// time, which most reports show alone.
func (t *trainer) random(ctx context.Context, train table, kind string) error {
	t.o.Progress("judging", 75)
	a, b, c := feature.Stratified(t.frame.Label)
	learn, valid, test := train.pick(a), train.pick(b), train.pick(c)
	m, err := t.again(ctx, learn, valid, kind)
	if err != nil {
		return err
	}
	t.report.Random, err = measure(chances(test.margins(m.model), nil), test.labels(), learn.rate())
	return err
}

// again trains the kind with the parameters that were chosen.
func (t *trainer) again(ctx context.Context, learn, valid table, kind string) (fitted, error) {
	if kind == KindRegression {
		return regress(ctx, learn, valid)
	}
	m, _, loss, err := boost(ctx, learn, valid, t.params)
	return fitted{KindTrees, m, loss}, err
}

// arrival trains the model for leads that have just come: on what is known by
// then, and on leads as they were then. It is nil where that is all there is.
func (t *trainer) arrival(ctx context.Context, kind string) (*Engine, error) {
	t.o.Progress("arrival", 85)
	var columns []int
	for i := range t.frame.Features {
		if t.frame.Features[i].Arrival {
			columns = append(columns, i)
		}
	}
	first := func(r feature.Range) table {
		out := table{frame: t.frame, columns: columns, rows: []int32{}}
		for i := r.From; i < r.To; i++ {
			if t.frame.First[i] {
				out.rows = append(out.rows, int32(i))
			}
		}
		return out
	}
	learn, valid, test := first(t.split.Train), first(t.split.Valid), first(t.split.Test)
	if len(columns) == len(t.frame.Features) && learn.len() == t.split.Train.Len() || len(columns) == 0 {
		return nil, nil
	}
	for _, p := range []table{learn, valid, test} {
		if r := p.rate(); p.len() == 0 || r == 0 || r == 1 {
			return nil, nil
		}
	}
	m, err := t.again(ctx, learn, valid, kind)
	if err != nil {
		return nil, err
	}
	c, err := calibrate(valid.margins(m.model), valid.labels())
	if err != nil {
		return nil, err
	}
	figures, err := measure(chances(test.margins(m.model), c), test.labels(), learn.rate())
	if err != nil {
		return nil, err
	}
	t.report.Arrival = &figures
	if !signal(figures).OK {
		return nil, nil
	}
	e := &Engine{Kind: m.kind, Calibration: c, Rate: math.Round(learn.rate()*1e4) / 1e4, model: m.model}
	segments := segmentsOf(t.frame, t.split.Train)
	for _, i := range columns {
		e.Features, e.Segments = append(e.Features, t.frame.Features[i]), append(e.Segments, segments[i])
	}
	if e.Text, err = write(m.model); err != nil {
		return nil, err
	}
	return e, e.Open()
}

// explained is how many rows the drivers are worked out from.
const explained = 500

// drivers gives the mean effect of each source of inputs.
func (t *trainer) drivers(rows table, e *Engine) {
	sum := map[string]float64{}
	labels := map[string]map[string]string{}
	row, effects := make([]float64, len(e.Features)), make([]float64, len(e.Features))
	step := max(1, rows.len()/explained)
	n := 0
	for i := 0; i < rows.len(); i += step {
		rows.row(i, row)
		e.Effects(row, effects)
		bySource := map[string]float64{}
		for k, v := range effects {
			bySource[e.Features[k].Source] += v
			if labels[e.Features[k].Source] == nil {
				labels[e.Features[k].Source] = e.Features[k].Label
			}
		}
		for s, v := range bySource {
			sum[s] += math.Abs(v)
		}
		n++
	}
	total := 0.0
	for _, v := range sum {
		total += v
	}
	for s, v := range sum {
		t.report.Drivers = append(t.report.Drivers, Driver{Source: s, Label: labels[s], Weight: math.Round(v/float64(n)*1e4) / 1e4, Share: math.Round(v/max(total, 1e-12)*1e4) / 1e4})
	}
	slices.SortFunc(t.report.Drivers, func(a, b Driver) int { return -cmpFloat(a.Weight, b.Weight) })
}
