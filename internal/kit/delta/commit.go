package delta

import (
	"context"
	"errors"
	"io"
	"iter"
	"math/rand/v2"
	"strconv"
	"time"
)

type writer = io.Writer

const (
	attemptsMax = 1000
	pauseAfter  = 3 // lost races before pausing
)

// change is a commit to be made.
type change struct {
	info    CommitInfo
	adds    []*Add
	removes []*Add
	schema  *Schema           // columns that the table is to have
	config  map[string]string // settings to change
	data    bool              // rows come or go; compaction moves them only
	readAll bool              // the change relies on there being no other data
	base    *Snapshot         // what removes and readAll were decided on
	app     string            // with appVersion: have the change once
	appAt   int64
}

// Result tells what a commit did.
type Result struct {
	Version int64
	Rows    int64
	Files   int
	Bytes   int64
	Retries int // races lost on the way
}

// commit brings a change into the log, on top of what others have committed
// meanwhile unless that is in its way.
func (t *Table) commit(ctx context.Context, c change) (Result, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var res Result
	for ; res.Retries < attemptsMax; res.Retries++ {
		if err := t.refresh(ctx); err != nil {
			return res, err
		}
		actions, err := t.actions(c)
		if err != nil {
			return res, err
		}
		version := t.st.version + 1
		err = t.put(ctx, version, actions)
		if err == nil {
			res.Version = version
			return res, t.maybeCheckpoint(ctx)
		}
		if !errors.Is(err, errExist) {
			return res, err
		}
		if res.Retries >= pauseAfter {
			select {
			case <-t.o.Clock.After(rand.N(10 * time.Millisecond)):
			case <-ctx.Done():
				return res, ctx.Err()
			}
		}
	}
	return res, fault(ErrConflict, "the table is written to by too many at once: %d races lost", attemptsMax)
}

// actions gives the lines of the commit as they are right now, or says what is in the way.
func (t *Table) actions(c change) ([]action, error) {
	st := t.st
	if err := st.checkWrite(); err != nil {
		return nil, err
	}
	if c.app != "" {
		if seen, ok := st.txns[c.app]; ok && seen.Version >= c.appAt {
			return nil, ErrDone
		}
	}
	if err := st.conflict(c); err != nil {
		return nil, err
	}
	now := t.o.Clock.Now()
	info := c.info
	info.Timestamp, info.EngineInfo = millis(now), engine
	blind := len(c.removes) == 0 && !c.readAll
	info.BlindAppend, info.ReadVersion = &blind, &st.version
	if info.Parameters == nil {
		info.Parameters = map[string]any{}
	}
	read := st.version
	info.ReadVersion = &read
	out := []action{{CommitInfo: &info}}
	meta, err := st.metadata(c)
	if err != nil {
		return nil, err
	}
	if meta != nil {
		out = append(out, action{MetaData: meta})
	}
	if c.app != "" {
		at := millis(now)
		out = append(out, action{Txn: &Txn{AppID: c.app, Version: c.appAt, LastUpdated: &at}})
	}
	for _, a := range c.removes {
		at, size := millis(now), a.Size
		out = append(out, action{Remove: &Remove{Path: a.Path, DeletionTimestamp: &at, DataChange: c.data, ExtendedMetadata: true, PartitionValues: orEmpty(a.PartitionValues), Size: &size}})
	}
	for _, a := range c.adds {
		copied := *a
		copied.DataChange = c.data
		out = append(out, action{Add: &copied})
	}
	return out, nil
}

// conflict tells whether others have taken away what the change relies on.
func (st *state) conflict(c change) error {
	if len(c.removes) > 0 && c.data && st.meta.appendOnly() {
		return ErrAppend
	}
	for _, a := range c.removes {
		if _, ok := st.files[fileKey(a.Path)]; !ok {
			return fault(ErrConflict, "another writer has rewritten a file that this one was rewriting")
		}
	}
	if !c.readAll {
		return nil
	}
	known := make(map[string]bool, len(c.base.Files))
	for _, a := range c.base.Files {
		known[fileKey(a.Path)] = true
	}
	for key, a := range st.files {
		if !known[key] && a.DataChange {
			return fault(ErrConflict, "another writer has added rows that this one should have looked at")
		}
	}
	return nil
}

// metadata gives the table's new description; nil if it stays.
func (st *state) metadata(c change) (*Metadata, error) {
	meta := *st.meta
	changed := false
	if c.schema != nil {
		merged, grown, err := st.schema.Merge(*c.schema)
		if err != nil {
			return nil, err
		}
		if grown {
			meta.SchemaString, changed = merged.JSON(), true
		}
	}
	if len(c.config) > 0 {
		config := map[string]string{}
		for k, v := range st.meta.Configuration {
			config[k] = v
		}
		for k, v := range c.config {
			if config[k] != v {
				config[k], changed = v, true
			}
		}
		meta.Configuration = config
	}
	if !changed {
		return nil, nil
	}
	return &meta, nil
}

// maybeCheckpoint writes a checkpoint at every so many versions. The commit
// stands whatever becomes of it; an error tells of the checkpoint only.
func (t *Table) maybeCheckpoint(ctx context.Context) error {
	every := t.o.CheckpointEvery
	if every <= 0 {
		every = t.st.meta.number("delta.checkpointInterval", 10)
	}
	if t.st.version == 0 || t.st.version%every != 0 {
		return nil
	}
	return t.checkpoint(ctx, t.st)
}

// Checkpoint writes a checkpoint of the newest version.
func (t *Table) Checkpoint(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.refresh(ctx); err != nil {
		return err
	}
	return t.checkpoint(ctx, t.st)
}

// Append is rows to be added.
type Append struct {
	Schema   Schema                  // of the rows; columns that the table lacks are added to it
	Rows     iter.Seq2[[]any, error] // values in the schema's order
	SortedBy []string                // if the rows come in the order of these columns, within each file
	FileRows int64                   // of one file; 0 means a million
	// App and AppVersion have the rows in the table once: ErrDone if this or a
	// later version of the application is there.
	App        string
	AppVersion int64
	Parameters map[string]any // shown in the history
}

// Append adds rows in one commit: all of them or none.
func (t *Table) Append(ctx context.Context, a Append) (Result, error) {
	snap, err := t.Snapshot(ctx)
	if err != nil {
		return Result{}, err
	}
	if seen, ok := snap.Txn(a.App); ok && a.App != "" && seen >= a.AppVersion {
		return Result{}, ErrDone
	}
	schema, err := writeSchema(snap.Schema, a.Schema)
	if err != nil {
		return Result{}, err
	}
	adds, rows, err := t.writeFiles(ctx, schema, a.SortedBy, a.FileRows, a.Rows)
	if err != nil {
		return Result{}, errors.Join(err, t.discard(ctx, adds))
	}
	c := change{info: CommitInfo{Operation: "WRITE", Parameters: a.Parameters}, adds: adds, schema: &schema, data: true, app: a.App, appAt: a.AppVersion}
	if c.info.Parameters == nil {
		c.info.Parameters = map[string]any{"mode": "Append"}
	}
	c.info.Metrics = metrics(adds, rows)
	return t.finish(ctx, c, rows)
}

// finish commits, and takes back the files of a change that can't be.
func (t *Table) finish(ctx context.Context, c change, rows int64) (Result, error) {
	res, err := t.commit(ctx, c)
	res.Rows, res.Files = rows, len(c.adds)
	for _, a := range c.adds {
		res.Bytes += a.Size
	}
	for _, final := range []error{ErrDone, ErrConflict, ErrSchema, ErrAppend, ErrProtocol, ErrFeature} {
		if errors.Is(err, final) {
			return res, errors.Join(err, t.discard(ctx, c.adds))
		}
	}
	return res, err
}

func metrics(adds []*Add, rows int64) map[string]string {
	var size int64
	for _, a := range adds {
		size += a.Size
	}
	return map[string]string{"numFiles": strconv.Itoa(len(adds)), "numOutputRows": strconv.FormatInt(rows, 10), "numOutputBytes": strconv.FormatInt(size, 10)}
}

// writeSchema gives the columns of rows as the table has them or will have them.
func writeSchema(table, rows Schema) (Schema, error) {
	merged, _, err := table.Merge(rows)
	if err != nil {
		return Schema{}, err
	}
	var out Schema
	for _, f := range rows.Fields {
		f, _ = merged.Field(f.Name)
		out.Fields = append(out.Fields, f)
	}
	for _, f := range table.Fields {
		if !f.Nullable && rows.Index(f.Name) < 0 {
			return Schema{}, fault(ErrSchema, "the rows lack the column %s, which takes no null", clip(f.Name))
		}
	}
	return out, out.check()
}

// writeFiles writes rows into as many files as they need.
func (t *Table) writeFiles(ctx context.Context, schema Schema, sortedBy []string, fileRows int64, rows iter.Seq2[[]any, error]) (adds []*Add, n int64, err error) {
	if fileRows <= 0 {
		fileRows = 1_000_000
	}
	next, stop := iter.Pull2(rows)
	defer stop()
	for more := true; more; {
		a, err := t.writeFile(ctx, schema, sortedBy, func(add func([]any) error) error {
			for count := int64(0); count < fileRows; count++ {
				row, err, ok := next()
				if !ok {
					more = false
					return nil
				}
				if err == nil {
					err = add(row)
				}
				if err == nil && count%1024 == 0 {
					err = ctx.Err()
				}
				if err != nil {
					return err
				}
				n++
			}
			return nil
		})
		if err != nil {
			return adds, n, err
		}
		if a != nil {
			adds = append(adds, a)
		}
	}
	return adds, n, nil
}

// discard removes files that no commit names.
func (t *Table) discard(ctx context.Context, adds []*Add) error {
	var all error
	for _, a := range adds {
		if name, _, err := a.FileName(); err == nil {
			all = errors.Join(all, t.storage.Remove(context.WithoutCancel(ctx), name))
		}
	}
	return all
}

// Configure changes settings of the table, such as delta.logRetentionDuration.
func (t *Table) Configure(ctx context.Context, config map[string]string) error {
	_, err := t.commit(ctx, change{info: CommitInfo{Operation: "SET TBLPROPERTIES"}, config: config})
	return err
}
