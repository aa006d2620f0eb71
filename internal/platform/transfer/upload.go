package transfer

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"path"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/transfer/operation"
	"github.com/rapport-platform/rapport/internal/platform/transfer/read"
)

// maxFiles bounds the files of one import.
const maxFiles = 20

// Uploaded names a file that has come in.
type Uploaded struct {
	Import id.ID `json:"import"`
	File   id.ID `json:"file"`
}

// Upload keeps a file for a table, in an import that is a draft or, where into
// is id.Nil, in a new one. A file that can't be read at all is refused here, and
// nothing of it stays.
func (s *Service) Upload(ctx context.Context, into id.ID, table, name string, from io.Reader) (Uploaded, error) {
	t, err := s.table(table)
	if err != nil {
		return Uploaded{}, err
	}
	if err := s.c.Access.Allow(ctx, "import", access.Create); err != nil {
		return Uploaded{}, err
	}
	out := Uploaded{Import: into, File: id.New()}
	size, err := s.files.Save(out.File.String(), from)
	if err != nil {
		return Uploaded{}, err
	}
	if err = s.readable(out.File); err == nil {
		err = s.c.Store.Write(ctx, func(tx *record.Tx) error {
			out.Import = into
			return s.note(ctx, tx, &out, t.Name, clip(path.Base(strings.ReplaceAll(name, `\`, "/")), 300), size)
		})
	}
	if err != nil {
		return Uploaded{}, errors.Join(err, s.files.Discard(out.File.String()))
	}
	return out, nil
}

// readable opens a file as far as its header.
func (s *Service) readable(key id.ID) error {
	f, err := s.files.Open(key.String())
	if err != nil {
		return err
	}
	defer f.Close()
	src, err := read.Open(f, read.Options{})
	if err != nil {
		return err
	}
	return src.Close()
}

// note makes the rows of an upload.
func (s *Service) note(ctx context.Context, tx *record.Tx, out *Uploaded, table, name string, size int64) error {
	system := access.Elevate(ctx, "import")
	owner := access.From(ctx).ID
	if out.Import == id.Nil {
		row, err := tx.Create(system, "import", record.Row{"name": name, "ownerid": owner, "owneridtype": "systemuser"})
		if err != nil {
			return err
		}
		out.Import = row.ID("importid")
	} else {
		ref := operation.Ref{Table: "import", ID: out.Import}
		row, err := s.c.Keeper.Own(ctx, tx, ref)
		if err != nil {
			return err
		}
		if !unbegun(row) {
			return errBegun
		}
		files, err := s.filesOf(system, tx, out.Import)
		if err != nil {
			return err
		}
		if len(files) >= maxFiles {
			return errs.New(errs.Invalid, "import.files", "an import has at most %d files", maxFiles)
		}
		if _, err := s.c.Keeper.Set(ctx, tx, ref, 0, record.Row{"rpt_status": operation.Draft}); err != nil {
			return err
		}
	}
	_, err := tx.Create(system, "importfile", record.Row{"importfileid": out.File, "name": name, "importid": out.Import, "targetentityname": table, "size": size, "ownerid": owner, "owneridtype": "systemuser"})
	return err
}

var errBegun = errs.New(errs.Conflict, "import.begun", "this import has begun already")

// unbegun tells whether the files of an import and what their columns mean may
// still change: it has not begun, or only a rehearsal has, which has ended.
func unbegun(row record.Row) bool {
	switch row.Int("rpt_status") {
	case operation.Draft, operation.Checked:
		return true
	case operation.Paused, operation.Failed, operation.Cancelled:
		return row["rpt_dryrun"] == true
	}
	return false
}

// Remove takes a file out of an import that has not begun.
func (s *Service) Remove(ctx context.Context, file id.ID) error {
	err := s.c.Store.Write(ctx, func(tx *record.Tx) error {
		row, err := tx.Get(ctx, "importfile", file, []string{"importid"}, nil)
		if err != nil {
			return err
		}
		ref := operation.Ref{Table: "import", ID: row.ID("importid")}
		of, err := s.c.Keeper.Own(ctx, tx, ref)
		if err != nil {
			return err
		}
		if !unbegun(of) {
			return errBegun
		}
		if _, err := s.c.Keeper.Set(ctx, tx, ref, 0, record.Row{"rpt_status": operation.Draft}); err != nil {
			return err
		}
		return tx.Delete(access.Elevate(ctx, "import"), "importfile", file, record.Match{})
	})
	if err != nil {
		return err
	}
	return s.files.Discard(file.String())
}

// filesOf lists the files of an import in the order in which they are read.
func (s *Service) filesOf(ctx context.Context, from record.Reader, key id.ID) ([]record.Row, error) {
	page, err := from.Find(ctx, query.Query{Table: "importfile", Where: query.Compare{Left: query.Path{"importid"}, Value: key}, Order: []query.Order{{Column: "rpt_order"}, {Column: "createdon"}}, Limit: maxFiles + 1})
	return page.Rows, err
}

// Map says what a file is for and what its columns mean.
func (s *Service) Map(ctx context.Context, file id.ID, table string, m Mapping) error {
	t, err := s.table(table)
	if err != nil {
		return err
	}
	if _, err := s.c.Store.Get(ctx, "importfile", file, []string{"importid"}, nil); err != nil {
		return err
	}
	if _, err := s.planFile(file, t.Name, m); err != nil {
		return err
	}
	text, err := query.RawJSON(m)
	if err != nil {
		return err
	}
	return s.c.Store.Write(ctx, func(tx *record.Tx) error {
		row, err := tx.Get(ctx, "importfile", file, []string{"importid"}, nil)
		if err != nil {
			return err
		}
		ref := operation.Ref{Table: "import", ID: row.ID("importid")}
		of, err := s.c.Keeper.Own(ctx, tx, ref)
		if err != nil {
			return err
		}
		if !unbegun(of) {
			return errBegun
		}
		if _, err := s.c.Keeper.Set(ctx, tx, ref, 0, record.Row{"rpt_status": operation.Draft}); err != nil {
			return err
		}
		_, err = tx.Update(access.Elevate(ctx, "import"), "importfile", file, record.Row{"targetentityname": t.Name, "rpt_mapping": text}, record.Match{})
		return err
	})
}

// planFile opens a file to see whether a mapping fits it.
func (s *Service) planFile(file id.ID, table string, m Mapping) (*plan, error) {
	o, err := s.open(file, table, m)
	if err != nil {
		return nil, err
	}
	return o.plan, o.close()
}

// mappingOf gives the mapping that a file's row holds.
func mappingOf(row record.Row) (Mapping, error) {
	text, _ := row["rpt_mapping"].(json.RawMessage)
	if len(text) == 0 {
		name := row.Text("name")
		if name == "" {
			name = "the file"
		}
		return Mapping{}, errs.New(errs.Invalid, "import.unmapped", "say first what the columns of %s mean", name)
	}
	var m Mapping
	if err := json.Unmarshal(text, &m); err != nil {
		return Mapping{}, errs.Wrap(err, errs.Internal, "import.mapping", "the mapping can't be read")
	}
	return m, nil
}

func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
