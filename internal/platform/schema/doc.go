// Package schema lays what the definitions ask for into the database: the core
// tables by ordered migrations (migrations/*.sql), the record tables by
// comparing the catalog with what was laid before (plan.go, sync.go).
//
// Adding is done at once and in one transaction. What would lose data (a column
// that is no longer defined) is left in place and simply not used. The online
// states of a change (adding, active, hiding, dropped) come with the customers'
// own tables; the epoch that writes will check is kept already.
package schema

import (
	"embed"
	"io/fs"
)

// Migrations holds the ordered history of the core tables.
//
//go:embed migrations/*.sql
var Migrations embed.FS

func migrations() fs.FS {
	sub, err := fs.Sub(Migrations, "migrations")
	if err != nil {
		panic(err) // the folder is compiled in
	}
	return sub
}
