package files

import (
	"context"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Of lists the content that a row holds or has held, as long as it is kept.
func (s *Store) Of(ctx context.Context, table string, key id.ID) ([]Info, error) {
	d := s.o.DB.Dialect()
	enc, err := query.Encode(d, query.ID, key)
	if err != nil {
		return nil, err
	}
	rows, err := s.o.DB.Query(ctx, "SELECT "+columns+" FROM filecontent WHERE recordid = "+d.Placeholder(1)+" AND tablename = "+d.Placeholder(2)+" ORDER BY createdon, fileid", enc, table)
	if err != nil {
		return nil, err
	}
	return scan(d, rows)
}

// Forget drops the content of rows at once, that of the recycle bin among it. It
// is for rows that are erased, and gives how many files went.
func (s *Store) Forget(ctx context.Context, table string, keys []id.ID) (n int, err error) {
	for _, key := range keys {
		list, err := s.Of(ctx, table, key)
		if err != nil {
			return n, err
		}
		for _, in := range list {
			if err := s.drop(ctx, in.ID); err != nil {
				return n, err
			}
			n++
		}
	}
	return n, nil
}

// Named lists rows' content whose file name holds a text, in any case.
func (s *Store) Named(ctx context.Context, text string) ([]Info, error) {
	d := s.o.DB.Dialect()
	rows, err := s.o.DB.Query(ctx, "SELECT "+columns+" FROM filecontent WHERE LOWER(filename) LIKE "+d.Placeholder(1)+` ESCAPE '\'`, "%"+strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(strings.ToLower(text))+"%")
	if err != nil {
		return nil, err
	}
	return scan(d, rows)
}
