package intake

import (
	"encoding/json"
	"time"

	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Event is what arrived.
type Event struct {
	ID     string
	Source string
	Topic  string
	Time   time.Time // when it was received
	Data   json.RawMessage
}

// Fault is one reason why an event is no lead.
type Fault struct {
	Column  string `json:"column"` // "" where it is about the whole
	Code    string `json:"code"`   // stable: "email.syntax"
	Message string `json:"message"`
}

// Lead is the canonical lead.
type Lead struct {
	Row     record.Row     // canonical values by column, ready for the record store
	Context map[string]any // where and when: page, referrer, utm_*, visitorid …
	Extra   map[string]any // fields that are no columns, or none that an event may set
	Domain  string         // of the e-mail address, ASCII; "" without one
}

// Columns finds a column of the table lead; *metadata.Table does.
type Columns interface {
	Column(name string) (*metadata.Column, bool)
}

// Cleaner makes leads of events. It is safe for concurrent use.
type Cleaner struct {
	Columns Columns
	// Country is the organisation's own (alpha-2). Phone numbers without a
	// country belong to the lead's country, else to this one.
	Country string
}

// Clean gives the lead, or all reasons why there is none. It writes nothing.
func (c *Cleaner) Clean(e Event) (*Lead, []Fault) {
	l, faults := c.canonical(e)
	if l == nil {
		return nil, faults
	}
	faults = append(faults, c.normalise(l)...)
	faults = append(faults, require(l.Row, faults)...)
	if len(faults) > 0 {
		return nil, faults
	}
	c.complete(l, e)
	return l, nil
}
