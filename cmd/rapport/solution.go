package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/rapport-platform/rapport"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/customise"
)

// solution runs `rapport solution export|import|diff|remove`.
func solution(ctx context.Context, o rapport.Options, args []string, out io.Writer) error {
	if len(args) < 2 {
		return errs.New(errs.Invalid, "rapport.usage", "wrong use of `rapport solution`: see `rapport help`")
	}
	command, subject, rest := args[0], args[1], args[2:]
	folder := ""
	if command == "export" && len(rest) > 0 {
		folder, rest = rest[0], rest[1:]
	}
	var confirm, dry bool
	if err := flags("solution "+command, rest, func(f *flag.FlagSet) {
		f.BoolVar(&confirm, "confirm-data-loss", false, "data may be lost")
		f.BoolVar(&dry, "dry-run", false, "tell only what would be done")
	}); err != nil {
		return err
	}
	admin, err := rapport.Admin(ctx, o)
	if err != nil {
		return err
	}
	defer admin.Close()
	var report customise.Report
	switch {
	case command == "export" && folder != "":
		files, err := admin.ExportSolution(ctx, subject)
		if err != nil {
			return err
		}
		return unpack(folder, files)
	case command == "import" || command == "diff":
		report, err = admin.ImportSolution(ctx, os.DirFS(subject), confirm, dry || command == "diff")
	case command == "remove":
		report, err = admin.RemoveSolution(ctx, subject, confirm, dry)
	default:
		return errs.New(errs.Invalid, "rapport.usage", "wrong use of `rapport solution %s`: see `rapport help`", command)
	}
	if err != nil {
		return err
	}
	for _, list := range []struct {
		sign  string
		names []string
	}{{"+", report.Added}, {"~", report.Changed}, {"-", report.Removed}} {
		for _, name := range list.names {
			fmt.Fprintln(out, list.sign, name)
		}
	}
	for _, l := range report.Losses {
		fmt.Fprintf(out, "! %s: %d rows lose what they hold\n", l.What, l.Rows)
	}
	return nil
}

// unpack writes the files into a folder.
func unpack(folder string, files map[string][]byte) error {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if !filepath.IsLocal(name) {
			return errs.New(errs.Internal, "rapport.export", "the file %q leads out of the folder", name)
		}
		path := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, files[name], 0o644); err != nil {
			return err
		}
	}
	return nil
}
