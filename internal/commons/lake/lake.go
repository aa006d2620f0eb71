package lake

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/kit/delta"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

// Layers, which are the folders of the lake.
const (
	layerChanges  = "changes"
	layerCurrent  = "current"
	layerEvents   = "events"
	layerArrivals = "arrivals"
	layerHistory  = "history"
)

// Config is what the lake needs.
type Config struct {
	Dir     string                   // its folder
	Catalog func() *metadata.Catalog // of now
	Clock   clock.Clock
	Logger  *slog.Logger
	Metrics *Metrics
	// Linger is how long the first of several changes waits for others, so that
	// they share a file. 0 means two seconds.
	Linger time.Duration
	// Keep is for how long files that were replaced, and old commits, stay for
	// readers that are under way and for time travel. 0 means a day.
	Keep time.Duration
	// Busy tells whether very many records are being written: the lake then stays
	// behind for a while, unless somebody waits for it. Nil is never.
	Busy func() bool
}

// Lake is the lake of one installation. It needs no database: consumers that do
// are services of their own (Feed), and the lake can be read without them.
type Lake struct {
	c    Config
	tail int64 // changes that a base is made or renewed for

	mu     sync.Mutex
	tables map[string]*delta.Table

	feeds sync.Map // log → consumer, of those that run in this process
}

// consumer is one of those that fill the lake.
type consumer interface {
	flush(ctx context.Context) error
	progress() *progress
}

// Flush waits until everything that was committed or published before the call
// is in the lake, as far as the lake's consumers run in this process.
func (l *Lake) Flush(ctx context.Context) (err error) {
	l.feeds.Range(func(_, v any) bool {
		if c, ok := v.(consumer); ok {
			err = c.flush(ctx)
		}
		return err == nil
	})
	return err
}

// New gives a lake. Nothing is opened yet.
func New(c Config) *Lake {
	if c.Clock == nil {
		c.Clock = clock.System{}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Metrics == nil {
		c.Metrics = NewMetrics(nil)
	}
	if c.Linger <= 0 {
		c.Linger = 2 * time.Second
	}
	if c.Keep <= 0 {
		c.Keep = 24 * time.Hour
	}
	if c.Busy == nil {
		c.Busy = func() bool { return false }
	}
	return &Lake{c: c, tail: tailLeast, tables: map[string]*delta.Table{}}
}

var tableName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,59}$`)

// name puts a table's name together and checks it.
func name(layer, table string) (string, error) {
	if !tableName.MatchString(table) {
		return "", ErrName
	}
	return layer + "/" + table, nil
}

func (l *Lake) storage(name string) delta.Storage {
	return delta.Local(filepath.Join(l.c.Dir, filepath.FromSlash(name)))
}

func (l *Lake) options() delta.Options {
	return delta.Options{Clock: l.c.Clock, CheckpointEvery: 25}
}

// open gives a table; nil and no error if there is none yet.
func (l *Lake) open(ctx context.Context, name string) (*delta.Table, error) {
	l.mu.Lock()
	t := l.tables[name]
	l.mu.Unlock()
	if t != nil {
		return t, nil
	}
	t, err := delta.Open(ctx, l.storage(name), l.options())
	if errors.Is(err, delta.ErrNoTable) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return l.remember(name, t), nil
}

// remember keeps an open table; of two that were opened at once one stays.
func (l *Lake) remember(name string, t *delta.Table) *delta.Table {
	l.mu.Lock()
	defer l.mu.Unlock()
	if first := l.tables[name]; first != nil {
		return first
	}
	l.tables[name] = t
	return t
}

// ensure gives a table, and makes it if there is none.
func (l *Lake) ensure(ctx context.Context, name string, schema delta.Schema, key string) (*delta.Table, error) {
	t, err := l.open(ctx, name)
	if err != nil || t != nil {
		return t, err
	}
	keep := "interval " + hours(l.c.Keep)
	config := map[string]string{"delta.logRetentionDuration": keep, "delta.deletedFileRetentionDuration": keep, "delta.checkpointInterval": "25", keyConfig: key}
	t, err = delta.OpenOrCreate(ctx, l.storage(name), l.options(), delta.Spec{Name: filepath.Base(name), Schema: schema, Config: config})
	if err != nil {
		return nil, err
	}
	return l.remember(name, t), nil
}

// keyConfig is the setting of a table that names its key column.
const keyConfig = "rapport.key"

// snapshot gives the newest version of a table; nil if there is none yet.
func (l *Lake) snapshot(ctx context.Context, name string) (*delta.Snapshot, error) {
	t, err := l.open(ctx, name)
	if err != nil || t == nil {
		return nil, err
	}
	return t.Snapshot(ctx)
}

// names lists the tables that there are, sorted.
func (l *Lake) names() ([]string, error) {
	var out []string
	for _, layer := range []string{layerChanges, layerCurrent, layerEvents, layerArrivals, layerHistory} {
		entries, err := os.ReadDir(filepath.Join(l.c.Dir, layer))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if e.IsDir() && tableName.MatchString(e.Name()) {
				out = append(out, layer+"/"+e.Name())
			}
		}
	}
	slices.Sort(out)
	return out, nil
}

// key gives the id column of a record table.
func (l *Lake) key(table string) (string, bool) {
	if t, ok := l.c.Catalog().Table(table); ok {
		return t.ID, true
	}
	return "", false
}

// Columns lists the columns of a record table that can be read: those of the
// lake, and those of the catalog that no change has brought in yet.
func (l *Lake) Columns(ctx context.Context, table string) ([]Column, error) {
	full, err := name(layerChanges, table)
	if err != nil {
		return nil, err
	}
	snap, err := l.snapshot(ctx, full)
	if err != nil {
		return nil, err
	}
	var out []Column
	seen := map[string]bool{}
	if snap != nil {
		for _, f := range snap.Schema.Fields {
			if c := columnOf(f); !isMeta(c.Name) {
				out = append(out, c)
				seen[c.Name] = true
			}
		}
	}
	t, known := l.c.Catalog().Table(table)
	if !known && snap == nil {
		return nil, unknown(table)
	}
	if known {
		for _, c := range recordColumns(t) {
			if !seen[c.Name] {
				out = append(out, c)
			}
		}
	}
	return out, nil
}

// wanted resolves the columns that a reader asks for; none means all.
func (l *Lake) wanted(ctx context.Context, table string, names []string) ([]Column, error) {
	all, err := l.Columns(ctx, table)
	if err != nil || len(names) == 0 {
		return all, err
	}
	out := make([]Column, len(names))
	for i, n := range names {
		at := slices.IndexFunc(all, func(c Column) bool { return c.Name == n })
		if at < 0 {
			return nil, noColumn(table, n)
		}
		out[i] = all[at]
	}
	return out, nil
}

func unavailable(err error) bool { return errs.Has(err, errs.Unavailable) }

// hours writes a duration as the format's settings have it.
func hours(d time.Duration) string { return strconv.Itoa(max(1, int(d.Hours()))) + " hours" }
