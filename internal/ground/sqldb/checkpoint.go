package sqldb

import (
	"context"
	"database/sql"
	"log/slog"
	"time"
)

// walPages is how long SQLite's write-ahead log may grow, in pages of 4 KiB,
// before a commit copies it back into the database itself: only where the
// checkpointer does not keep up.
const walPages = 16_384

// walKept is how long the log's file stays, in bytes, once it begins anew after
// something long, such as a snapshot, has had it grow.
const walKept = 256 << 20

// checkpointEvery is how often the log is copied back while there are commits.
// SQLite's own way does it within every commit that finds the log above 4 MB:
// under load that is several times a second, each time with a flush for which
// all writers wait, and with the same pages again and again.
const checkpointEvery = time.Second

// checkpointer copies the log back beside the writer, which goes on meanwhile.
type checkpointer struct {
	pool    *sql.DB
	logger  *slog.Logger
	written chan struct{} // holds one while there are commits to be copied
	quit    chan struct{}
	done    chan struct{}
}

func newCheckpointer(ctx context.Context, pool *sql.DB, logger *slog.Logger) *checkpointer {
	c := &checkpointer{pool: pool, logger: logger, written: make(chan struct{}, 1), quit: make(chan struct{}), done: make(chan struct{})}
	go c.run(ctx)
	return c
}

// wake says that there is a commit. It never waits.
func (c *checkpointer) wake() {
	select {
	case c.written <- struct{}{}:
	default:
	}
}

func (c *checkpointer) run(ctx context.Context) {
	defer close(c.done)
	for {
		select {
		case <-c.written:
		case <-c.quit:
			return
		}
		pause := time.NewTimer(checkpointEvery)
		select {
		case <-pause.C:
		case <-c.quit:
			pause.Stop()
			return
		}
		// PASSIVE waits for nobody: what readers still need stays in the log.
		if _, err := c.pool.ExecContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)"); err != nil {
			c.logger.Debug("the write-ahead log is copied back later", "error", err)
		}
	}
}

func (c *checkpointer) close() {
	close(c.quit)
	<-c.done
}
