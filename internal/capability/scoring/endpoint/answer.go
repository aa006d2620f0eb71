package endpoint

import (
	"encoding/json"
	"math"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

func errAnswer(what string) error {
	return errs.New(errs.Unavailable, "scoring.endpoint_answer", "the endpoint's answer %s", what)
}

// names under which a prediction that is an object holds its chance.
var names = []string{"probability", "probability_1", "score", "prediction"}

// predictions reads one chance a row out of an answer.
func predictions(text []byte, rows int) ([]float64, error) {
	var answer struct {
		Predictions []json.RawMessage `json:"predictions"`
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return nil, errAnswer("is no object with predictions")
	}
	if len(answer.Predictions) != rows {
		return nil, errAnswer("has not one prediction for each lead")
	}
	out := make([]float64, rows)
	for i, raw := range answer.Predictions {
		p, ok := chance(raw)
		if !ok || math.IsNaN(p) || p < 0 || p > 1 {
			return nil, errAnswer("holds a prediction that is no chance between 0 and 1")
		}
		out[i] = p
	}
	return out, nil
}

// chance reads a number, the last of a list (the positive class of two), or a
// member of an object.
func chance(raw json.RawMessage) (float64, bool) {
	var p float64
	if json.Unmarshal(raw, &p) == nil && string(raw) != "null" {
		return p, true
	}
	var list []float64
	if json.Unmarshal(raw, &list) == nil && len(list) > 0 && len(list) <= 2 {
		return list[len(list)-1], true
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(raw, &object) != nil {
		return 0, false
	}
	for _, name := range names {
		if json.Unmarshal(object[name], &p) == nil && len(object[name]) > 0 {
			return p, true
		}
	}
	return 0, false
}
