package signature

import (
	"embed"

	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

//go:embed tables/*.yaml
var tableFiles embed.FS

// Tables gives the definitions of the package's tables, made anew at each call.
func Tables() ([]*metadata.Table, error) { return metadata.Load(tableFiles, "tables") }

const (
	tableRequest = "rpt_signaturerequest"
	tableSigner  = "rpt_signatory"
)

// The statuses of a document.
const (
	Sent      = int64(1)
	Signed    = int64(2)
	Declined  = int64(3)
	Expired   = int64(4)
	Withdrawn = int64(5)
)

// The statuses of a signatory.
const (
	SignerWaits    = int64(1)
	SignerAsked    = int64(2)
	SignerRead     = int64(3)
	SignerSigned   = int64(4)
	SignerDeclined = int64(5)
)
