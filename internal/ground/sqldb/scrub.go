package sqldb

import (
	"context"
	"database/sql"
	"os"
)

// Scrubbed tells what Scrub did about the remnants of rows that were deleted or
// replaced.
type Scrubbed struct {
	Log   bool // the write-ahead log holds nothing any more (SQLite)
	Whole bool // the file was written anew (SQLite)
	Dead  bool // dead rows of the tables were cleared from their pages (PostgreSQL); their bytes stay there until the place is used again
}

// Scrub takes away what the database's files still hold of deleted rows, as far
// as that can be done while others use it. On SQLite the write-ahead log is
// emptied, and a file of at most `most` bytes is written anew. On PostgreSQL dead
// rows of the given tables are cleared; only VACUUM FULL, which locks a table,
// rewrites it, and the server's own write-ahead log is recycled in its own time.
func (db *DB) Scrub(ctx context.Context, most int64, tables []string) (out Scrubbed, err error) {
	if db.dialect == Postgres {
		err = db.Outside(ctx, "scrub", func(exec func(string) error) error {
			for _, t := range tables {
				if err := exec("VACUUM " + db.dialect.Quote(t)); err != nil {
					return err
				}
			}
			return nil
		})
		return Scrubbed{Dead: err == nil}, err
	}
	pool, err := sql.Open("sqlite", db.file+"&_pragma=secure_delete(1)")
	if err != nil {
		return out, classify(err)
	}
	defer pool.Close()
	pool.SetMaxOpenConns(1)
	exec := func(text string) error {
		_, err := pool.ExecContext(ctx, text)
		return classify(err)
	}
	info, err := os.Stat(db.path)
	if err != nil {
		return out, classify(err)
	}
	if info.Size() <= most {
		// The copy that VACUUM makes goes to a file: memory is bounded.
		if err := exec("PRAGMA temp_store=FILE"); err != nil {
			return out, err
		}
		if err := exec("VACUUM"); err != nil {
			return out, err
		}
		out.Whole = true
	}
	var busy, log, done int
	if err := pool.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &log, &done); err != nil {
		return out, classify(err)
	}
	out.Log = busy == 0 // a reader or writer at work keeps it from ending
	return out, nil
}

// Files lists the files of an SQLite database. No other part of this process may
// open them: closing one lets go of the locks that SQLite holds on it, and another
// process could then damage the database.
func (db *DB) Files() []string {
	if db.path == "" {
		return nil
	}
	return []string{db.path, db.path + "-wal", db.path + "-shm", db.path + "-journal"}
}
