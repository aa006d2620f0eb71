package scoring

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/capability/scoring/feature"
	"github.com/rapport-platform/rapport/internal/capability/scoring/model"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// encodingText is how the columns of a model made elsewhere were made numbers:
// numeric ones by name, and the values of categories in the order of their codes.
type encodingText struct {
	Numbers    []string            `json:"num"`
	Categories map[string][]string `json:"cats"`
}

// importModel makes a version of a model trained elsewhere. Its inputs are found
// by name: features of ours, columns of the lead, or further answers.
func (s *Service) importModel(ctx context.Context, tx *record.Tx, of id.ID, in ImportModelInput) (id.ID, error) {
	system := s.system(ctx, "import model")
	m, err := tx.Get(system, "rpt_model", of, nil, nil)
	if err != nil {
		return id.Nil, err
	}
	kind, origin := model.KindLightGBM, originLightGBM
	if strings.HasPrefix(strings.TrimSpace(in.Model), "{") {
		kind, origin = model.KindXGBoost, originXGBoost
	}
	var encoding encodingText
	if in.Encoding != "" {
		if err := json.Unmarshal([]byte(in.Encoding), &encoding); err != nil {
			return id.Nil, errs.InvalidFields("scoring.encoding", "the encoding can't be read", []errs.Field{{Name: "Encoding", Code: "json", Message: "an object with num and cats is expected"}})
		}
	}
	lead, err := s.leadTable()
	if err != nil {
		return id.Nil, err
	}
	proposed := feature.Propose(lead)
	engine, err := model.FromElsewhere(kind, in.Model, func(name string, levels []string, category bool) feature.Feature {
		f := feature.Further(feature.AnswerName(name))
		if i := slices.IndexFunc(proposed, func(p feature.Feature) bool { return p.Name == name }); i >= 0 {
			f = proposed[i]
		}
		f.Name, f.Kind = name, feature.Number
		if cats := encoding.Categories[name]; len(cats) > 0 {
			levels, category = cats, true
		}
		if category || len(levels) > 0 {
			f.Kind = feature.Category
			for _, l := range levels {
				if l == "__RARE__" {
					l = feature.Other
				}
				f.Levels = append(f.Levels, l)
			}
		}
		return f
	})
	if err != nil {
		return id.Nil, err
	}
	engine.Rate = in.Rate
	if engine.Rate <= 0 || engine.Rate >= 1 {
		engine.Rate = 0.5
		if set := setupOf(m); set.Scale.Reference > 0 {
			engine.Rate = set.Scale.Reference
		}
	}
	names := make([]string, len(engine.Features))
	for i, f := range engine.Features {
		names[i] = f.Name
	}
	report, err := query.RawJSON(map[string]any{"champion": kind, "inputs": names, "gate": model.Gate{OK: true}, "imported": true})
	if err != nil {
		return id.Nil, err
	}
	v, err := s.newVersion(system, tx, m, record.Row{"rpt_origin": origin, "rpt_kind": kind, "rpt_status": statusReady, "rpt_progress": int64(100), "rpt_trainedon": s.c.Clock.Now(), "rpt_report": report})
	if err != nil {
		return id.Nil, err
	}
	version := v.ID("rpt_modelversionid")
	art := model.New(engine)
	art.Version = versionName(v)
	digest, err := s.keepArtifact(system, tx, version, art)
	if err != nil {
		return id.Nil, err
	}
	_, err = tx.Update(system, "rpt_modelversion", version, record.Row{"rpt_digest": digest}, record.Match{})
	return version, err
}
