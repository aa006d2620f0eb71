package main

import (
	"context"
	"flag"
	"fmt"
	"io"

	"github.com/rapport-platform/rapport"
	"github.com/rapport-platform/rapport/internal/capability/scoring/history"
	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// importHistory imports a file of past leads: `import history FILE --map MAP`.
func importHistory(ctx context.Context, o rapport.Options, args []string, out io.Writer) error {
	if len(args) == 0 {
		return errs.New(errs.Invalid, "rapport.usage", "name the file: `rapport import history FILE --map MAP`")
	}
	file := args[0]
	var mapping string
	if err := flags("import history", args[1:], func(f *flag.FlagSet) { f.StringVar(&mapping, "map", "", "file that says what the columns mean") }); err != nil {
		return err
	}
	if mapping == "" {
		return errs.New(errs.Invalid, "rapport.usage", "say with --map what the columns mean: docs/guides/scoring.md has an example")
	}
	admin, err := rapport.Admin(ctx, o)
	if err != nil {
		return err
	}
	defer admin.Close()
	got, err := admin.ImportHistory(ctx, o, file, mapping, func(p history.Progress) {
		fmt.Fprintf(out, "%d rows read, %d refused\n", p.Read, p.Bad)
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d rows imported, %d refused\n", got.Good, got.Bad)
	if got.Bad > 0 {
		fmt.Fprintf(out, "the refused rows, with their reasons: %s\n", got.Refused)
	}
	return nil
}
