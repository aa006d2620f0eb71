package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/rapport-platform/rapport"
	"github.com/rapport-platform/rapport/internal/commons/privacy"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
)

// person exports or erases one person: `person export|preview|erase --email A | --phone N | --table T --id ID`.
func person(ctx context.Context, o rapport.Options, args []string, out io.Writer) error {
	usage := errs.New(errs.Invalid, "rapport.usage", "say `rapport person export`, `preview` or `erase`: see `rapport help`")
	if len(args) == 0 {
		return usage
	}
	var who privacy.Who
	var key, file string
	var yes bool
	wait := 10 * time.Minute
	if err := flags("person "+args[0], args[1:], func(f *flag.FlagSet) {
		f.StringVar(&who.Email, "email", "", "e-mail address")
		f.StringVar(&who.Phone, "phone", "", "phone number")
		f.StringVar(&who.Table, "table", "contact", "table of the record")
		f.StringVar(&key, "id", "", "id of the record")
		f.StringVar(&file, "out", "", "file of the archive")
		f.BoolVar(&yes, "yes", false, "erase without asking back")
		f.DurationVar(&wait, "wait", wait, "how long to wait for the server")
	}); err != nil {
		return err
	}
	if key != "" {
		var err error
		if who.ID, err = id.Parse(key); err != nil {
			return errs.New(errs.Invalid, "rapport.usage", "%q is no id", key)
		}
	} else {
		who.Table = ""
	}
	admin, err := rapport.Admin(ctx, o)
	if err != nil {
		return err
	}
	defer admin.Close()
	p, err := admin.OpenPerson(ctx, o)
	if err != nil {
		return err
	}
	defer p.Close()
	show := func(v any) error {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(v)
	}
	switch args[0] {
	case "preview":
		report, err := p.Preview(who)
		if err != nil {
			return err
		}
		return show(report)
	case "erase":
		if !yes {
			return errs.New(errs.Invalid, "rapport.usage", "what is erased does not come back: look at `rapport person preview` first, then add --yes")
		}
		report, err := p.Erase(who, wait)
		if err != nil {
			return err
		}
		return show(report)
	case "export":
		if file == "" {
			return errs.New(errs.Invalid, "rapport.usage", "name the file of the archive with --out")
		}
		f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return errs.Wrap(err, errs.Invalid, "rapport.file", "the file can't be made")
		}
		if err := p.Export(who, wait, f); err != nil {
			f.Close()
			os.Remove(file)
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
		_, err = fmt.Fprintln(out, file)
		return err
	}
	return usage
}
