package main

import (
	"context"
	"flag"
	"fmt"
	"io"

	"github.com/rapport-platform/rapport"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
)

func verify(ctx context.Context, o rapport.Options, args []string, out io.Writer) error {
	var from int64
	var anchor string
	if err := flags("verify", args, func(f *flag.FlagSet) {
		f.Int64Var(&from, "from", 0, "the seal to begin with")
		f.StringVar(&anchor, "anchor", "", "number:hash of a seal that was noted elsewhere")
	}); err != nil {
		return err
	}
	admin, err := rapport.Admin(ctx, o)
	if err != nil {
		return err
	}
	defer admin.Close()
	var all changelog.Report
	err = admin.VerifyLog(ctx, from, anchor, func(part changelog.Report) {
		for _, f := range part.Faults {
			fmt.Fprintf(out, "BAD %s: %s\n", f.Kind, f.Message)
		}
		all.Seals, all.Rows, all.Cut, all.Erased = all.Seals+part.Seals, all.Rows+part.Rows, all.Cut+part.Cut, all.Erased+part.Erased
		all.Faults = append(all.Faults, part.Faults...)
		if part.Seals > 0 {
			all.Number, all.Head = part.Number, part.Head
		}
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d seals, %d rows as they were sealed, %d cut by retention, %d without values by an erasure\nnewest seal %d:%s\n", all.Seals, all.Rows, all.Cut, all.Erased, all.Number, all.Head)
	if len(all.Faults) > 0 {
		return errs.New(errs.Conflict, "changelog.tampered", "the change log is not as it was sealed; first: %s", all.Faults[0].Message)
	}
	_, err = fmt.Fprintln(out, "the change log is whole")
	return err
}
