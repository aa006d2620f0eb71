package sqldb

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"testing/fstest"
	"text/template"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// words are what a migration may say in place of what differs between the
// databases: {{.ID}}, {{.Time}} and so on.
type words struct {
	Postgres                          bool
	ID, Time, Bool, Int, Serial, Text string
}

func (d Dialect) words() words {
	if d == Postgres {
		return words{Postgres: true, ID: "uuid", Time: "timestamptz", Bool: "boolean", Int: "bigint",
			Serial: "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY", Text: `text COLLATE "C"`}
	}
	return words{ID: "BLOB", Time: "INTEGER", Bool: "INTEGER", Int: "INTEGER",
		Serial: "INTEGER PRIMARY KEY AUTOINCREMENT", Text: "TEXT"}
}

// Migrate brings the core tables to the newest of the ordered migrations in
// files (*.sql in goose's form, with template words for what differs between
// the databases). It refuses a database that is newer than the binary.
// Several processes may call it at once.
func Migrate(ctx context.Context, db *DB, files fs.FS) error {
	expanded, err := expand(db.dialect, files)
	if err != nil {
		return err
	}
	opts := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true)}
	dialect, pool := goose.DialectSQLite3, db.reader
	if db.dialect == Postgres {
		dialect = goose.DialectPostgres
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return err
		}
		opts = append(opts, goose.WithSessionLocker(locker))
	} else {
		// The reading pool is query-only and the writer keeps its one connection.
		if pool, err = sql.Open("sqlite", db.file); err != nil {
			return err
		}
		defer pool.Close()
		release, err := lockFile(db.path + ".migrate")
		if err != nil {
			return err
		}
		defer release()
	}
	p, err := goose.NewProvider(dialect, pool, expanded, opts...)
	if errors.Is(err, goose.ErrNoMigrations) {
		return nil
	}
	if err != nil {
		return err
	}
	return up(ctx, p)
}

func up(ctx context.Context, p *goose.Provider) error {
	current, target, err := p.GetVersions(ctx)
	if err != nil {
		return classify(err)
	}
	if current > target {
		return errs.New(errs.Unsupported, "sqldb.newer", "the database is at version %d, newer than this program, which knows %d: use the newer program", current, target)
	}
	if _, err := p.Up(ctx); err != nil {
		return classify(err)
	}
	return nil
}

func expand(d Dialect, files fs.FS) (fs.FS, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, err
	}
	out := fstest.MapFS{}
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		t, err := template.New(name).Parse(string(text))
		if err != nil {
			return nil, err
		}
		var b bytes.Buffer
		if err := t.Execute(&b, d.words()); err != nil {
			return nil, err
		}
		out[name] = &fstest.MapFile{Data: b.Bytes()}
	}
	return out, nil
}
