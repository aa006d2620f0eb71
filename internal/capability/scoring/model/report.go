package model

import (
	"time"

	"github.com/rapport-platform/rapport/internal/capability/scoring/feature"
)

// Metrics are the figures of predictions on rows that nothing was chosen by.
type Metrics struct {
	Rows     int     `json:"rows"`
	Rate     float64 `json:"rate"` // of success
	AUC      float64 `json:"auc"`
	AUCLow   float64 `json:"aucLow"` // 95 % interval
	AUCHigh  float64 `json:"aucHigh"`
	LogLoss  float64 `json:"logLoss"`
	Brier    float64 `json:"brier"`
	ECE      float64 `json:"ece"`      // expected calibration error, ten groups of equal size
	Lift10   float64 `json:"lift10"`   // rate among the best tenth over the rate of all
	Top20    float64 `json:"top20"`    // share of all successes among the best fifth
	PriorLog float64 `json:"priorLog"` // log-loss of saying the training's rate of every lead
}

// Bin is one group of leads in a plot.
type Bin struct {
	Rows      int     `json:"rows"`
	Predicted float64 `json:"predicted"` // mean chance
	Observed  float64 `json:"observed"`  // rate of success
}

// Part is a part of the data.
type Part struct {
	Rows  int        `json:"rows"`
	Rate  float64    `json:"rate"`
	First *time.Time `json:"first,omitempty"`
	Last  *time.Time `json:"last,omitempty"`
}

// Trial is one set of parameters that was tried.
type Trial struct {
	Kind         string  `json:"kind"` // gbdt, logistic
	LearningRate float64 `json:"learningRate,omitempty"`
	Leaves       int     `json:"leaves,omitempty"`
	LeastRows    int     `json:"leastRows,omitempty"`
	Lambda       float64 `json:"lambda,omitempty"`
	Trees        int     `json:"trees,omitempty"`
	ValidLoss    float64 `json:"validLoss"`
	Chosen       bool    `json:"chosen,omitempty"`
}

// Driver is how much a source of inputs moves scores, over all leads.
type Driver struct {
	Source string            `json:"source"`
	Label  map[string]string `json:"label"`
	Weight float64           `json:"weight"` // mean absolute effect on the log-odds
	Share  float64           `json:"share"`  // of all
}

// Drift is how far an input has moved.
type Drift struct {
	Name  string            `json:"name"`
	Label map[string]string `json:"label"`
	PSI   float64           `json:"psi"`   // population stability index
	Level string            `json:"level"` // "none", "some" from 0.1, "strong" from 0.25
}

// Gate says whether a model may be used.
type Gate struct {
	OK      bool   `json:"ok"`
	Code    string `json:"code,omitempty"` // few, one_class, short, no_signal, no_gain
	Message string `json:"message,omitempty"`
}

// Report is what a training found.
type Report struct {
	Rows       int               `json:"rows"`
	Positives  int               `json:"positives"`
	Sampled    float64           `json:"sampled,omitempty"` // part of the rows that was used, where not all fit
	Ordered    string            `json:"ordered"`           // "time" or "file"
	Horizon    int               `json:"horizon"`           // days
	Train      Part              `json:"train"`
	Valid      Part              `json:"valid"`
	Test       Part              `json:"test"`
	Purged     int               `json:"purged"` // rows left out between the parts
	Open       int               `json:"open"`   // leads whose horizon is not over, left out
	Champion   string            `json:"champion"`
	Trials     []Trial           `json:"trials"`
	Newest     Metrics           `json:"newest"`     // of the champion, on the newest slice
	Random     Metrics           `json:"random"`     // of the same parameters, on a random split
	Challenger Metrics           `json:"challenger"` // of the other kind, on the newest slice
	Arrival    *Metrics          `json:"arrival,omitempty"`
	Calibrated string            `json:"calibrated"` // "no", "platt", "isotonic"
	Curve      []Bin             `json:"curve"`      // calibration on the newest slice, by tenths of the chance
	Drivers    []Driver          `json:"drivers"`
	Drift      []Drift           `json:"drift"` // between the rows learned from and the newest slice
	Hints      []feature.Hint    `json:"hints"`
	Dropped    []feature.Dropped `json:"dropped"`
	Odd        map[string]int    `json:"odd,omitempty"` // values of numbers that were none, by feature
	Inputs     []string          `json:"inputs"`
	Gate       Gate              `json:"gate"`
	Seconds    float64           `json:"seconds"`
	Compared   *Compared         `json:"compared,omitempty"` // with the version in force
}

// Compared is a model against the version in force, on the same newest leads.
type Compared struct {
	Rows   int     `json:"rows"`
	Gain   float64 `json:"gain"` // log-loss of the version in force less that of the model
	Low    float64 `json:"low"`  // 95 % interval by paired bootstrap
	High   float64 `json:"high"`
	Better bool    `json:"better"` // the interval lies above 0
}
