package delta

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strconv"
)

// Compaction says which files to bring together.
type Compaction struct {
	Target   int64    // bytes of a file; files of half of it or more are left alone. 0 means 128 MiB
	MinFiles int      // fewer small files than this are left alone; 0 means 2
	MaxFiles int      // at most so many become one; 0 means 100
	SortBy   []string // columns in whose order the rows stand in all files; nil where they have none
	// Tier, if above 1, brings together files of about one size only: those of
	// which the largest is at most Tier times the smallest counted size class.
	Tier int64
}

// Compact rewrites small files as larger ones. Rows stay as they are: readers
// of the log are told so (dataChange is false), and appends of others go on
// meanwhile. It gives how many commits were made.
func (t *Table) Compact(ctx context.Context, c Compaction) (commits int, err error) {
	if c.Target <= 0 {
		c.Target = 128 << 20
	}
	c.MinFiles = max(c.MinFiles, 2)
	if c.MaxFiles <= 0 {
		c.MaxFiles = 100
	}
	snap, err := t.Snapshot(ctx)
	if err != nil {
		return 0, err
	}
	for _, bin := range c.bins(snap.Files) {
		err := t.compactBin(ctx, snap, c, bin)
		if errors.Is(err, ErrConflict) {
			continue // somebody else was there first
		}
		if err != nil {
			return commits, err
		}
		commits++
	}
	return commits, nil
}

// bins chooses files to become one: first fit, in the order in which the files
// came in, so that neighbours in time stay together.
func (c Compaction) bins(files []*Add) [][]*Add {
	classes := map[int][]*Add{}
	for _, f := range files {
		if f.Size < c.Target/2 && (len(c.SortBy) == 0 || f.sorted(c.SortBy)) {
			k := c.class(f.Size)
			classes[k] = append(classes[k], f)
		}
	}
	var out [][]*Add
	for _, k := range sortedKeys(classes) {
		type bin struct {
			files []*Add
			size  int64
		}
		var open []*bin
	files:
		for _, f := range classes[k] {
			for _, b := range open {
				if b.size+f.Size <= c.Target && len(b.files) < c.MaxFiles {
					b.files, b.size = append(b.files, f), b.size+f.Size
					continue files
				}
			}
			open = append(open, &bin{[]*Add{f}, f.Size})
		}
		for _, b := range open {
			if len(b.files) >= c.MinFiles {
				out = append(out, b.files)
			}
		}
	}
	return out
}

// class is the size class of a file: 0 for all where tiers are not asked for.
func (c Compaction) class(size int64) int {
	if c.Tier <= 1 {
		return 0
	}
	n := 0
	for limit := int64(256 << 10); size > limit; limit *= c.Tier {
		n++
	}
	return n
}

func sortedKeys[V any](m map[int]V) []int {
	keys := make([]int, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func (t *Table) compactBin(ctx context.Context, snap *Snapshot, c Compaction, bin []*Add) error {
	var rows iter.Seq2[[]any, error]
	if len(c.SortBy) > 0 {
		rows = snap.Merged(ctx, c.SortBy, Scan{Files: bin})
	} else {
		rows = snap.Rows(ctx, Scan{Files: bin})
	}
	adds, n, err := t.writeFiles(ctx, snap.Schema, c.SortBy, 1<<62, rows)
	if err != nil {
		return errors.Join(err, t.discard(ctx, adds))
	}
	info := CommitInfo{Operation: "OPTIMIZE", Parameters: map[string]any{"predicate": "[]"},
		Metrics: map[string]string{"numRemovedFiles": strconv.Itoa(len(bin)), "numAddedFiles": strconv.Itoa(len(adds))}}
	_, err = t.finish(ctx, change{info: info, adds: adds, removes: bin, base: snap}, n)
	return err
}

// Rewrite replaces rows of the table.
type Rewrite struct {
	Operation  string
	Files      []*Add                  // to be replaced, of Base; nil means all
	Rows       iter.Seq2[[]any, error] // what stands there instead, in the order of Schema
	Schema     Schema
	SortedBy   []string
	FileRows   int64
	Base       *Snapshot // what was read to decide on the rows
	Blind      bool      // rows that others add meanwhile are not in the way
	App        string    // as in Append
	AppVersion int64
}

// Rewrite replaces files by others in one commit. ErrConflict, with no effect,
// if another writer rewrote one of them, or added rows unless Blind.
func (t *Table) Rewrite(ctx context.Context, r Rewrite) (Result, error) {
	schema, err := writeSchema(r.Base.Schema, r.Schema)
	if err != nil {
		return Result{}, err
	}
	files := r.Files
	if files == nil {
		files = r.Base.Files
	}
	adds, rows, err := t.writeFiles(ctx, schema, r.SortedBy, r.FileRows, r.Rows)
	if err != nil {
		return Result{}, errors.Join(err, t.discard(ctx, adds))
	}
	info := CommitInfo{Operation: r.Operation, Parameters: map[string]any{"mode": "Overwrite"}, Metrics: metrics(adds, rows)}
	return t.finish(ctx, change{info: info, adds: adds, removes: files, schema: &schema, data: true, readAll: !r.Blind, base: r.Base, app: r.App, appAt: r.AppVersion}, rows)
}
