package decision

import (
	"embed"

	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

//go:embed tables/*.yaml
var tableFiles embed.FS

// Tables gives the definitions of the package's tables, made anew at each call.
func Tables() ([]*metadata.Table, error) { return metadata.Load(tableFiles, "tables") }

// The statuses of a version.
const (
	statusDraft     = int64(1)
	statusActivated = int64(2)
	statusRetired   = int64(3)
)

// The steps of an override.
const (
	overrideNone      = int64(0)
	overrideRequested = int64(1)
	overrideApproved  = int64(2)
	overrideRejected  = int64(3)
)

// outcomeOverridden stands in the outcome column of a record beside the numbers
// of package decide.
const outcomeOverridden = int64(4)
