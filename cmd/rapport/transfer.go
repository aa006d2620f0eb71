package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/rapport-platform/rapport"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/transfer"
)

// importTable imports a file into a table: `import TABLE FILE --map MAP`.
func importTable(ctx context.Context, o rapport.Options, args []string, out io.Writer) error {
	if len(args) < 2 {
		return errs.New(errs.Invalid, "rapport.usage", "name the table and the file: `rapport import TABLE FILE --map MAP`")
	}
	in := rapport.ImportInput{Table: args[0], File: args[1]}
	err := flags("import", args[2:], func(f *flag.FlagSet) {
		f.StringVar(&in.Mapping, "map", "", "file that says what the columns mean; what is suggested without it")
		f.StringVar(&in.User, "user", "admin", "in whose name")
		f.BoolVar(&in.DryRun, "dry-run", false, "only tell what would happen")
	})
	if err != nil {
		return err
	}
	s, refused, err := rapport.Import(ctx, o, in, func(s transfer.State) {
		fmt.Fprintf(out, "%d rows read, %d refused\n", s.Files[0].Read, s.Files[0].Refused)
	})
	if err != nil {
		return err
	}
	f := s.Files[0]
	words := map[bool]string{true: "dry run: ", false: ""}[in.DryRun]
	fmt.Fprintf(out, "%s%d rows read, %d created, %d changed, %d unchanged, %d refused\n", words, f.Read, f.Created, f.Updated, f.Unchanged, f.Refused)
	if s.SearchBehind > 0 && !in.DryRun {
		fmt.Fprintf(out, "search is %d changes behind; it takes them in as soon as the product runs\n", s.SearchBehind)
	}
	if refused != "" {
		fmt.Fprintf(out, "the refused rows, with their reasons: %s\n", refused)
	}
	return nil
}

// exportTable writes rows of a table: `export TABLE --format csv --out FILE`.
func exportTable(ctx context.Context, o rapport.Options, args []string, out io.Writer) (err error) {
	if len(args) == 0 {
		return errs.New(errs.Invalid, "rapport.usage", "name the table: `rapport export TABLE --format csv --out FILE`")
	}
	in := rapport.ExportInput{Table: args[0]}
	var file string
	err = flags("export", args[1:], func(f *flag.FlagSet) {
		f.StringVar(&in.Format, "format", "csv", "csv, xlsx, jsonl or parquet")
		f.StringVar(&in.Select, "select", "", "columns, parted by commas; all without it")
		f.StringVar(&in.Filter, "filter", "", "condition, as $filter of the Web API has it")
		f.StringVar(&in.OrderBy, "orderby", "", "order, as $orderby has it")
		f.StringVar(&in.User, "user", "admin", "in whose name")
		f.StringVar(&file, "out", "", "file to write; standard output without it")
	})
	if err != nil {
		return err
	}
	if file == "" {
		_, err = rapport.Export(ctx, o, in, out)
		return err
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return errs.Wrap(err, errs.Invalid, "export.file", "the file %s can't be made, or is there already", file)
	}
	rows, err := rapport.Export(ctx, o, in, f)
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		_ = os.Remove(file) // half a file must not be taken for the whole
		return err
	}
	fmt.Fprintf(out, "%d rows written to %s\n", rows, file)
	return nil
}
