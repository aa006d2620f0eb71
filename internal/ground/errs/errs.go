// Package errs is the one shape of every error a caller may see: a kind (what
// sort of failure), a stable code (what exactly), a message in plain words and
// what can be done about it. It knows nothing of HTTP; the edge maps kinds to
// status codes in one place. Internal detail travels as the wrapped cause: it
// is logged and never sent.
package errs

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind is the sort of a failure; each has one meaning for a caller.
type Kind uint8

// The kinds. Internal is the zero value, so an error without a kind is never shown in detail.
const (
	Internal        Kind = iota // our fault; the cause is logged
	Invalid                     // the input is wrong; sending it again will not help
	Unauthenticated             // nobody is signed in, or the key is wrong
	Forbidden                   // known, but not allowed
	NotFound                    // no such thing, or the caller may not know of it
	Conflict                    // clashes with what is there: a key, a state
	Precondition                // If-Match or If-None-Match did not hold
	TooLarge                    // over a size limit
	TooMany                     // over a rate limit; RetryAfter says when to come back
	Unavailable                 // something we need is down; try again after RetryAfter
	Unsupported                 // valid, but not offered
)

var kindNames = [...]string{"internal", "invalid", "unauthenticated", "forbidden", "not_found", "conflict", "precondition", "too_large", "too_many", "unavailable", "unsupported"}

// String gives the kind's name as it stands in logs and metrics.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "internal"
}

// Field is one complaint about one part of the input.
type Field struct {
	Name    string `json:"name"`    // logical name of the column or parameter
	Code    string `json:"code"`    // stable, such as "required" or "too_long"
	Message string `json:"message"` // plain words; never repeats the value
}

// Error is an error with a kind and a stable code.
type Error struct {
	Kind       Kind
	Code       string // stable, dotted: "record.not_found"
	Message    string // for people; carries no secret and no value of a person
	Fields     []Field
	RetryAfter time.Duration
	Cause      error // logged, never sent
}

// Error gives code, message, complaints and cause in one line, for logs.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Code)
	b.WriteString(": ")
	b.WriteString(e.Message)
	for _, f := range e.Fields {
		fmt.Fprintf(&b, " [%s: %s]", f.Name, f.Message)
	}
	if e.Cause != nil {
		b.WriteString(": ")
		b.WriteString(e.Cause.Error())
	}
	return b.String()
}

// Unwrap gives the cause, so that errors.Is and errors.As see through.
func (e *Error) Unwrap() error { return e.Cause }

// Is makes two errors equal when their codes are, so that a package-level
// *Error can serve as the target of errors.Is.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// New makes an error of a kind with a code and a formatted message.
func New(kind Kind, code, format string, args ...any) *Error {
	return &Error{Kind: kind, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Wrap makes an error that keeps its cause for the log.
func Wrap(cause error, kind Kind, code, format string, args ...any) *Error {
	e := New(kind, code, format, args...)
	e.Cause = cause
	return e
}

// Within says in which part of what was sent an error lies: the same error, its
// message led by the part's name. An error without a kind stays as it is, wrapped.
func Within(err error, part string) error {
	var e *Error
	if err == nil || !errors.As(err, &e) {
		return err
	}
	out := *e
	out.Message, out.Cause = part+": "+e.Message, nil
	return &out
}

// InvalidFields makes one Invalid error of several complaints; nil if there are none.
func InvalidFields(code, message string, fields []Field) error {
	if len(fields) == 0 {
		return nil
	}
	return &Error{Kind: Invalid, Code: code, Message: message, Fields: fields}
}

// KindOf gives the kind of an error; Internal where it carries none.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// Has tells whether the error is of the kind.
func Has(err error, kind Kind) bool { return err != nil && KindOf(err) == kind }

// CodeOf gives the stable code of an error; "internal" where it carries none.
func CodeOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return "internal"
}
