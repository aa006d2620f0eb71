package files

import (
	"context"
	"errors"
	"io"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

const (
	graceStaged = 24 * time.Hour // for content that no row has taken up, and uploads that go on
	grace       = time.Hour      // for content that a row refers to no more
	collectPage = 500
)

// Collect drops content that nobody needs: staged and never taken up, replaced,
// or of rows that are gone from the recycle bin, too. What lies open or under an
// earlier key is brought under the newest. It may run on several nodes.
func (s *Store) Collect(ctx context.Context) error {
	after := id.Nil
	for {
		page, err := s.page(ctx, after)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, in := range page {
			after = in.ID
			needed, err := s.needed(ctx, in)
			if err != nil {
				return err
			}
			if !needed {
				if err := s.drop(ctx, in.ID); err != nil {
					return err
				}
				continue
			}
			if s.o.Keys != nil && in.There && in.Scan != Infected && in.KeyID != s.o.Keys.KeyID() {
				if err := s.reseal(ctx, in); err != nil && errs.CodeOf(err) != "files.gone" {
					return err
				}
			}
		}
	}
}

func (s *Store) page(ctx context.Context, after id.ID) ([]Info, error) {
	d := s.o.DB.Dialect()
	last, err := query.Encode(d, query.ID, after)
	if err != nil {
		return nil, err
	}
	before, err := query.Encode(d, query.Time, s.o.Clock.Now().Add(-grace))
	if err != nil {
		return nil, err
	}
	rows, err := s.o.DB.Query(ctx, "SELECT "+columns+" FROM filecontent WHERE fileid > "+d.Placeholder(1)+" AND createdon < "+d.Placeholder(2)+" ORDER BY fileid LIMIT "+d.Placeholder(3), last, before, collectPage)
	if err != nil {
		return nil, err
	}
	return scan(d, rows)
}

func (s *Store) needed(ctx context.Context, in Info) (bool, error) {
	if in.Record == id.Nil || !in.There {
		return s.o.Clock.Now().Sub(in.CreatedOn) < graceStaged, nil
	}
	d := s.o.DB.Dialect()
	rec, err := query.Encode(d, query.ID, in.Record)
	if err != nil {
		return false, err
	}
	binned, err := s.o.DB.QueryRow(ctx, "SELECT 1 FROM recyclebin WHERE tablename = "+d.Placeholder(1)+" AND recordid = "+d.Placeholder(2), []any{in.Table, rec}, new(int))
	if err != nil || binned {
		return binned, err
	}
	t, ok := s.o.Catalog().Table(in.Table)
	if !ok {
		return false, nil
	}
	if c, ok := t.Column(in.Column); !ok || !c.IsFile() {
		return false, nil
	}
	return s.referred(ctx, t, in)
}

func (s *Store) referred(ctx context.Context, t *metadata.Table, in Info) (bool, error) {
	d := s.o.DB.Dialect()
	args := make([]any, 2)
	for i, v := range []id.ID{in.Record, in.ID} {
		var err error
		if args[i], err = query.Encode(d, query.ID, v); err != nil {
			return false, err
		}
	}
	return s.o.DB.QueryRow(ctx, "SELECT 1 FROM "+d.Quote(t.Name)+" WHERE "+d.Quote(t.ID)+" = "+d.Placeholder(1)+" AND "+d.Quote(in.Column)+" = "+d.Placeholder(2), args, new(int))
}

// drop removes content and what belongs to it, the bytes first: what is left
// over when that fails is found again.
func (s *Store) drop(ctx context.Context, key id.ID) error {
	names := []string{contentName(key), thumbName(key)}
	list := s.o.Bucket.List(&blob.ListOptions{Prefix: chunkPrefix(key)})
	for {
		o, err := list.Next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return broken(err)
		}
		names = append(names, o.Key)
	}
	for _, name := range names {
		if err := s.o.Bucket.Delete(ctx, name); err != nil && gcerrors.Code(err) != gcerrors.NotFound {
			return broken(err)
		}
	}
	return s.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		enc, err := query.Encode(tx.Dialect(), query.ID, key)
		if err != nil {
			return err
		}
		_, err = tx.Exec("DELETE FROM filecontent WHERE fileid = "+tx.Dialect().Placeholder(1), enc)
		return err
	})
}
