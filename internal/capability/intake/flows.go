package intake

import (
	"embed"
	"strings"
)

//go:embed flows/*.yaml
var flowFiles embed.FS

// ShippedFlows gives the definitions of the flows that come with the product,
// by their unique names.
func ShippedFlows() (map[string][]byte, error) {
	entries, err := flowFiles.ReadDir("flows")
	if err != nil {
		return nil, err
	}
	out := make(map[string][]byte, len(entries))
	for _, entry := range entries {
		text, err := flowFiles.ReadFile("flows/" + entry.Name())
		if err != nil {
			return nil, err
		}
		out[strings.TrimSuffix(entry.Name(), ".yaml")] = text
	}
	return out, nil
}
