// Package id makes and reads record ids: 128-bit UUIDs, version 7 for new rows
// (their time prefix keeps B-trees compact; it is never used as an order) and
// version 5 where the same input must always give the same id.
package id

import (
	"github.com/google/uuid"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// ID is a record's id. The zero value means "none".
type ID = uuid.UUID

// Nil is the id of nothing.
var Nil = uuid.Nil

// New gives a fresh version 7 id.
func New() ID { return uuid.Must(uuid.NewV7()) }

// Derive gives the id that belongs to the parts: the same parts, the same id
// (UUID version 5 in Rapport's own name space). Retried work uses it to write
// the same row twice instead of two rows.
func Derive(parts ...string) ID {
	h := space
	for _, p := range parts {
		h = uuid.NewSHA1(h, []byte(p))
	}
	return h
}

var space = uuid.NewSHA1(uuid.NameSpaceURL, []byte("https://rapport-platform.github.io/id"))

// Parse reads an id in its canonical form, with or without braces, in any case.
func Parse(s string) (ID, error) {
	if len(s) != 36 && len(s) != 38 {
		return Nil, errs.New(errs.Invalid, "id.malformed", "this is not a GUID of 36 characters")
	}
	v, err := uuid.Parse(s)
	if err != nil {
		return Nil, errs.New(errs.Invalid, "id.malformed", "this is not a GUID of 36 characters")
	}
	return v, nil
}
