package files

import (
	"context"
	"errors"
	"io"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Attach lets a row take up content, in the row's transaction: content that the
// principal has staged for this column, or that the row has had before.
func (s *Store) Attach(ctx context.Context, tx *sqldb.Tx, table string, key id.ID, c *metadata.Column, file id.ID) (record.File, error) {
	none := errs.InvalidFields("record.invalid", "some values can't be taken", []errs.Field{{Name: c.Name, Code: "content", Message: "there is no such content for this record"}})
	in, err := s.InfoIn(tx, file)
	if errs.CodeOf(err) == ErrNoFile.Code || err == nil && (!in.There || in.Table != table || in.Column != c.Name) {
		return record.File{}, none
	}
	if err != nil {
		return record.File{}, err
	}
	switch {
	case in.Record == key:
	case in.Record == id.Nil && in.CreatedBy == access.From(ctx).ID:
		rec, err := query.Encode(tx.Dialect(), query.ID, key)
		if err != nil {
			return record.File{}, err
		}
		enc, err := query.Encode(tx.Dialect(), query.ID, file)
		if err != nil {
			return record.File{}, err
		}
		p := tx.Dialect().Placeholder
		if _, err := tx.Exec("UPDATE filecontent SET recordid = "+p(1)+" WHERE fileid = "+p(2), rec, enc); err != nil {
			return record.File{}, err
		}
	default:
		return record.File{}, none
	}
	return record.File{Name: in.Name, MediaType: in.MediaType, Size: in.Size}, nil
}

// InfoIn describes content as a transaction sees it: what a scan has found meanwhile
// among it, once the transaction has attached the content to a row.
func (s *Store) InfoIn(tx *sqldb.Tx, file id.ID) (Info, error) {
	text, enc, err := byID(tx.Dialect(), file)
	if err != nil {
		return Info{}, err
	}
	rows, err := tx.Query(text, enc)
	if err != nil {
		return Info{}, err
	}
	found, err := scan(tx.Dialect(), rows)
	if err != nil {
		return Info{}, err
	}
	if len(found) == 0 {
		return Info{}, ErrNoFile
	}
	return found[0], nil
}

// Put brings content in and puts it into a row, as the context's principal may write it.
func (s *Store) Put(ctx context.Context, table string, key id.ID, column, name string, body io.Reader) (Info, error) {
	if err := s.mayWrite(ctx, table, key); err != nil {
		return Info{}, err
	}
	in, err := s.Stage(ctx, table, column, name, body)
	if err != nil {
		return in, err
	}
	return in, s.set(ctx, table, key, column, in.ID)
}

// mayWrite looks before a long upload whether it would be in vain.
func (s *Store) mayWrite(ctx context.Context, table string, key id.ID) error {
	rights, err := s.o.Records.Rights(ctx, table, key)
	if err != nil {
		return err
	}
	switch {
	case rights&access.Read == 0:
		return record.ErrNotFound
	case rights&access.Write == 0:
		return errs.New(errs.Forbidden, "access.record", "you may read this record of %s, but not use the right %s on it", table, access.Write)
	}
	return nil
}

func (s *Store) set(ctx context.Context, table string, key id.ID, column string, value any) error {
	return s.o.Records.Write(ctx, func(tx *record.Tx) error {
		_, err := tx.Update(ctx, table, key, record.Row{column: value}, record.Match{MustExist: true})
		return err
	})
}

// Remove takes the content out of a row. The row without any is ErrNoFile.
func (s *Store) Remove(ctx context.Context, table string, key id.ID, column string) error {
	if _, err := s.Info(ctx, table, key, column); err != nil {
		return err
	}
	return s.set(ctx, table, key, column, nil)
}

// ErrNoFile is what a row without content in the column gives.
var ErrNoFile = errs.New(errs.NotFound, "files.none", "the record has no file in this column")

var errGone = errors.New("the content is gone")
