package files

import (
	"context"
	"encoding/base64"
	"io"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
)

// Info describes the content of a row's column, if the principal may read the row.
func (s *Store) Info(ctx context.Context, table string, key id.ID, column string) (Info, error) {
	if _, err := s.column(table, column); err != nil {
		return Info{}, err
	}
	row, err := s.o.Records.Get(ctx, table, key, []string{column}, nil)
	if err != nil {
		return Info{}, err
	}
	file := row.ID(column)
	if file == id.Nil {
		return Info{}, ErrNoFile
	}
	return s.info(ctx, file)
}

func (s *Store) info(ctx context.Context, file id.ID) (Info, error) {
	text, enc, err := byID(s.o.DB.Dialect(), file)
	if err != nil {
		return Info{}, err
	}
	rows, err := s.o.DB.Query(ctx, text, enc)
	if err != nil {
		return Info{}, err
	}
	found, err := scan(s.o.DB.Dialect(), rows)
	if err != nil {
		return Info{}, err
	}
	if len(found) == 0 {
		return Info{}, ErrNoFile
	}
	return found[0], nil
}

// Open reads content; the reader can seek. The caller has read the row. Content
// that waits for its scan, or was found infected, is not opened.
func (s *Store) Open(ctx context.Context, in Info) (io.ReadSeekCloser, error) {
	if err := in.mayOpen(); err != nil {
		return nil, err
	}
	r, err := s.openAny(ctx, contentName(in.ID), in.KeyID != "")
	if sealed, ok := r.(*sealedReader); ok && sealed.size != in.Size {
		return nil, errTampered
	}
	return r, err
}

// OpenThumb reads the small form of a picture, which is a PNG.
func (s *Store) OpenThumb(ctx context.Context, in Info) (io.ReadSeekCloser, error) {
	return s.openAny(ctx, thumbName(in.ID), in.KeyID != "")
}

func (s *Store) openAny(ctx context.Context, name string, sealed bool) (io.ReadSeekCloser, error) {
	return s.unseal(ctx, name, sealed && s.o.Keys != nil)
}

// inlineMax is the largest content that travels within a row.
const inlineMax = 16 << 20

// Base64 gives content as a row carries it; of a picture, its small form.
func (s *Store) Base64(ctx context.Context, file id.ID, thumb bool) (string, error) {
	in, err := s.info(ctx, file)
	if err != nil {
		return "", err
	}
	if in.Size > inlineMax && !thumb {
		return "", errs.New(errs.TooLarge, "files.too_large", "a file of %d bytes is too large to travel within its record: read it at its own address", in.Size)
	}
	name := contentName(file)
	if thumb {
		name = thumbName(file)
	} else if in.mayOpen() != nil {
		return "", nil // the row is read without what can't be opened
	}
	r, err := s.openAny(ctx, name, in.KeyID != "")
	if err != nil {
		return "", err
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, inlineMax+1))
	if err != nil {
		return "", broken(err)
	}
	return base64.StdEncoding.EncodeToString(data), nil
}
