package delta

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/rapport-platform/rapport/internal/ground/clock"
)

// Options of a table. The zero value of a field means its default.
type Options struct {
	Clock           clock.Clock // default: the machine's
	Codec           Codec
	CheckpointEvery int64 // versions; default 10, or what the table's delta.checkpointInterval says
}

// Table is an open table. Its methods may be called by many goroutines.
type Table struct {
	storage Storage
	o       Options

	mu sync.Mutex
	st *state // newest version known
}

// Spec is a table to be made.
type Spec struct {
	Name, Description string
	Schema            Schema
	Config            map[string]string // such as delta.appendOnly
}

func newTable(s Storage, o Options) *Table {
	if o.Clock == nil {
		o.Clock = clock.System{}
	}
	return &Table{storage: s, o: o}
}

// Open opens a table; ErrNoTable if there is none.
func Open(ctx context.Context, s Storage, o Options) (*Table, error) {
	t := newTable(s, o)
	st, err := load(ctx, s, latest)
	if err != nil {
		return nil, err
	}
	t.st = st
	return t, nil
}

// Create makes a table; ErrExists if there is one.
func Create(ctx context.Context, s Storage, o Options, spec Spec) (*Table, error) {
	if err := spec.Schema.check(); err != nil {
		return nil, err
	}
	t := newTable(s, o)
	now := millis(t.o.Clock.Now())
	config := spec.Config
	if config == nil {
		config = map[string]string{}
	}
	actions := []action{
		{CommitInfo: &CommitInfo{Timestamp: now, Operation: "CREATE TABLE", Parameters: map[string]any{}, EngineInfo: engine}},
		{Protocol: &Protocol{MinReader: 1, MinWriter: 2}},
		{MetaData: &Metadata{ID: uuid.NewString(), Name: spec.Name, Description: spec.Description, Format: Format{"parquet", map[string]string{}},
			SchemaString: spec.Schema.JSON(), PartitionColumns: []string{}, Configuration: config, CreatedTime: &now}},
	}
	t.st = newState()
	if err := t.put(ctx, 0, actions); err != nil {
		if errors.Is(err, errExist) {
			return nil, ErrExists
		}
		return nil, err
	}
	return t, nil
}

// OpenOrCreate opens a table, and makes it first if there is none.
func OpenOrCreate(ctx context.Context, s Storage, o Options, spec Spec) (*Table, error) {
	t, err := Open(ctx, s, o)
	if !errors.Is(err, ErrNoTable) {
		return t, err
	}
	if t, err = Create(ctx, s, o, spec); errors.Is(err, ErrExists) {
		return Open(ctx, s, o)
	}
	return t, err
}

// Snapshot gives the newest version.
func (t *Table) Snapshot(ctx context.Context) (*Snapshot, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.refresh(ctx); err != nil {
		return nil, err
	}
	return t.st.snapshot(t.storage), nil
}

// refresh reads the commits of others since.
func (t *Table) refresh(ctx context.Context) error {
	for {
		err := t.st.apply(ctx, t.storage, t.st.version+1, t.o.Clock.Now())
		if missing(err) {
			break
		}
		if err != nil {
			return t.reload(ctx, err)
		}
	}
	if hint(ctx, t.storage) > t.st.version {
		return t.reload(ctx, nil) // old commits were cleaned away while nobody looked here
	}
	return t.st.check()
}

// reload reads the table anew, as a commit that failed half-way may have left
// a part of it in the state.
func (t *Table) reload(ctx context.Context, cause error) error {
	st, err := load(ctx, t.storage, latest)
	if err != nil {
		return errors.Join(cause, err)
	}
	t.st = st
	return nil
}

// At gives the table as of a version.
func (t *Table) At(ctx context.Context, version int64) (*Snapshot, error) {
	if version < 0 {
		return nil, fault(ErrVersion, "versions begin with 0")
	}
	st, err := load(ctx, t.storage, version)
	if err != nil {
		return nil, err
	}
	return st.snapshot(t.storage), nil
}

// AtTime gives the table as it was at an instant, by the storage's clock.
func (t *Table) AtTime(ctx context.Context, at time.Time) (*Snapshot, error) {
	l, err := list(ctx, t.storage, 0)
	if err != nil {
		return nil, err
	}
	found, last := int64(-1), time.Time{}
	for _, v := range l.versions() {
		when := l.commits[v].Modified
		if !when.After(last) {
			when = last.Add(time.Millisecond) // clocks may step back, versions don't
		}
		if last = when; when.After(at) {
			break
		}
		found = v
	}
	if found < 0 {
		return nil, fault(ErrVersion, "the table has no version as old as %s, or no longer", at.UTC().Format(time.RFC3339))
	}
	return t.At(ctx, found)
}

// History tells of the newest commits, newest first; limit 0 means all that the log has.
func (t *Table) History(ctx context.Context, limit int) ([]CommitInfo, error) {
	l, err := list(ctx, t.storage, 0)
	if err != nil {
		return nil, err
	}
	var out []CommitInfo
	for _, v := range slices.Backward(l.versions()) {
		info := CommitInfo{Version: v, Timestamp: millis(l.commits[v].Modified)}
		err := readCommit(ctx, t.storage, v, func(a action) error {
			if a.CommitInfo != nil {
				info = *a.CommitInfo
				info.Version = v
			}
			return nil
		}, func() {})
		if err != nil {
			return nil, err
		}
		if out = append(out, info); len(out) == limit {
			break
		}
	}
	return out, nil
}

// put writes a commit, and brings the state up to it.
func (t *Table) put(ctx context.Context, version int64, actions []action) error {
	var text []byte
	for _, a := range actions {
		line, err := json.Marshal(a)
		if err != nil {
			return faultBy(err, ErrLog, "an action has no JSON form")
		}
		text = append(append(text, line...), '\n')
	}
	if err := t.storage.Create(ctx, commitName(version), func(w writer) error { _, err := w.Write(text); return err }); err != nil {
		return err
	}
	for _, a := range actions {
		if err := t.st.take(a); err != nil {
			return err
		}
	}
	t.st.version, t.st.modified = version, t.o.Clock.Now()
	return nil
}
