package document

import (
	"embed"

	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

//go:embed tables/*.yaml
var tableFiles embed.FS

// Tables gives the definitions of the package's tables, made anew at each call.
func Tables() ([]*metadata.Table, error) { return metadata.Load(tableFiles, "tables") }

const (
	tableList    = "rpt_documentchecklist"
	tableRequest = "rpt_documentrequest"
	tableFile    = "rpt_documentfile"
	columnFile   = "rpt_content"
)

// The statuses of a request.
const (
	Asked     = int64(1)
	Received  = int64(2)
	Accepted  = int64(3)
	Refused   = int64(4)
	Waived    = int64(5)
	Withdrawn = int64(6)
)

// The states of a file.
const (
	FileHeld     = int64(1) // until it has been scanned
	FileReady    = int64(2)
	FileInfected = int64(3)
	FileReplaced = int64(4)
)
