package app

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/diskfile"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/transfer"
	"github.com/rapport-platform/rapport/internal/platform/transfer/export"
	"github.com/rapport-platform/rapport/internal/platform/transfer/operation"
)

// TransferInput says which file is imported, and how.
type TransferInput struct {
	User    string // in whose name, with whose rights
	Table   string
	File    string
	Mapping string // file that says what the columns mean; "" takes what is suggested
	DryRun  bool
}

// Import brings a file into a table. All hooks, rules and followers take part, so
// it runs within a whole product that serves nobody: no other may be at work on
// an embedded database's data folder.
func Import(ctx context.Context, c Config, in TransferInput, tell func(transfer.State)) (state transfer.State, refused string, err error) {
	err = within(ctx, c, func(core *core) error {
		ctx, err := core.inName(ctx, in.User)
		if err != nil {
			return err
		}
		state, err = core.importFile(ctx, in, tell)
		if err != nil || state.Files[0].Refused == 0 {
			return err
		}
		refused, err = core.refused(ctx, state.Files[0].ID)
		return err
	})
	return state, refused, err
}

// within runs fn in a product that has been started on a free port.
func within(ctx context.Context, c Config, fn func(*core) error) error {
	c.Addr, c.Sample = "127.0.0.1:0", false
	a, err := New(c)
	if err != nil {
		return err
	}
	if err := a.Start(ctx); err != nil {
		return err
	}
	err = a.Ready(ctx)
	if core := a.core.Load(); err == nil && core != nil {
		err = fn(core)
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	return errors.Join(err, a.Shutdown(end))
}

// inName gives the context of a user who signs in by a name.
func (c *core) inName(ctx context.Context, user string) (context.Context, error) {
	who, err := (&Admin{db: c.db}).user(ctx, user)
	if err != nil {
		return nil, err
	}
	return access.With(ctx, access.Principal{Kind: access.User, ID: who}), nil
}

func (c *core) importFile(ctx context.Context, in TransferInput, tell func(transfer.State)) (transfer.State, error) {
	f, err := os.Open(in.File)
	if err != nil {
		return transfer.State{}, errs.Wrap(err, errs.Invalid, "import.file", "the file %s can't be opened", in.File)
	}
	defer f.Close()
	up, err := c.imports.Upload(ctx, id.Nil, in.Table, filepath.Base(in.File), f)
	if err != nil {
		return transfer.State{}, err
	}
	m, err := c.mapping(ctx, in, up.File)
	if err != nil {
		return transfer.State{}, err
	}
	if err := c.imports.Map(ctx, up.File, in.Table, m); err != nil {
		return transfer.State{}, err
	}
	if err := c.imports.Start(ctx, up.Import, in.DryRun); err != nil {
		return transfer.State{}, err
	}
	for {
		s, err := c.imports.State(ctx, up.Import)
		if err != nil {
			return s, err
		}
		switch s.Status {
		case operation.Waiting, operation.Running:
			tell(s)
		case operation.Failed:
			return s, errs.New(errs.Invalid, "import.failed", "%s", s.Error)
		default:
			return s, nil
		}
		select {
		case <-c.app.c.Clock.After(time.Second):
		case <-ctx.Done():
			return s, ctx.Err()
		}
	}
}

func (c *core) mapping(ctx context.Context, in TransferInput, file id.ID) (transfer.Mapping, error) {
	if in.Mapping == "" {
		p, err := c.imports.Preview(ctx, file, in.Table, transfer.Mapping{})
		return p.Suggestion, err
	}
	f, err := os.Open(in.Mapping)
	if err != nil {
		return transfer.Mapping{}, errs.Wrap(err, errs.Invalid, "import.mapping", "the mapping %s can't be opened", in.Mapping)
	}
	defer f.Close()
	return transfer.ParseMapping(f)
}

// refused writes the rows that were refused into a file of the data folder.
func (c *core) refused(ctx context.Context, file id.ID) (path string, err error) {
	path = filepath.Join(c.app.c.Data, transferFolder, "refused-"+file.String()+".csv")
	f, err := os.Create(path)
	if err != nil {
		return "", err
	}
	err = errors.Join(c.imports.Refused(ctx, file, f), f.Close())
	if err != nil { // no half of it
		return "", errors.Join(diskfile.Full(err), os.Remove(path))
	}
	return path, nil
}

// ExportInput says which rows are exported.
type ExportInput struct {
	User, Table, Format, Select, Filter, OrderBy string
}

// Export writes the rows of a table that a user may see.
func Export(ctx context.Context, c Config, in ExportInput, to io.Writer) (rows int64, err error) {
	err = within(ctx, c, func(core *core) error {
		ctx, err := core.inName(ctx, in.User)
		if err != nil {
			return err
		}
		t, ok := core.access.Catalog().Table(in.Table)
		if !ok {
			return errs.New(errs.NotFound, "export.table", "there is no table %s", in.Table)
		}
		asked := map[string]string{}
		log := map[string]any{}
		for name, v := range map[string]string{"$select": in.Select, "$filter": in.Filter, "$orderby": in.OrderBy} {
			if v != "" {
				asked[name], log[name] = v, v
			}
		}
		o, err := odata.ParseOptions(&odata.Context{Catalog: core.access.Catalog(), Now: core.app.c.Clock.Now(), UserID: access.From(ctx).ID, UnitID: core.access.Unit(access.From(ctx).ID)}, t, asked)
		if err != nil {
			return err
		}
		rows, err = core.exporter().Export(ctx, export.Request{Query: o.Query, View: o.View, Format: in.Format, Language: "en", Text: log}, to)
		return err
	})
	return rows, err
}
