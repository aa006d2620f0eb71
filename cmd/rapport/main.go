// Command rapport is the whole product in one program. `rapport serve` runs it;
// the other commands are for administrators.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/rapport-platform/rapport"
	"github.com/rapport-platform/rapport/internal/ground/errs"
)

const usage = `Rapport, the self-hosted customer-engagement platform.

  rapport serve                         run the product
  rapport token create --user NAME      make a bearer token; prints the secret only (--expires 720h, and what it
                                        is for at most: --scope lead:read,write --scope action:QualifyLead)
  rapport key create --topic NAME       make a key to publish events; prints the secret only
  rapport password --user NAME          give a user a new random password; prints it only
  rapport solution export NAME FOLDER   write a solution into a folder
  rapport solution import FOLDER        bring a solution in (--dry-run, --confirm-data-loss)
  rapport solution diff FOLDER          tell what importing would add (+), change (~) and remove (-)
  rapport solution remove NAME          take a solution out (--dry-run, --confirm-data-loss)
  rapport import history FILE --map MAP  bring a file of past leads into the lake (docs/guides/scoring.md)
  rapport verify                        walk along the change log's hash chain and name what was tampered with
                                        (--from SEAL, --anchor NUMBER:HASH of a seal noted elsewhere)
  rapport person export|preview|erase   a person's data as an archive (--out), or erased (--yes), by --email, --phone or --table and --id
  rapport import TABLE FILE --map MAP   import CSV or XLSX into a table (--user, --dry-run; docs/guides/transfer.md)
  rapport export TABLE --out FILE       write rows (--format csv|xlsx|jsonl|parquet, --select, --filter, --orderby, --user)
  rapport version                       print the version

Environment: RAPPORT_ADDR (127.0.0.1:8080), RAPPORT_DATA (./data), RAPPORT_DATABASE (SQLite in the data
folder; a postgres:// address switches), RAPPORT_NATS (embedded), RAPPORT_SAMPLE=1 (sample organisation),
RAPPORT_ADMIN_PASSWORD, RAPPORT_TLS_CERT, RAPPORT_TLS_KEY, RAPPORT_TRUSTED_PROXIES, RAPPORT_COUNTRY, RAPPORT_SMTP, RAPPORT_MAIL_FROM and
RAPPORT_URL (to send members of the portal their links), RAPPORT_LOG (text,
json), RAPPORT_LOG_LEVEL, OTEL_EXPORTER_OTLP_ENDPOINT.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "rapport: "+line(err))
		os.Exit(1)
	}
}

// line gives an error as one line for a person.
func line(err error) string {
	var e *errs.Error
	if !errors.As(err, &e) {
		return oneLine(err.Error())
	}
	text := e.Message
	for _, f := range e.Fields {
		text += "; " + f.Name + ": " + f.Message
	}
	if e.Kind == errs.Internal || e.Kind == errs.Unavailable {
		if e.Cause != nil {
			text += " (" + e.Cause.Error() + ")"
		}
	}
	return oneLine(text + " [" + e.Code + "]")
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func run(ctx context.Context, args []string, out, log io.Writer) error {
	o := rapport.FromEnv(os.Getenv)
	var err error
	if o.Logger, err = logger(log, os.Getenv("RAPPORT_LOG"), os.Getenv("RAPPORT_LOG_LEVEL")); err != nil {
		return err
	}
	slog.SetDefault(o.Logger)
	command := strings.Join(args[:min(2, len(args))], " ")
	switch {
	case len(args) == 1 && args[0] == "serve":
		return serve(ctx, o, out)
	case command == "token create":
		return token(ctx, o, args[2:], out)
	case command == "key create":
		return key(ctx, o, args[2:], out)
	case len(args) > 0 && args[0] == "solution":
		return solution(ctx, o, args[1:], out)
	case len(args) > 0 && args[0] == "password":
		return password(ctx, o, args[1:], out)
	case len(args) > 0 && args[0] == "person":
		return person(ctx, o, args[1:], out)
	case command == "import history":
		return importHistory(ctx, o, args[2:], out)
	case len(args) > 0 && args[0] == "verify":
		return verify(ctx, o, args[1:], out)
	case len(args) > 0 && args[0] == "import":
		return importTable(ctx, o, args[1:], out)
	case len(args) > 0 && args[0] == "export":
		return exportTable(ctx, o, args[1:], out)
	case len(args) == 1 && args[0] == "version":
		_, err = fmt.Fprintln(out, version())
		return err
	case len(args) == 1 && (args[0] == "help" || args[0] == "--help" || args[0] == "-h"):
		_, err = io.WriteString(out, usage)
		return err
	}
	return errs.New(errs.Invalid, "rapport.usage", "unknown command %q: see `rapport help`", strings.Join(args, " "))
}

// logger writes lines for a terminal, warnings and worse, or JSON for machines,
// with a line per request; a level that is set counts for both.
func logger(to io.Writer, format, level string) (*slog.Logger, error) {
	min := slog.LevelWarn
	if format == "json" {
		min = slog.LevelInfo
	}
	if level != "" {
		if err := min.UnmarshalText([]byte(level)); err != nil {
			return nil, errs.New(errs.Invalid, "rapport.log_level", "RAPPORT_LOG_LEVEL must be debug, info, warn or error")
		}
	}
	o := &slog.HandlerOptions{Level: min}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(to, o)), nil
	}
	return slog.New(slog.NewTextHandler(to, o)), nil
}

func serve(ctx context.Context, o rapport.Options, out io.Writer) error {
	o.Program = os.Args[0]
	o.Announce = func(text string) { fmt.Fprintln(out, text) }
	server, err := rapport.New(o)
	if err != nil {
		return err
	}
	if err := server.Start(ctx); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
	case err = <-server.Failed():
	}
	ended, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	return errors.Join(err, server.Shutdown(ended))
}

func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	out := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			out += " " + s.Value
		}
	}
	return out
}
