package lake

import (
	"time"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Column is a column of a table in the lake.
type Column struct {
	Name  string
	Kind  query.Kind
	Scale uint8 // of query.Fixed
}

// Row is a record at one version.
type Row struct {
	ID      id.ID
	Version int64
	Seq     int64 // of the change log
	Op      changelog.Op
	At      time.Time // when the change was made
	Actor   id.ID     // who made it
	// Values stand in the order of the columns asked for, as package query has
	// them: string, int64, bool, float64, id.ID, time.Time, query.Date,
	// query.Number, query.SetValue, json.RawMessage; nil is null. A deletion has none.
	Values []any
}

// Event is an event of the stream, as the lake keeps it.
type Event struct {
	Seq     uint64
	At      time.Time // when the stream took it
	Source  string
	ID      string
	Type    string
	Subject string
	Time    time.Time // when it happened, as its publisher says; zero where not said
	Data    []byte    // JSON
}

// TableInfo tells of one table of the lake.
type TableInfo struct {
	Name    string     `json:"name"`    // such as changes/lead
	Layer   string     `json:"layer"`   // changes, current, events, arrivals, history
	Rows    int64      `json:"rows"`    // that the files hold
	Files   int        `json:"files"`   // of the newest version
	Bytes   int64      `json:"bytes"`   // of those files
	Version int64      `json:"version"` // of the Delta table
	Columns int        `json:"columns"`
	Updated *time.Time `json:"updated"`         // when rows last came in
	Through int64      `json:"through"`         // position of the log or topic up to which it is complete
	Lag     float64    `json:"lagSeconds"`      // age of the oldest change or event that is not in yet
	Error   string     `json:"error,omitempty"` // why the table can't be read
}
