package sales

import (
	"embed"
	"io/fs"

	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

//go:embed tables/*.yaml
var tables embed.FS

// Tables gives the definitions of the package's tables, made anew at each call.
func Tables() ([]*metadata.Table, error) { return metadata.Load(tables, "tables") }

//go:embed processes/*.yaml
var processes embed.FS

// Processes gives the definitions of the business process flows that come with
// the package, by file name.
func Processes() map[string]string {
	out := map[string]string{}
	names, _ := fs.Glob(processes, "processes/*.yaml") // the pattern is well formed
	for _, name := range names {
		if text, err := fs.ReadFile(processes, name); err == nil {
			out[name] = string(text)
		}
	}
	return out
}
