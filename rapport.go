package rapport

import (
	"context"
	"embed"
	"io"
	"io/fs"

	"github.com/rapport-platform/rapport/internal/edge/app"
	"github.com/rapport-platform/rapport/internal/platform/transfer"
	"github.com/rapport-platform/rapport/web"
)

//go:embed all:solutions
var solutions embed.FS

// Options configure the product; see app.Config for what each field means.
type Options = app.Config

// FromEnv reads the options from the environment, as the program does.
func FromEnv(getenv func(string) string) Options { return app.FromEnv(getenv) }

// Server is the product, running in this process.
type Server struct{ app *app.App }

// New checks the options; nothing is opened or listened on yet.
func New(o Options) (*Server, error) {
	if err := shipped(&o); err != nil {
		return nil, err
	}
	a, err := app.New(o)
	if err != nil {
		return nil, err
	}
	return &Server{a}, nil
}

// shipped fills in what comes with the product.
func shipped(o *Options) error {
	if o.Solutions == nil {
		sub, err := fs.Sub(solutions, "solutions")
		if err != nil {
			return err
		}
		o.Solutions = sub
	}
	if o.UI == nil {
		o.UI = web.FS()
	}
	return nil
}

// Start opens everything and begins to serve. Visitors are answered once it
// returns nil; records may follow later, see Ready.
func (s *Server) Start(ctx context.Context) error { return s.app.Start(ctx) }

// Ready waits until records can be used.
func (s *Server) Ready(ctx context.Context) error { return s.app.Ready(ctx) }

// URL is the address under which the product answers.
func (s *Server) URL() string { return s.app.URL() }

// Failed gives the error that ended serving, if it ends by itself.
func (s *Server) Failed() <-chan error { return s.app.Failed() }

// Shutdown stops taking requests, finishes what is under way and closes everything.
func (s *Server) Shutdown(ctx context.Context) error { return s.app.Shutdown(ctx) }

// Admin opens the database alone, beside a server that may be running, for the
// commands that make tokens, keys and passwords.
func Admin(ctx context.Context, o Options) (*app.Admin, error) { return app.OpenAdmin(ctx, o) }

// ImportInput and ExportInput say what Import and Export do.
type (
	ImportInput = app.TransferInput
	ExportInput = app.ExportInput
)

// Import brings a file into a table, and gives a file of the rows that were
// refused, if any were. It starts the product without serving anybody.
func Import(ctx context.Context, o Options, in ImportInput, tell func(transfer.State)) (transfer.State, string, error) {
	if err := shipped(&o); err != nil {
		return transfer.State{}, "", err
	}
	return app.Import(ctx, o, in, tell)
}

// Export writes rows of a table that a user may see, and gives their number.
func Export(ctx context.Context, o Options, in ExportInput, to io.Writer) (int64, error) {
	if err := shipped(&o); err != nil {
		return 0, err
	}
	return app.Export(ctx, o, in, to)
}
