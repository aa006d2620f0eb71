package read

import (
	"fmt"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

const maxName = 100 // characters of a column's name

// names gives the header of a file: trimmed, and with its number where a name is
// empty or there twice.
func (o Options) names(record []string) ([]string, error) {
	if len(record) > MaxColumns {
		return nil, errs.New(errs.Invalid, o.code("columns"), "the file has %d columns; at most %d can be read", len(record), MaxColumns)
	}
	seen := map[string]bool{}
	header := make([]string, 0, len(record))
	for i, name := range record {
		name = strings.ToValidUTF8(strings.TrimSpace(name), "")
		if r := []rune(name); len(r) > maxName {
			name = string(r[:maxName])
		}
		if name == "" || seen[name] {
			name = strings.TrimSpace(fmt.Sprintf("%s column %d", name, i+1))
		}
		seen[name] = true
		header = append(header, name)
	}
	return header, nil
}
