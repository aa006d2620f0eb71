package delta

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// state is what replaying a log gives. It is changed by commits that follow;
// Snapshot is its frozen form.
type state struct {
	version   int64
	modified  time.Time // of the newest commit, as the storage has it
	protocol  *Protocol
	meta      *Metadata
	schema    Schema
	schemaErr error
	files     map[string]*Add
	order     map[string]int64 // when each file came in
	next      int64
	removed   map[string]*Remove
	txns      map[string]Txn
	actions   int
}

func newState() *state {
	return &state{version: -1, files: map[string]*Add{}, order: map[string]int64{}, removed: map[string]*Remove{}, txns: map[string]Txn{}}
}

// fileKey is the identity of a file: two spellings of one address are equal.
func fileKey(path string) string {
	name, absolute, err := fileName(path)
	if err != nil {
		return path
	}
	if !absolute {
		return name
	}
	if rest, ok := strings.CutPrefix(name, "file:"); ok {
		name = rest
	}
	if strings.HasPrefix(name, "/") {
		name = "/" + strings.TrimLeft(name, "/")
	}
	return name
}

// take brings one action into the state.
func (st *state) take(a action) error {
	if st.actions++; st.actions > 4*maxActions || len(st.files)+len(st.removed)+len(st.txns) > maxActions {
		return fault(ErrTooLarge, "the table has over %d files and tombstones", maxActions)
	}
	switch {
	case a.Protocol != nil:
		st.protocol = a.Protocol
	case a.MetaData != nil:
		st.meta = a.MetaData
		st.schema, st.schemaErr = ParseSchema(a.MetaData.SchemaString) // the protocol is complained of first
	case a.Txn != nil:
		st.txns[a.Txn.AppID] = *a.Txn
	case a.Add != nil:
		if a.Add.Path == "" || a.Add.Size < 0 {
			return fault(ErrLog, "a data file without a name, or of a negative size")
		}
		key := fileKey(a.Add.Path)
		if _, ok := st.files[key]; !ok {
			st.order[key] = st.next
			st.next++
		}
		st.files[key] = a.Add
		delete(st.removed, key)
	case a.Remove != nil:
		key := fileKey(a.Remove.Path)
		delete(st.files, key)
		delete(st.order, key)
		st.removed[key] = a.Remove
	}
	return nil
}

// check tells whether the table is one that we can read.
func (st *state) check() error {
	if st.protocol == nil {
		return fault(ErrLog, "the log has no protocol up to version %d", st.version)
	}
	if p := st.protocol; p.MinReader > 1 {
		also := ""
		if len(p.ReaderFeatures) > 0 {
			also = " (" + clip(strings.Join(p.ReaderFeatures, ", ")) + ")"
		}
		return fault(ErrProtocol, "the table needs a reader of protocol %d%s; version 1 is offered", p.MinReader, also)
	}
	if st.meta == nil {
		return fault(ErrLog, "the log has no metadata up to version %d", st.version)
	}
	if st.schemaErr != nil {
		return st.schemaErr
	}
	if p := st.meta.Format.Provider; p != "parquet" {
		return fault(ErrFeature, "the table's files are of the format %q; parquet is offered", clip(p))
	}
	for _, name := range st.meta.PartitionColumns {
		if _, ok := st.schema.Field(name); !ok {
			return fault(ErrLog, "the table is partitioned by %q, which is no column", clip(name))
		}
	}
	for _, a := range st.files {
		if a.DeletionVector != nil {
			return fault(ErrFeature, "the table marks rows as deleted, which protocol 1 does not know")
		}
	}
	return nil
}

// checkWrite tells whether the table is one that we can write.
func (st *state) checkWrite() error {
	if p := st.protocol; p.MinWriter > 2 {
		return fault(ErrProtocol, "the table needs a writer of protocol %d; version 2 is offered", p.MinWriter)
	}
	for _, f := range st.schema.Fields {
		if _, ok := f.Metadata["delta.invariants"]; ok {
			return fault(ErrFeature, "the column %s has an invariant, which can't be checked", clip(f.Name))
		}
	}
	if len(st.meta.PartitionColumns) > 0 {
		return fault(ErrFeature, "writing to a table with partitions is not offered")
	}
	return nil
}

// Snapshot is a table at one version. It never changes.
type Snapshot struct {
	Version   int64
	Timestamp time.Time // of the commit, by the storage's clock
	Protocol  Protocol
	Meta      Metadata
	Schema    Schema
	Files     []*Add // in the order in which they came in; do not change them

	txns    map[string]Txn
	storage Storage
}

func (st *state) snapshot(s Storage) *Snapshot {
	out := &Snapshot{Version: st.version, Timestamp: st.modified, Protocol: *st.protocol, Meta: *st.meta, Schema: st.schema, txns: maps.Clone(st.txns), storage: s}
	keys := make([]string, 0, len(st.files))
	for k := range st.files {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b string) int { return cmp.Compare(st.order[a], st.order[b]) })
	out.Files = make([]*Add, len(keys))
	for i, k := range keys {
		out.Files[i] = st.files[k]
	}
	return out
}

// Txn tells how far an application has written; ok is false if it never has.
func (s *Snapshot) Txn(appID string) (version int64, ok bool) {
	t, ok := s.txns[appID]
	return t.Version, ok
}

// Bytes is what the live files take.
func (s *Snapshot) Bytes() (n int64) {
	for _, f := range s.Files {
		n += f.Size
	}
	return n
}

// Count is how many rows the table has, as the statistics tell; ok is false if a file has none.
func (s *Snapshot) Count() (n int64, ok bool) {
	for _, f := range s.Files {
		st := f.Statistics()
		if st == nil {
			return 0, false
		}
		n += st.NumRecords
	}
	return n, true
}

// Config gives a setting of the table.
func (m Metadata) Config(name string) string { return m.Configuration[name] }

// interval reads a duration such as "interval 7 days"; def where none is set or it can't be read.
func (m Metadata) interval(name string, def time.Duration) time.Duration {
	words := strings.Fields(strings.ToLower(m.Configuration[name]))
	if len(words) > 0 && words[0] == "interval" {
		words = words[1:]
	}
	units := map[string]time.Duration{"millisecond": time.Millisecond, "second": time.Second, "minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour, "week": 7 * 24 * time.Hour}
	var total time.Duration
	for ; len(words) >= 2; words = words[2:] {
		n, err := strconv.Atoi(words[0])
		unit, ok := units[strings.TrimSuffix(words[1], "s")]
		if err != nil || !ok || n < 0 || n > 1_000_000_000 {
			return def
		}
		total += time.Duration(n) * unit
	}
	if len(words) > 0 || total == 0 {
		return def
	}
	return total
}

func (m Metadata) number(name string, def int64) int64 {
	if n, err := strconv.ParseInt(m.Configuration[name], 10, 64); err == nil && n > 0 {
		return n
	}
	return def
}

// appendOnly tells whether data must never be taken out again.
func (m Metadata) appendOnly() bool {
	return strings.EqualFold(m.Configuration["delta.appendOnly"], "true")
}

func millis(t time.Time) int64 { return t.UnixMilli() }

func mustJSON(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, faultBy(err, ErrLog, "an action has no JSON form")
	}
	return b, nil
}
