package flow

import (
	"encoding/json"
	"maps"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
)

// Status is where a run stands, an option of rpt_status.
type Status int64

// The statuses.
const (
	Running   Status = 0
	Succeeded Status = 1
	Failed    Status = 2
	Waiting   Status = 3
	Cancelled Status = 4
)

// ended tells whether nothing more happens by itself.
func (s Status) ended() bool { return s == Succeeded || s == Failed || s == Cancelled }

// state is where a run is in its program, and what it knows. It is written only
// where a run outlives a transaction. All values are plain (see plain.go) and
// are never changed in place, so that a copy of the maps is a copy of the state.
type state struct {
	PC    int                `json:"pc"`
	Hash  string             `json:"hash"` // of the definition that PC belongs to
	Steps map[string]any     `json:"steps,omitempty"`
	Vars  map[string]any     `json:"vars,omitempty"`
	Items map[string]any     `json:"items,omitempty"`
	Loops map[string]*cursor `json:"loops,omitempty"`
	Tries map[string]int     `json:"tries,omitempty"` // of steps with a retry
	Seq   int64              `json:"seq"`             // checkpoints written
	Count int                `json:"count"`           // steps done
	// Trigger is the input where rpt_input keeps it masked.
	Trigger map[string]any `json:"trigger,omitempty"`
	Origin  string         `json:"origin,omitempty"`
}

// cursor is where a foreach is in its list.
type cursor struct {
	Items []any `json:"items"`
	At    int   `json:"at"`
}

func (s *state) clone() *state {
	c := *s
	c.Steps, c.Vars, c.Items, c.Tries = mapOf(s.Steps), mapOf(s.Vars), mapOf(s.Items), maps.Clone(s.Tries)
	c.Loops = make(map[string]*cursor, len(s.Loops))
	for name, l := range s.Loops {
		copied := *l
		c.Loops[name] = &copied
	}
	return &c
}

func mapOf(m map[string]any) map[string]any {
	if m == nil {
		return map[string]any{}
	}
	return maps.Clone(m)
}

// maxState bounds what a run may know between two transactions, as JSON.
const maxState = 1 << 20

func (s *state) encode() (json.RawMessage, error) {
	text, err := json.Marshal(s)
	if err != nil {
		return nil, errs.Wrap(err, errs.Internal, "flow.state", "the state of the run can't be written")
	}
	if len(text) > maxState {
		return nil, errs.New(errs.Invalid, "flow.limit", "the run holds more than 1 MB of values")
	}
	return text, nil
}

func decodeState(text []byte) (*state, error) {
	s := new(state)
	if err := json.Unmarshal(text, s); err != nil {
		return nil, errs.Wrap(err, errs.Internal, "flow.state", "the state of the run can't be read")
	}
	s.Steps, s.Vars, s.Items, s.Trigger = plainMap(s.Steps), plainMap(s.Vars), plainMap(s.Items), plainTrigger(s.Trigger)
	for _, l := range s.Loops {
		l.Items, _ = plain(l.Items).([]any)
	}
	return s, nil
}

func plainTrigger(m map[string]any) map[string]any {
	if m == nil {
		return nil
	}
	return plainMap(m)
}

// Run is a row of rpt_flowrun.
type Run struct {
	ID          id.ID
	FlowID      id.ID
	FlowName    string
	Version     int64
	Name        string
	Status      Status
	StartedOn   time.Time
	CompletedOn time.Time // zero until it has ended
	Error       string
	Input       map[string]any // masked
	Key         string
	Regarding   id.ID
}
