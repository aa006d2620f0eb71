package delta

import (
	"errors"
	"fmt"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// What can be wrong, for errors.Is.
var (
	ErrNoTable  = errs.New(errs.NotFound, "delta.no_table", "there is no Delta table here")
	ErrExists   = errs.New(errs.Conflict, "delta.exists", "there is a Delta table here already")
	ErrVersion  = errs.New(errs.NotFound, "delta.version", "the table has no such version, or no longer")
	ErrProtocol = errs.New(errs.Unsupported, "delta.protocol", "the table needs a newer protocol")
	ErrFeature  = errs.New(errs.Unsupported, "delta.feature", "the table uses something that is not offered")
	ErrLog      = errs.New(errs.Invalid, "delta.log", "the table's log is damaged")
	ErrData     = errs.New(errs.Invalid, "delta.data", "a data file is damaged")
	ErrSchema   = errs.New(errs.Invalid, "delta.schema", "the schema can't be used")
	ErrConflict = errs.New(errs.Conflict, "delta.conflict", "another writer changed what this one relied on")
	ErrDone     = errs.New(errs.Conflict, "delta.done", "this transaction is in the table already")
	ErrColumn   = errs.New(errs.Invalid, "delta.column", "there is no such column")
	ErrAppend   = errs.New(errs.Forbidden, "delta.append_only", "the table takes appends only")
	ErrRetain   = errs.New(errs.Invalid, "delta.retention", "the time to keep is too short")
	ErrTooLarge = errs.New(errs.TooLarge, "delta.too_large", "the table is over a limit")
)

// fault gives an error of the same kind and code with a message of its own.
func fault(of *errs.Error, format string, args ...any) error {
	return errs.New(of.Kind, of.Code, format, args...)
}

// faultBy is fault with a cause; one that says what is wrong already stays as it is.
func faultBy(cause error, of *errs.Error, format string, args ...any) error {
	var known *errs.Error
	if errors.As(cause, &known) {
		return cause
	}
	return errs.Wrap(cause, of.Kind, of.Code, format, args...)
}

// rescue makes an error of a panic in a library that reads a damaged file.
func rescue(err *error, of *errs.Error, format string, args ...any) {
	if p := recover(); p != nil {
		*err = errs.Wrap(fmt.Errorf("%v", p), of.Kind, of.Code, format, args...)
	}
}
