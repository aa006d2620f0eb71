package report

import (
	"embed"

	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

//go:embed tables/*.yaml
var tableFiles embed.FS

// Tables gives the definitions of the package's tables, made anew at each call.
func Tables() ([]*metadata.Table, error) { return metadata.Load(tableFiles, "tables") }

// Table is the table of reports.
const Table = "rpt_report"
