package scoring

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
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
// first the numeric ones, then the categories, each with its values in the order
// of their codes, or of the columns that each value has for itself.
type encodingText struct {
	Numbers    []string   `json:"num"`
	Categories categories `json:"cats"`
}

// categories keep the order in which they stand in the text.
type categories []category

type category struct {
	Name   string
	Values []string
}

// UnmarshalJSON reads an object of lists.
func (c *categories) UnmarshalJSON(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return errs.New(errs.Invalid, "scoring.encoding", "cats must be an object")
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		one := category{Name: name.(string)} // an object's keys are texts
		if err := d.Decode(&one.Values); err != nil {
			return err
		}
		for i, v := range one.Values {
			if v == "__RARE__" {
				one.Values[i] = feature.Other
			}
		}
		*c = append(*c, one)
	}
	return nil
}

// inputs gives the model's inputs: by their names if it names them, else in the
// order of the encoding, with one column for a category or one for each value.
func (e *encodingText) inputs(names []string) ([]feature.Feature, error) {
	var native, wide []feature.Feature
	byName := map[string]feature.Feature{}
	add := func(f feature.Feature, to ...*[]feature.Feature) {
		for _, list := range to {
			*list = append(*list, f)
		}
		byName[f.Name] = f
	}
	for _, n := range e.Numbers {
		f := feature.Further(feature.AnswerName(n))
		f.Name, f.Kind = n, feature.Number
		add(f, &native, &wide)
	}
	for _, c := range e.Categories {
		f := feature.Further(feature.AnswerName(c.Name))
		f.Name, f.Kind, f.Levels = c.Name, feature.Category, c.Values
		add(f, &native)
		for _, v := range c.Values {
			is := f
			is.Name, is.Kind, is.Op, is.Is, is.Levels = c.Name+"="+v, feature.Number, feature.OpIs, v, nil
			if v == feature.Other {
				is.Known = c.Values
			}
			add(is, &wide)
		}
	}
	out := make([]feature.Feature, 0, len(names))
	for _, n := range names {
		if f, ok := byName[n]; ok {
			out = append(out, f)
		}
	}
	switch len(names) {
	case len(out):
		return out, nil
	case len(native):
		return native, nil
	case len(wide):
		return wide, nil
	}
	return nil, errs.InvalidFields("scoring.encoding", "the encoding does not fit the model", []errs.Field{{Name: "Encoding", Code: "columns",
		Message: fmt.Sprintf("the model takes %d inputs; the encoding describes %d columns, or %d with one for each value", len(names), len(native), len(wide))}})
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
	var names []string
	engine, err := model.FromElsewhere(kind, in.Model, func(_ int, name string, levels []string, category bool) feature.Feature {
		names = append(names, name)
		f := feature.Further(feature.AnswerName(name))
		if i := slices.IndexFunc(proposed, func(p feature.Feature) bool { return p.Name == name }); i >= 0 {
			f = proposed[i]
		}
		f.Name, f.Kind, f.Levels = name, feature.Number, levels
		if category || len(levels) > 0 {
			f.Kind = feature.Category
		}
		return f
	})
	if err != nil {
		return id.Nil, err
	}
	if in.Encoding != "" {
		described, err := encoding.inputs(names)
		if err != nil {
			return id.Nil, err
		}
		engine.Features = described
		if err := engine.Open(); err != nil {
			return id.Nil, err
		}
	}
	engine.Rate = in.Rate
	if engine.Rate <= 0 || engine.Rate >= 1 {
		engine.Rate = 0.5
		if set := setupOf(m); set.Scale.Reference > 0 {
			engine.Rate = set.Scale.Reference
		}
	}
	names = names[:0]
	for _, f := range engine.Features {
		names = append(names, f.Name)
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
