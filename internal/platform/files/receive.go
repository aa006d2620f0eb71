package files

import (
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
)

// receivePart is how much of an upload is kept at a time: what a broken
// connection, or a process that is killed, loses at most.
const receivePart = 1 << 20

// errReceive is what an upload gives that is not there, or is another's.
var errReceive = errs.New(errs.NotFound, "files.session", "there is no such upload; begin it anew")

// Receive opens an upload of content that no row has taken up yet, which comes as
// it comes: Append takes what follows, Complete stages the whole. It belongs to
// who opened it, and is collected after a day.
func (s *Store) Receive(ctx context.Context, table, column, name string) (id.ID, error) {
	if _, err := s.column(table, column); err != nil {
		return id.Nil, err
	}
	in := Info{ID: id.New(), Table: table, Column: column, Name: fileName(name), CreatedOn: s.o.Clock.Now(), CreatedBy: access.From(ctx).ID}
	if s.o.Keys != nil {
		in.KeyID = s.o.Keys.KeyID()
	}
	return in.ID, s.o.DB.Write(ctx, func(tx *sqldb.Tx) error { return insert(tx, in) })
}

// Received tells how much of an upload has come, in Size.
func (s *Store) Received(ctx context.Context, upload id.ID) (Info, error) {
	in, err := s.info(ctx, upload)
	switch {
	case errs.CodeOf(err) == ErrNoFile.Code:
		return Info{}, errReceive
	case err != nil:
		return Info{}, err
	case in.There || in.Record != id.Nil || in.CreatedBy != access.From(ctx).ID:
		return Info{}, errReceive
	}
	return in, nil
}

// Append takes what follows at an offset, up to most bytes in all, and gives how
// much of it is kept, which may be some even where the rest could not be read.
// Two calls for one upload at a time are the caller's to prevent.
func (s *Store) Append(ctx context.Context, upload id.ID, at, most int64, body io.Reader) (kept int64, err error) {
	in, err := s.Received(ctx, upload)
	if err != nil {
		return 0, err
	}
	if at != in.Size {
		return 0, errs.New(errs.Conflict, "files.gap", "the next byte expected is %d", in.Size)
	}
	part := make([]byte, receivePart)
	for in.Size < most {
		n, err := io.ReadFull(body, part[:min(receivePart, most-in.Size)])
		if n > 0 {
			// What has come is kept although the one who sent it is gone.
			keep := context.WithoutCancel(ctx)
			if e := s.keepChunk(keep, upload, in.Size, int64(n), bytes.NewReader(part[:n])); e != nil {
				return kept, e
			}
			before := in.Size
			in.Size += int64(n)
			if e := s.advance(keep, in, before); e != nil {
				return kept, e
			}
			kept += int64(n)
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return kept, nil
		}
		if err != nil {
			return kept, err
		}
	}
	return kept, nil
}

// Complete puts an upload together and stages it, as Stage does.
func (s *Store) Complete(ctx context.Context, upload id.ID) (Info, error) {
	in, err := s.Received(ctx, upload)
	if err != nil {
		return Info{}, err
	}
	c, err := s.column(in.Table, in.Column)
	if err != nil {
		return Info{}, err
	}
	r := &chunks{ctx: ctx, store: s, token: in.ID, size: in.Size, sealed: in.KeyID != ""}
	defer r.Close()
	whole := Info{ID: id.New(), Table: in.Table, Column: in.Column, Name: in.Name, There: true, CreatedOn: s.o.Clock.Now(), CreatedBy: in.CreatedBy}
	if err := s.keep(ctx, c, &whole, r); err != nil {
		return Info{}, err
	}
	if whole.Size != in.Size {
		return Info{}, errs.New(errs.Conflict, "files.session", "parts of the upload are missing; begin it anew")
	}
	if err := s.o.DB.Write(ctx, func(tx *sqldb.Tx) error { return s.insertWhole(tx, whole) }); err != nil {
		return Info{}, err
	}
	return whole, s.drop(ctx, in.ID)
}

// Discard drops an upload, or staged content that no row has taken up.
func (s *Store) Discard(ctx context.Context, key id.ID) error {
	in, err := s.info(ctx, key)
	if errs.CodeOf(err) == ErrNoFile.Code {
		return nil
	}
	if err != nil {
		return err
	}
	if in.Record != id.Nil || in.CreatedBy != access.From(ctx).ID {
		return errReceive
	}
	return s.drop(ctx, key)
}

// Examine opens content whether or not it has been scanned, for programs that
// look at its form. Nobody is shown what comes from it.
func (s *Store) Examine(ctx context.Context, in Info) (io.ReadSeekCloser, error) {
	return s.openAny(ctx, contentName(in.ID), in.KeyID != "")
}
