package record

import (
	"context"
	"errors"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// The errors that callers tell apart by errors.Is.
var (
	// ErrNotFound covers rows that are not there and rows that the caller may not see: the two look alike.
	ErrNotFound = errs.New(errs.NotFound, "record.not_found", "there is no such record, or you may not see it")
	// ErrVersion means that someone else has changed the row since it was read.
	ErrVersion = errs.New(errs.Precondition, "record.version", "the record has been changed in the meantime: read it again")
	// ErrExists means that the row is there although the caller asked to create only.
	ErrExists = errs.New(errs.Precondition, "record.exists", "the record is already there")
	// ErrDuplicateKey means that another row has the same alternate key.
	ErrDuplicateKey = errs.New(errs.Conflict, "record.duplicate_key", "another record has the same key")

	// ErrTookTooLong means that reading was given up; asking again will not help.
	ErrTookTooLong = errs.New(errs.Unavailable, "query.timeout", "the query takes too long: narrow its filter, or sort by a column that has an index")

	errRace = errs.New(errs.Conflict, "record.race", "another write made the record at the same moment")
)

func invalid(code, format string, args ...any) error {
	return errs.New(errs.Invalid, "record."+code, format, args...)
}

// tookTooLong gives the error of a read whose time is up.
func tookTooLong(ctx context.Context, err error) error {
	if err != nil && errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		e := *ErrTookTooLong
		e.Cause = err
		return &e
	}
	return err
}
