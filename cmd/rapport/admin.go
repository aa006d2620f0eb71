package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/rapport-platform/rapport"
	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// flags parses a command's flags; nothing may be left over.
func flags(name string, args []string, define func(*flag.FlagSet)) error {
	set := flag.NewFlagSet(name, flag.ContinueOnError)
	set.SetOutput(io.Discard)
	define(set)
	if err := set.Parse(args); err != nil || set.NArg() > 0 {
		return errs.New(errs.Invalid, "rapport.usage", "wrong use of `rapport %s`: see `rapport help`", name)
	}
	return nil
}

func token(ctx context.Context, o rapport.Options, args []string, out io.Writer) error {
	var user, name string
	var scopes []string
	var life time.Duration
	if err := flags("token create", args, func(f *flag.FlagSet) {
		f.StringVar(&user, "user", "", "user name")
		f.StringVar(&name, "name", "command line", "what the token is for")
		f.DurationVar(&life, "expires", 0, "how long it works; 0 is until revoked")
		f.Func("scope", "what it is for, such as lead:read,write; may be given several times", func(s string) error {
			scopes = append(scopes, s)
			return nil
		})
	}); err != nil {
		return err
	}
	admin, err := rapport.Admin(ctx, o)
	if err != nil {
		return err
	}
	defer admin.Close()
	secret, err := admin.CreateScopedToken(ctx, user, name, life, strings.Join(scopes, " "))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, secret)
	return err
}

func key(ctx context.Context, o rapport.Options, args []string, out io.Writer) error {
	var topic, name string
	if err := flags("key create", args, func(f *flag.FlagSet) {
		f.StringVar(&topic, "topic", "", "topic")
		f.StringVar(&name, "name", "command line", "who publishes with it")
	}); err != nil {
		return err
	}
	admin, err := rapport.Admin(ctx, o)
	if err != nil {
		return err
	}
	defer admin.Close()
	secret, err := admin.CreateKey(ctx, topic, name)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, secret)
	return err
}

func password(ctx context.Context, o rapport.Options, args []string, out io.Writer) error {
	var user string
	if err := flags("password", args, func(f *flag.FlagSet) { f.StringVar(&user, "user", "", "user name") }); err != nil {
		return err
	}
	admin, err := rapport.Admin(ctx, o)
	if err != nil {
		return err
	}
	defer admin.Close()
	secret, err := admin.ResetPassword(ctx, user)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, secret)
	return err
}
