package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// ErrUnique is the target for errors.Is when a unique key was violated.
// Constraint tells which.
var ErrUnique = errs.New(errs.Conflict, "sqldb.unique", "a row with the same key is already there")

const codeFull = "sqldb.full"

// UniqueError is a violation of a unique key.
type UniqueError struct {
	Constraint string // name of the index or constraint; on SQLite it may be "table.column, table.column"
	cause      error
}

// Error gives the driver's words.
func (e *UniqueError) Error() string { return "unique key " + e.Constraint + ": " + e.cause.Error() }

// Constraint tells which unique key an error is about; empty if none.
func Constraint(err error) string {
	var u *UniqueError
	if errors.As(err, &u) {
		return u.Constraint
	}
	return ""
}

// classify gives a driver's error a kind.
func classify(err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	if connect := (*pgconn.ConnectError)(nil); errors.As(err, &connect) {
		// Before the check below: a dial that timed out says that it is a
		// deadline, too, and is no caller's.
		return unavailable(err)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	var known *errs.Error
	if errors.As(err, &known) {
		return err
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		return classifySQLite(lite)
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return classifyPostgres(pg)
	}
	if isConnection(err) {
		return unavailable(err)
	}
	return errs.Wrap(err, errs.Internal, "sqldb.failed", "the database refused the operation")
}

func unavailable(err error) error {
	return errs.Wrap(err, errs.Unavailable, "sqldb.unavailable", "the database can't be reached at the moment")
}

// full says what an administrator has to know at once.
func full(err error) error {
	return errs.Wrap(err, errs.Unavailable, codeFull, "the disk of the database is full: nothing can be kept until there is room")
}

func unique(constraint string, cause error) error {
	e := *ErrUnique
	e.Cause = &UniqueError{Constraint: constraint, cause: cause}
	return &e
}

func classifySQLite(e *sqlite.Error) error {
	switch e.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_ROWID:
		_, name, _ := strings.Cut(e.Error(), "UNIQUE constraint failed: ")
		name, _, _ = strings.Cut(name, " (")
		name = strings.TrimSuffix(strings.TrimPrefix(name, "index '"), "'")
		return unique(name, e)
	}
	if e.Code() == sqlite3.SQLITE_ERROR && strings.Contains(e.Error(), "integer overflow") {
		return outOfRange(e)
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_FULL:
		return full(e)
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY:
		return unavailable(e)
	}
	return errs.Wrap(e, errs.Internal, "sqldb.failed", "the database refused the operation")
}

func classifyPostgres(e *pgconn.PgError) error {
	switch {
	case e.Code == "23505":
		return unique(e.ConstraintName, e)
	case e.Code == "22003": // numeric value out of range
		return outOfRange(e)
	case e.Code == "40001" || e.Code == "40P01": // serialisation failure, deadlock
		return errs.Wrap(e, errs.Unavailable, "sqldb.retry", "others changed the same rows at the same time")
	case stalePlan(e): // the definition of a table has changed; the driver has dropped the plan by now
		return errs.Wrap(e, errs.Unavailable, "sqldb.retry", "a table was changed meanwhile")
	case e.Code == "55P03": // lock_timeout ran out
		return errs.Wrap(e, errs.Unavailable, "sqldb.lock_timeout", "others hold what is to be changed; try again")
	case e.Code == "53100":
		return full(e)
	// Connection exceptions, resources exhausted, operator intervention (shutdown, starting up).
	case strings.HasPrefix(e.Code, "08"), strings.HasPrefix(e.Code, "53"), strings.HasPrefix(e.Code, "57P"):
		return unavailable(e)
	}
	return errs.Wrap(e, errs.Internal, "sqldb.failed", "the database refused the operation")
}

// stalePlan tells of a statement that was prepared before a column got another
// type. PostgreSQL has no code of its own for it.
func stalePlan(e *pgconn.PgError) bool {
	return e.Code == "0A000" && strings.Contains(e.Message, "cached plan")
}

func outOfRange(err error) error {
	return errs.Wrap(err, errs.Invalid, "sqldb.range", "a number in the result is beyond the range of 64 bits")
}

func isConnection(err error) bool {
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		strings.Contains(err.Error(), "conn closed")
}

func retryable(err error) bool { return errs.CodeOf(err) == "sqldb.retry" }
