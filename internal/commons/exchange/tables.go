package exchange

import (
	"embed"

	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

//go:embed tables/*.yaml
var tableFiles embed.FS

// Tables gives the definitions of the package's tables, made anew at each call.
func Tables() ([]*metadata.Table, error) { return metadata.Load(tableFiles, "tables") }

const (
	tableCounterpart = "rpt_counterpart"
	tableCase        = "rpt_exchangecase"
	tableIntent      = "rpt_exchangeintent"
	tableEvent       = "rpt_exchangeevent"
	tableNote        = "annotation"
)

// The states of an intent.
const (
	intentWaiting      = int64(0)
	intentAcknowledged = int64(1)
	intentDead         = int64(2)
	intentDiscarded    = int64(3)
)

// The states of an event.
const (
	eventWaiting     = int64(0)
	eventApplied     = int64(1)
	eventQuarantined = int64(2)
	eventDiscarded   = int64(3)
)

// reasonKnown is the status reason of an event whose content was there already.
const reasonKnown = int64(3)

// The states of an exchanged case.
const (
	caseOpen   = int64(0)
	caseClosed = int64(1)
)
