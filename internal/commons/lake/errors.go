package lake

import "github.com/rapport-platform/rapport/internal/ground/errs"

// What callers may see.
var (
	ErrUnknown = errs.New(errs.NotFound, "lake.unknown", "the lake has no such table")
	ErrColumn  = errs.New(errs.Invalid, "lake.column", "the table has no such column")
	ErrName    = errs.New(errs.Invalid, "lake.name", "a table's name has 1 to 60 lower-case letters, digits and underscores and begins with a letter")
	ErrOff     = errs.New(errs.Unavailable, "lake.off", "the lake is switched off")
	ErrAhead   = errs.New(errs.Conflict, "lake.ahead", "the lake knows changes that the database does not: it was restored from a backup; give the lake an empty folder, or take the one that belongs to the backup")
)

func unknown(name string) error {
	return errs.New(ErrUnknown.Kind, ErrUnknown.Code, "the lake has no table %q", name)
}

func noColumn(table, column string) error {
	return errs.New(ErrColumn.Kind, ErrColumn.Code, "the table %s has no column %q", table, column)
}
