// Package web carries the built user interface inside the binary.
//
// The files come from web/dist, which `npm run build` fills and Git ignores
// apart from .gitkeep: the Go code therefore builds and its tests run on a
// machine without Node. [Built] tells whether an interface is inside, and
// package httpapi serves [FS] under the root address.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// FS returns the built files with dist as the root: index.html, assets/ and
// beside each compressible file its .gz and .br twin.
func FS() fs.FS {
	sub, err := fs.Sub(dist, "dist")
	if err != nil { // only an invalid path errs, and this one is a constant
		return dist
	}
	return sub
}

// Built reports whether the binary holds a built interface.
func Built() bool {
	_, err := fs.Stat(FS(), "index.html")
	return err == nil
}
