package document

import (
	"context"
	"io"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// UploadLife is how long an upload may take.
const UploadLife = 24 * time.Hour

// Upload is a resumable upload of a member's.
type Upload struct {
	ID      id.ID
	Request id.ID
	Name    string
	Size    int64 // in all
	Offset  int64 // that has come
	Expires time.Time
}

// Begin opens an upload of a file of the given size for a request of the member's.
func (s *Service) Begin(ctx context.Context, request id.ID, name string, size int64) (Upload, error) {
	contact, err := member(ctx)
	if err != nil {
		return Upload{}, err
	}
	if size <= 0 {
		return Upload{}, ErrEmpty
	}
	if err := s.maySend(ctx, contact, request, size); err != nil {
		return Upload{}, err
	}
	system := s.system(ctx, "sent by a member")
	key, err := s.c.Files.Receive(system, tableFile, columnFile, name)
	if err != nil {
		return Upload{}, err
	}
	now := s.c.Clock.Now()
	return Upload{key, request, name, size, 0, now.Add(UploadLife)}, s.c.DB.Write(system, func(tx *sqldb.Tx) error {
		d := tx.Dialect()
		args := make([]any, 6)
		for i, v := range []struct {
			kind  query.Kind
			value any
		}{{query.ID, key}, {query.ID, request}, {query.ID, contact}, {query.Text, name}, {query.Int, size}, {query.Time, now}} {
			var err error
			if args[i], err = query.Encode(d, v.kind, v.value); err != nil {
				return err
			}
		}
		p := d.Placeholder
		_, err := tx.Exec("INSERT INTO documentupload (uploadid, requestid, contactid, filename, size, createdon) VALUES ("+p(1)+", "+p(2)+", "+p(3)+", "+p(4)+", "+p(5)+", "+p(6)+")", args...)
		return err
	})
}

// Upload tells how far an upload of the member's has got. One that has come whole, but
// was cut off before it was made a file, is made one now: nothing else would be sent
// of it.
func (s *Service) Upload(ctx context.Context, key id.ID) (Upload, error) {
	contact, err := member(ctx)
	if err != nil {
		return Upload{}, err
	}
	d := s.c.DB.Dialect()
	enc, err := query.Encode(d, query.ID, key)
	if err != nil {
		return Upload{}, err
	}
	raw := make([]any, 5)
	found, err := s.c.DB.QueryRow(ctx, "SELECT requestid, contactid, filename, size, createdon FROM documentupload WHERE uploadid = "+d.Placeholder(1), []any{enc}, &raw[0], &raw[1], &raw[2], &raw[3], &raw[4])
	if err != nil {
		return Upload{}, err
	}
	if !found {
		return Upload{}, ErrUpload
	}
	for i, kind := range []query.Kind{query.ID, query.ID, query.Text, query.Int, query.Time} {
		if raw[i], err = query.Decode(d, kind, 0, raw[i]); err != nil {
			return Upload{}, err
		}
	}
	out := Upload{ID: key}
	out.Request, _ = raw[0].(id.ID)
	out.Name, _ = raw[2].(string)
	out.Size, _ = raw[3].(int64)
	begun, _ := raw[4].(time.Time)
	out.Expires = begun.Add(UploadLife)
	if whose, _ := raw[1].(id.ID); whose != contact || !out.Expires.After(s.c.Clock.Now()) {
		return Upload{}, ErrUpload
	}
	in, err := s.c.Files.Received(s.system(ctx, "sent by a member"), key)
	if errs.Has(err, errs.NotFound) {
		return Upload{}, ErrUpload
	}
	if out.Offset = in.Size; err == nil && out.Offset == out.Size {
		err = s.Finish(ctx, out)
	}
	return out, err
}

// Append takes what follows of an upload and gives how much of it is kept.
func (s *Service) Append(ctx context.Context, u Upload, at int64, body io.Reader) (int64, error) {
	if _, err := member(ctx); err != nil {
		return 0, err
	}
	return s.c.Files.Append(s.system(ctx, "sent by a member"), u.ID, at, u.Size, body)
}

// Finish makes an upload that has come to its end a file of its request.
func (s *Service) Finish(ctx context.Context, u Upload) error {
	contact, err := member(ctx)
	if err != nil {
		return err
	}
	system := s.system(ctx, "sent by a member")
	in, err := s.c.Files.Complete(system, u.ID)
	if err != nil {
		if errs.Has(err, errs.Invalid) || errs.Has(err, errs.TooLarge) {
			_ = s.Abandon(ctx, u) // sending on would not help; what fails here is collected later
		}
		return err
	}
	if err := s.forget(ctx, u.ID); err != nil {
		return err
	}
	return s.take(system, contact, u.Request, in)
}

// Abandon drops an upload.
func (s *Service) Abandon(ctx context.Context, u Upload) error {
	if _, err := member(ctx); err != nil {
		return err
	}
	if err := s.c.Files.Discard(s.system(ctx, "given up by a member"), u.ID); err != nil {
		return err
	}
	return s.forget(ctx, u.ID)
}

func (s *Service) forget(ctx context.Context, key id.ID) error {
	return s.c.DB.Write(ctx, func(tx *sqldb.Tx) error {
		enc, err := query.Encode(tx.Dialect(), query.ID, key)
		if err != nil {
			return err
		}
		_, err = tx.Exec("DELETE FROM documentupload WHERE uploadid = "+tx.Dialect().Placeholder(1), enc)
		return err
	})
}

// Tidy forgets uploads that took too long; what came of them goes with what
// nobody needs in package files.
func (s *Service) Tidy(ctx context.Context) error {
	return s.c.DB.Write(ctx, func(tx *sqldb.Tx) error {
		before, err := query.Encode(tx.Dialect(), query.Time, s.c.Clock.Now().Add(-UploadLife))
		if err != nil {
			return err
		}
		_, err = tx.Exec("DELETE FROM documentupload WHERE createdon < "+tx.Dialect().Placeholder(1), before)
		return err
	})
}
