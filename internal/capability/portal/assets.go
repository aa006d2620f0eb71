package portal

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
)

//go:embed assets/embed.js assets/track.js assets/pow.js
var assetFiles embed.FS

// Asset gives one of the scripts that other sites load, embed.js, track.js or pow.js,
// and a tag that changes with its content.
func Asset(name string) (content []byte, etag string, ok bool) {
	content, err := assetFiles.ReadFile("assets/" + name)
	if err != nil {
		return nil, "", false
	}
	sum := sha256.Sum256(content)
	return content, `"` + hex.EncodeToString(sum[:8]) + `"`, true
}
