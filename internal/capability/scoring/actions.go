package scoring

import (
	"context"
	"encoding/json"

	"github.com/rapport-platform/rapport/internal/capability/scoring/history"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// VersionOutput names a version.
type VersionOutput struct {
	VersionID id.ID `json:"VersionId"`
}

// ImportModelInput is a model that was trained elsewhere.
type ImportModelInput struct {
	Model    string  `json:"Model" doc:"The file: LightGBM text, or XGBoost JSON"`
	Encoding string  `json:"Encoding,omitempty" doc:"How columns became numbers, as JSON: num (names) and cats (values in the order of their codes, by name)"`
	Rate     float64 `json:"Rate,omitempty" doc:"Share of leads that converted in the data that it learned from; gets the score 50 if nothing else does yet"`
}

// FitnessOutput is what a check found.
type FitnessOutput struct {
	Fitness string `json:"Fitness" doc:"What there is to learn from, as JSON"`
}

// StartImportInput is the mapping of a file.
type StartImportInput struct {
	Mapping string `json:"Mapping" doc:"What the columns mean, as JSON or YAML"`
}

// ScoreOutput is a lead's score.
type ScoreOutput struct {
	Score   int64 `json:"Score"`
	Grade   int64 `json:"Grade" doc:"0 to 3 for A to D"`
	Trend   int64 `json:"Trend" doc:"0 improving, 1 steady, 2 declining, 3 not enough information"`
	Written bool  `json:"Written" doc:"Whether it changed enough to be written"`
}

// Define declares the actions.
func (s *Service) Define(r *action.Registry) {
	onModel := func(name, doc string) action.Spec {
		return action.Spec{Name: name, Table: "rpt_model", Effect: action.DB, Right: access.Write, Description: doc}
	}
	action.Define(r, onModel("rpt_TrainModel", "Trains a new version of a scoring model."), func(ctx context.Context, c action.Call, _ action.Empty) (VersionOutput, error) {
		if err := s.mayWrite(ctx, c, "rpt_model"); err != nil {
			return VersionOutput{}, err
		}
		version, err := s.train(ctx, c.Tx, c.Target, false)
		return VersionOutput{version}, err
	})
	action.Define(r, onModel("rpt_RollBackModel", "Puts the version in force that was so before."), func(ctx context.Context, c action.Call, _ action.Empty) (VersionOutput, error) {
		if err := s.mayWrite(ctx, c, "rpt_model"); err != nil {
			return VersionOutput{}, err
		}
		version, err := s.rollBack(ctx, c.Tx, c.Target)
		return VersionOutput{version}, err
	})
	action.Define(r, onModel("rpt_ScoreLeads", "Scores all open leads."), func(ctx context.Context, c action.Call, _ action.Empty) (action.Empty, error) {
		if err := s.mayWrite(ctx, c, "rpt_model"); err != nil {
			return action.Empty{}, err
		}
		if s.inForce() == nil {
			return action.Empty{}, ErrNoModel
		}
		return action.Empty{}, s.enqueueBatch(c.Tx, "asked for")
	})
	action.Define(r, onModel("rpt_ImportModel", "Makes a version of a model trained elsewhere: LightGBM text or XGBoost JSON."), func(ctx context.Context, c action.Call, in ImportModelInput) (VersionOutput, error) {
		if err := s.mayWrite(ctx, c, "rpt_model"); err != nil {
			return VersionOutput{}, err
		}
		version, err := s.importModel(ctx, c.Tx, c.Target, in)
		return VersionOutput{version}, err
	})
	action.Define(r, action.Spec{Name: "rpt_CheckTrainingData", Table: "rpt_model", Effect: action.Read, Right: access.Write, Description: "Tells what a training would learn from, and which columns may know the outcome."}, s.checkData)
	action.Define(r, action.Spec{Name: "rpt_PromoteVersion", Table: "rpt_modelversion", Effect: action.DB, Right: access.Write, Description: "Puts a version in force; all open leads are scored by it."},
		func(ctx context.Context, c action.Call, _ action.Empty) (action.Empty, error) {
			if err := s.mayWriteVersion(ctx, c); err != nil {
				return action.Empty{}, err
			}
			return action.Empty{}, s.promote(ctx, c.Tx, c.Target, access.From(ctx).ID)
		})
	action.Define(r, action.Spec{Name: "rpt_CancelTraining", Table: "rpt_modelversion", Effect: action.DB, Right: access.Write, Description: "Ends a training."},
		func(ctx context.Context, c action.Call, _ action.Empty) (action.Empty, error) {
			if err := s.mayWriteVersion(ctx, c); err != nil {
				return action.Empty{}, err
			}
			return action.Empty{}, s.cancelTraining(ctx, c.Tx, c.Target)
		})
	action.Define(r, action.Spec{Name: "rpt_StartHistoryImport", Table: "rpt_historyimport", Effect: action.DB, Right: access.Write, Description: "Imports an uploaded file of past leads under a mapping."}, s.startImport)
	action.Define(r, action.Spec{Name: "rpt_CancelHistoryImport", Table: "rpt_historyimport", Effect: action.DB, Right: access.Write, Description: "Ends an import; nothing of the file stays."},
		func(ctx context.Context, c action.Call, _ action.Empty) (action.Empty, error) {
			if err := s.mayWrite(ctx, c, "rpt_historyimport"); err != nil {
				return action.Empty{}, err
			}
			return action.Empty{}, s.cancelImport(ctx, c.Tx, c.Target)
		})
	action.Define(r, action.Spec{Name: "rpt_ScoreLead", Table: "lead", Effect: action.DB, Right: access.Read, Description: "Scores one lead by the model in force, now."}, s.scoreNow)
}

// mayWrite checks that the caller may change the row: an update of nothing does.
func (s *Service) mayWrite(ctx context.Context, c action.Call, table string) error {
	_, err := c.Tx.Update(ctx, table, c.Target, record.Row{}, record.Match{})
	return err
}

// mayWriteVersion checks by the model that the version belongs to, as versions
// themselves are written by the platform alone.
func (s *Service) mayWriteVersion(ctx context.Context, c action.Call) error {
	row, err := c.Tx.Get(ctx, "rpt_modelversion", c.Target, []string{"rpt_modelid"}, nil)
	if err != nil {
		return err
	}
	_, err = c.Tx.Update(ctx, "rpt_model", row.ID("rpt_modelid"), record.Row{}, record.Match{})
	return err
}

func (s *Service) checkData(ctx context.Context, c action.Call, _ action.Empty) (FitnessOutput, error) {
	row, err := c.Reader.Get(ctx, "rpt_model", c.Target, nil, nil)
	if err != nil {
		return FitnessOutput{}, err
	}
	f, err := s.fitness(ctx, setupOf(row))
	if err != nil {
		return FitnessOutput{}, err
	}
	text, err := json.Marshal(f)
	return FitnessOutput{string(text)}, err
}

func (s *Service) startImport(ctx context.Context, c action.Call, in StartImportInput) (action.Empty, error) {
	if err := s.mayWrite(ctx, c, "rpt_historyimport"); err != nil {
		return action.Empty{}, err
	}
	m, err := history.ReadMapping(in.Mapping)
	if err != nil {
		return action.Empty{}, err
	}
	return action.Empty{}, s.begin(ctx, c.Tx, c.Target, m)
}

// scoreNow scores a lead that the caller may see, by the version in force.
func (s *Service) scoreNow(ctx context.Context, c action.Call, _ action.Empty) (ScoreOutput, error) {
	if _, err := c.Tx.Get(ctx, "lead", c.Target, []string{"leadid"}, nil); err != nil {
		return ScoreOutput{}, err
	}
	set := s.inForce()
	if set == nil {
		return ScoreOutput{}, ErrNoModel
	}
	ctx = s.system(ctx, "asked for")
	row, err := c.Tx.Get(ctx, "lead", c.Target, nil, nil)
	if err != nil {
		return ScoreOutput{}, err
	}
	if !isOpen(row) {
		return ScoreOutput{}, errs.New(errs.Conflict, "scoring.closed", "the lead is closed: it is not scored any more")
	}
	if set.Endpoint != nil { // nothing outside is asked within a transaction
		return ScoreOutput{Score: row.Int("msdyn_leadscore"), Grade: row.Int("msdyn_leadgrade"), Trend: row.Int("msdyn_leadscoretrend")}, s.enqueueLeads(c.Tx.SQL(), []id.ID{c.Target})
	}
	now := s.c.Clock.Now()
	v, err := s.view(ctx, c.Tx, row, now)
	if err != nil {
		return ScoreOutput{}, err
	}
	got, err := s.write(ctx, c.Tx, set, row, s.explain(ctx, set, v), now)
	return ScoreOutput{got.Score, got.Grade, got.Trend, got.Written}, err
}
