package scoring

import (
	"context"
	"encoding/json"
	"errors"
	"hash/fnv"
	"slices"
	"sync"
	"time"

	"github.com/rapport-platform/rapport/internal/capability/scoring/feature"
	"github.com/rapport-platform/rapport/internal/capability/scoring/model"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// learning is the collecting of rows to learn from.
type learning struct {
	setup   *Setup
	now     time.Time
	frame   *feature.Frame
	open    int // leads whose horizon is not over
	leftOut int // leads closed for a reason that is left out
	hints   []feature.Hint
	most    uint64 // of the hash of a key that is taken; 0 takes all
}

// takes tells whether a lead is among those learned from, where there are more than fit.
func (l *learning) takes(key string) bool {
	if l.most == 0 {
		return true
	}
	h := fnv.New64a()
	h.Write([]byte(key))
	return h.Sum64() <= l.most
}

// limit keeps a part of the leads, chosen by their keys.
func (l *learning) limit(leads, most int) {
	if leads > most {
		l.most = uint64(float64(most) / float64(leads) * (1 << 63) * 2)
	}
}

func (l *learning) part() float64 {
	if l.most == 0 {
		return 0
	}
	return float64(l.most) / (1 << 63) / 2
}

// collect reads all that there is to learn from.
func (s *Service) collect(ctx context.Context, set *Setup, most int) (*learning, error) {
	features, err := s.features(ctx, set)
	if err != nil {
		return nil, err
	}
	l := &learning{setup: set, now: s.c.Clock.Now(), frame: feature.NewFrame(features)}
	if most > 0 {
		n, err := s.count(ctx, set)
		if err != nil {
			return nil, err
		}
		l.limit(n, most)
	}
	if set.Data != fromOwn {
		if err := s.addPast(ctx, l); err != nil {
			return nil, err
		}
	}
	if set.Data != fromFiles {
		if err := s.addOwn(ctx, l); err != nil {
			return nil, err
		}
	}
	l.frame.Finish()
	return l, nil
}

// features lists the inputs that a model of the set-up may have.
func (s *Service) features(ctx context.Context, set *Setup) ([]feature.Feature, error) {
	lead, err := s.leadTable()
	if err != nil {
		return nil, err
	}
	columns, err := s.attributes(ctx)
	if err != nil {
		return nil, err
	}
	all := append(feature.Propose(lead), answers(columns)...)
	return slices.DeleteFunc(all, func(f feature.Feature) bool {
		// What files don't say would only take memory.
		absent := set.Data == fromFiles && (f.Source == "engagement" || f.Of != "" && !slices.Contains(columns, f.Of))
		return absent || slices.Contains(set.Excluded, f.Name)
	}), nil
}

// count tells about how many rows there are.
func (s *Service) count(ctx context.Context, set *Setup) (n int, err error) {
	if set.Data != fromOwn {
		for _, err := range s.past(ctx, nil) {
			if err != nil {
				return 0, err
			}
			n++
		}
	}
	if set.Data != fromFiles {
		for _, err := range s.c.Lake.History(ctx, "lead", []string{"statecode"}, time.Time{}, time.Time{}) {
			if err != nil {
				return 0, err
			}
			n++
		}
	}
	return n, nil
}

// trainPayload is the payload of a training's job.
type trainPayload struct {
	Version id.ID `json:"version"`
}

// train makes a version and has it trained.
func (s *Service) train(ctx context.Context, tx *record.Tx, of id.ID, scheduled bool) (id.ID, error) {
	ctx = s.system(ctx, "train")
	m, err := tx.Get(ctx, "rpt_model", of, nil, nil)
	if err != nil {
		return id.Nil, err
	}
	busy, err := tx.Find(ctx, query.Query{Table: "rpt_modelversion", Select: []string{"rpt_number"}, Limit: 1, Where: query.And{
		query.Compare{Left: query.Path{"rpt_modelid"}, Value: of}, query.In{Left: query.Path{"rpt_status"}, Values: []any{statusQueued, statusTraining}}}})
	if err != nil {
		return id.Nil, err
	}
	if len(busy.Rows) > 0 {
		return id.Nil, ErrBusy
	}
	v, err := s.newVersion(ctx, tx, m, record.Row{"rpt_scheduled": scheduled, "rpt_origin": originTrained})
	if err != nil {
		return id.Nil, err
	}
	version := v.ID("rpt_modelversionid")
	if _, err := tx.Update(ctx, "rpt_model", of, record.Row{"rpt_lasttrainedon": s.c.Clock.Now()}, record.Match{}); err != nil {
		return id.Nil, err
	}
	_, err = s.c.Queue.Enqueue(tx.SQL(), job.Spec{Kind: jobTrain, Key: version.String(), Payload: trainPayload{version}})
	return version, err
}

// watch is how often a training looks whether it has been cancelled.
const watch = time.Second

// runTrain trains a version.
func (s *Service) runTrain(ctx context.Context, j *job.Job) error {
	var p trainPayload
	if err := json.Unmarshal(j.Payload, &p); err != nil {
		return job.Permanent(err)
	}
	ctx = s.system(ctx, "train")
	v, err := s.c.Store.Get(ctx, "rpt_modelversion", p.Version, nil, nil)
	if err != nil {
		return job.Permanent(err)
	}
	m, err := s.c.Store.Get(ctx, "rpt_model", v.ID("rpt_modelid"), nil, nil)
	if err != nil {
		return job.Permanent(err)
	}
	work, cancel := context.WithCancelCause(ctx)
	told, stop := s.follow(work, cancel, p.Version)
	art, report, err := s.learn(work, setupOf(m), v, told)
	cancelled := errors.Is(context.Cause(work), errCancelled)
	cancel(nil)
	stop()
	if cancelled {
		s.c.Metrics.trained.WithLabelValues("cancelled").Inc()
		return s.ended(ctx, j, p.Version, record.Row{"rpt_status": statusCancelled}, nil)
	}
	if err != nil {
		if errs.Has(err, errs.Invalid) {
			return job.Permanent(err)
		}
		return err
	}
	text, err := query.RawJSON(report)
	if err != nil {
		return err
	}
	change := record.Row{"rpt_report": text, "rpt_rows": int64(report.Rows), "rpt_kind": report.Champion, "rpt_trainedon": s.c.Clock.Now()}
	if !report.Gate.OK {
		s.c.Metrics.trained.WithLabelValues("refused").Inc()
		change["rpt_status"], change["rpt_reason"] = statusRefused, clip(report.Gate.Message, 4000)
		return s.ended(ctx, j, p.Version, change, nil)
	}
	s.c.Metrics.trained.WithLabelValues("ready").Inc()
	change["rpt_status"], change["rpt_auc"], change["rpt_logloss"] = statusReady, round4(report.Newest.AUC), round4(report.Newest.LogLoss)
	return s.ended(ctx, j, p.Version, change, func(tx *record.Tx) error {
		digest, err := s.keepArtifact(ctx, tx, p.Version, art)
		if err != nil {
			return err
		}
		if _, err := tx.Update(ctx, "rpt_modelversion", p.Version, record.Row{"rpt_digest": digest}, record.Match{}); err != nil {
			return err
		}
		if v["rpt_scheduled"] == true && report.Compared != nil && report.Compared.Better {
			return s.promote(ctx, tx, p.Version, id.Nil)
		}
		return nil
	})
}

// learn collects the rows and trains on them.
func (s *Service) learn(ctx context.Context, set *Setup, v record.Row, told func(string, int)) (*model.Artifact, model.Report, error) {
	told("reading", 2)
	l, err := s.collect(ctx, set, s.c.MaxRows)
	if err != nil {
		return nil, model.Report{}, err
	}
	o := model.Options{Horizon: set.Horizon, Threads: s.c.Threads, Seed: 1, Open: l.open, Sampled: l.part(), Hints: l.hints, Progress: told, Now: s.c.Clock.Now}
	if set.Version != id.Nil {
		if o.Champion, err = s.artifact(ctx, s.c.Store, set.Version); err != nil {
			s.c.Logger.Warn("the version in force can't be compared with", "error", err)
		}
	}
	art, report, err := model.Train(ctx, l.frame, o)
	if art != nil {
		art.Version = versionName(v)
	}
	return art, report, err
}

// follow notes the progress of a training, and cancels it when a person asks.
// Once the context has ended, stop waits until nothing more is noted.
func (s *Service) follow(ctx context.Context, cancel context.CancelCauseFunc, version id.ID) (told func(stage string, percent int), stop func()) {
	type step struct {
		stage   string
		percent int
	}
	steps := make(chan step, 64)
	var noting sync.WaitGroup
	noting.Go(func() {
		at := step{"reading", 0}
		for {
			select {
			case at = <-steps:
			case <-s.c.Clock.After(watch):
			case <-ctx.Done():
				return
			}
			var row record.Row
			err := s.c.Store.Write(ctx, func(tx *record.Tx) (err error) {
				row, err = tx.Update(ctx, "rpt_modelversion", version, record.Row{"rpt_status": statusTraining, "rpt_stage": at.stage, "rpt_progress": int64(at.percent)}, record.Match{})
				return err
			})
			if err == nil && row["rpt_cancel"] == true {
				cancel(errCancelled)
				return
			}
		}
	})
	return func(stage string, percent int) {
		select {
		case steps <- step{stage, percent}:
		default: // progress that nobody waits for
		}
	}, noting.Wait
}

// ended writes what came of a training, together with the end of its job.
func (s *Service) ended(ctx context.Context, j *job.Job, version id.ID, change record.Row, more func(tx *record.Tx) error) error {
	change["rpt_progress"], change["rpt_stage"] = int64(100), nil
	return s.c.Store.Write(ctx, func(tx *record.Tx) error {
		if _, err := tx.Update(ctx, "rpt_modelversion", version, change, record.Match{}); err != nil {
			return err
		}
		if more != nil {
			if err := more(tx); err != nil {
				return err
			}
		}
		return j.Done(tx.SQL())
	})
}

func (s *Service) trainDead(ctx context.Context, tx *sqldb.Tx, j *job.Job, reason error) error {
	var p trainPayload
	if json.Unmarshal(j.Payload, &p) != nil {
		return nil
	}
	s.c.Metrics.trained.WithLabelValues("failed").Inc()
	ctx = s.system(ctx, "train")
	_, err := s.c.Store.Bind(tx).Update(ctx, "rpt_modelversion", p.Version, record.Row{"rpt_status": statusFailed, "rpt_stage": nil, "rpt_reason": clip(why(reason), 4000)}, record.Match{})
	if errors.Is(err, record.ErrNotFound) {
		return nil
	}
	return err
}

// cancelTraining asks a training to end.
func (s *Service) cancelTraining(ctx context.Context, tx *record.Tx, version id.ID) error {
	row, err := tx.Get(ctx, "rpt_modelversion", version, nil, nil)
	if err != nil {
		return err
	}
	if st := row.Int("rpt_status"); st != statusQueued && st != statusTraining {
		return ErrEnded
	}
	_, err = tx.Update(s.system(ctx, "cancel"), "rpt_modelversion", version, record.Row{"rpt_cancel": true}, record.Match{})
	return err
}

func round4(x float64) float64 { return float64(int64(x*1e4+0.5)) / 1e4 }
