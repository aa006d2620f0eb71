package files

import (
	"context"
	"io"
	"strconv"

	"github.com/rapport-platform/rapport/internal/ground/diskfile"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// ChunkSize is how large the chunks of an upload should be; ChunkMax how large one may be.
const (
	ChunkSize = 4 << 20
	ChunkMax  = 16 << 20
)

// Begin opens an upload in chunks into a row's column and gives its token. The
// chunks come in order; one that has come already may come again, so that an
// upload that broke off goes on where it was.
func (s *Store) Begin(ctx context.Context, table string, key id.ID, column, name string) (id.ID, error) {
	if _, err := s.column(table, column); err != nil {
		return id.Nil, err
	}
	if err := s.mayWrite(ctx, table, key); err != nil {
		return id.Nil, err
	}
	in := Info{ID: id.New(), Table: table, Record: key, Column: column, Name: fileName(name), CreatedOn: s.o.Clock.Now(), CreatedBy: access.From(ctx).ID}
	if s.o.Keys != nil {
		in.KeyID = s.o.Keys.KeyID()
	}
	return in.ID, s.o.DB.Write(ctx, func(tx *sqldb.Tx) error { return insert(tx, in) })
}

// Chunk takes the bytes from..to (both included) of total. finished tells that
// the file is complete and stands in the row.
func (s *Store) Chunk(ctx context.Context, table string, key id.ID, column string, token id.ID, from, to, total int64, body io.Reader) (finished bool, err error) {
	c, err := s.column(table, column)
	if err != nil {
		return false, err
	}
	in, err := s.info(ctx, token)
	if err != nil || in.Table != table || in.Record != key || in.Column != column || in.CreatedBy != access.From(ctx).ID || in.There {
		return false, errs.New(errs.NotFound, "files.session", "there is no such upload; begin it anew")
	}
	switch {
	case from < 0 || to < from || to >= total || to-from+1 > ChunkMax:
		return false, errs.New(errs.Invalid, "files.range", "Content-Range must lie within the file and be at most %d bytes", ChunkMax)
	case total > c.MaxBytes():
		return false, tooLarge(c)
	case from > in.Size:
		return false, errs.New(errs.Conflict, "files.gap", "the next byte expected is %d", in.Size)
	case to < in.Size:
		return false, nil // it has come already
	case from < in.Size:
		return false, errs.New(errs.Conflict, "files.gap", "the next byte expected is %d", in.Size)
	}
	if err := s.keepChunk(ctx, token, from, to-from+1, body); err != nil {
		return false, err
	}
	in.Size = to + 1
	if in.Size < total {
		return false, s.advance(ctx, in, from)
	}
	return true, s.finish(ctx, c, in)
}

func (s *Store) keepChunk(ctx context.Context, token id.ID, from, size int64, body io.Reader) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w, _, err := s.writer(ctx, chunkName(token, from))
	if err != nil {
		return err
	}
	n, err := io.Copy(w, io.LimitReader(body, size+1))
	if err == nil && n != size {
		err = errs.New(errs.Invalid, "files.range", "the chunk does not have the size that Content-Range says")
	}
	if err != nil {
		cancel()
		_ = w.Close() // it fails, as the context has ended, and leaves nothing
		return diskfile.Full(err)
	}
	if err := w.Close(); err != nil {
		return broken(err)
	}
	return nil
}

// chunkName sorts as the chunks follow one another.
func chunkName(token id.ID, from int64) string {
	text := strconv.FormatInt(from, 10)
	return chunkPrefix(token) + "0000000000000000000"[len(text):] + text
}

// advance notes what has come, unless another request has noted more.
func (s *Store) advance(ctx context.Context, in Info, before int64) error {
	return s.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		enc, err := query.Encode(tx.Dialect(), query.ID, in.ID)
		if err != nil {
			return err
		}
		p := tx.Dialect().Placeholder
		_, err = tx.Exec("UPDATE filecontent SET size = "+p(1)+" WHERE fileid = "+p(2)+" AND size = "+p(3), in.Size, enc, before)
		return err
	})
}

// finish puts the chunks together and the file into the row.
func (s *Store) finish(ctx context.Context, c *metadata.Column, in Info) error {
	r := &chunks{ctx: ctx, store: s, token: in.ID, size: in.Size, sealed: in.KeyID != ""}
	defer r.Close()
	whole := Info{ID: id.New(), Table: in.Table, Column: in.Column, Name: in.Name, There: true, CreatedOn: s.o.Clock.Now(), CreatedBy: in.CreatedBy}
	if err := s.keep(ctx, c, &whole, r); err != nil {
		return err
	}
	if whole.Size != in.Size {
		return errs.New(errs.Conflict, "files.session", "chunks of the upload are missing; begin it anew")
	}
	if err := s.o.DB.Write(ctx, func(tx *sqldb.Tx) error { return s.insertWhole(tx, whole) }); err != nil {
		return err
	}
	if err := s.set(ctx, in.Table, in.Record, in.Column, whole.ID); err != nil {
		return err
	}
	return s.drop(ctx, in.ID) // what fails here is collected later
}

// chunks reads the chunks of an upload one after the other.
type chunks struct {
	ctx   context.Context
	store *Store
	token id.ID
	at    int64
	size  int64
	part  io.ReadCloser

	sealed bool
}

func (c *chunks) Read(p []byte) (int, error) {
	for {
		if c.part == nil {
			if c.at >= c.size {
				return 0, io.EOF
			}
			part, err := c.store.openAny(c.ctx, chunkName(c.token, c.at), c.sealed)
			if err != nil {
				return 0, err
			}
			c.part = part
		}
		n, err := c.part.Read(p)
		c.at += int64(n)
		if err == io.EOF {
			if e := c.part.Close(); e != nil {
				return n, e
			}
			c.part, err = nil, nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

func (c *chunks) Close() error {
	if c.part != nil {
		return c.part.Close()
	}
	return nil
}
