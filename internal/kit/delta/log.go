package delta

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	logDir   = "_delta_log/"
	hintName = logDir + "_last_checkpoint"
)

func commitName(version int64) string { return fmt.Sprintf("%s%020d.json", logDir, version) }

func checkpointName(version int64) string {
	return fmt.Sprintf("%s%020d.checkpoint.parquet", logDir, version)
}

// checkpointRef is a checkpoint in the log: one file, or several parts.
type checkpointRef struct {
	version int64
	parts   []string // names, in order; "" where one is missing
}

func (c checkpointRef) complete() bool { return !slices.Contains(c.parts, "") }

// listing is what a log holds from some version on.
type listing struct {
	commits     map[int64]Info
	checkpoints []checkpointRef // by version, rising
	newer       bool            // there are checkpoints of a form that protocol 1 does not know
	last        int64           // newest version seen; -1 if none
}

var (
	commitRE     = regexp.MustCompile(`^(\d{20})\.json$`)
	checkpointRE = regexp.MustCompile(`^(\d{20})\.checkpoint(?:\.(\d{10})\.(\d{10}))?\.parquet$`)
	newerRE      = regexp.MustCompile(`^(\d{20})\.checkpoint\.[0-9a-fA-F-]{36}\.(json|parquet)$`)
)

// list looks at the log from a version on.
func list(ctx context.Context, s Storage, from int64) (*listing, error) {
	l := &listing{commits: map[int64]Info{}, last: -1}
	type key struct{ version, parts int64 }
	refs := map[key]checkpointRef{}
	for info, err := range s.List(ctx, logDir, fmt.Sprintf("%s%020d", logDir, from)) {
		if err != nil {
			return nil, err
		}
		base := strings.TrimPrefix(info.Name, logDir)
		if m := commitRE.FindStringSubmatch(base); m != nil {
			if v, err := strconv.ParseInt(m[1], 10, 64); err == nil {
				l.commits[v] = info
				l.last = max(l.last, v)
			}
			continue
		}
		l.newer = l.newer || newerRE.MatchString(base)
		m := checkpointRE.FindStringSubmatch(base)
		if m == nil {
			continue
		}
		version, err := strconv.ParseInt(m[1], 10, 64)
		if err != nil {
			continue
		}
		part, parts := int64(1), int64(1)
		if m[2] != "" {
			part, _ = strconv.ParseInt(m[2], 10, 64) // ten digits
			parts, _ = strconv.ParseInt(m[3], 10, 64)
		}
		if parts < 1 || parts > maxParts || part < 1 || part > parts {
			continue
		}
		k := key{version, parts}
		ref, ok := refs[k]
		if !ok || m[2] == "" {
			ref = checkpointRef{version, make([]string, parts)}
		}
		ref.parts[part-1] = info.Name
		refs[k] = ref
		l.last = max(l.last, version)
	}
	for _, ref := range refs {
		if ref.complete() {
			l.checkpoints = append(l.checkpoints, ref)
		}
	}
	slices.SortFunc(l.checkpoints, func(a, b checkpointRef) int { return int(a.version - b.version) })
	return l, nil
}

// hint reads which checkpoint is the newest, as far as it is noted. It may be
// missing, stale or damaged; then the log is read without it.
func hint(ctx context.Context, s Storage) int64 {
	data, err := readAll(ctx, s, hintName, maxHint)
	var h struct {
		Version *int64 `json:"version"`
	}
	if err != nil || json.Unmarshal(data, &h) != nil || h.Version == nil || *h.Version < 0 {
		return 0
	}
	return *h.Version
}

// latest asks load for the newest version.
const latest = -1

// load replays the log up to a version, or to the newest.
func load(ctx context.Context, s Storage, version int64) (*state, error) {
	from := hint(ctx, s)
	if version != latest && from > version {
		from = 0
	}
	l, err := list(ctx, s, from)
	if err != nil {
		return nil, err
	}
	st, err := l.replay(ctx, s, version)
	if err != nil && from > 0 && ctx.Err() == nil { // the hint may have led astray
		if l, listErr := list(ctx, s, 0); listErr == nil {
			if again, e := l.replay(ctx, s, version); e == nil {
				return again, nil
			} else if !errors.Is(e, ErrNoTable) {
				err = e
			}
		}
	}
	return st, err
}

// replay builds the state out of the newest checkpoint that can be read and the
// commits behind it.
func (l *listing) replay(ctx context.Context, s Storage, version int64) (*state, error) {
	if l.last < 0 {
		return nil, ErrNoTable
	}
	if version == latest {
		version = l.last
	}
	if version > l.last {
		return nil, fault(ErrVersion, "the table has versions up to %d; there is no %d", l.last, version)
	}
	st := newState()
	var broken error
	for _, ref := range slices.Backward(l.checkpoints) {
		if ref.version > version {
			continue
		}
		if st, broken = readCheckpoint(ctx, s, ref); broken == nil {
			break
		}
		if ctx.Err() != nil {
			return nil, broken
		}
		st = newState()
	}
	for v := st.version + 1; v <= version; v++ {
		info, ok := l.commits[v]
		if !ok {
			if broken != nil {
				return nil, broken
			}
			if l.newer {
				return nil, fault(ErrProtocol, "the table's checkpoints are of a newer form than protocol 1 knows")
			}
			if st.version < 0 {
				return nil, fault(ErrVersion, "the log begins behind version %d and has no checkpoint that can be read", v)
			}
			return nil, fault(ErrLog, "the log has a gap: commit %d is missing", v)
		}
		if err := st.apply(ctx, s, v, info.Modified); err != nil {
			return nil, err
		}
	}
	return st, st.check()
}

// apply reads a commit and brings the state to its version.
func (st *state) apply(ctx context.Context, s Storage, version int64, modified time.Time) error {
	return readCommit(ctx, s, version, func(a action) error {
		return st.take(a)
	}, func() { st.version, st.modified = version, modified })
}

// readCommit hands the actions of a commit on, and calls done behind the last.
func readCommit(ctx context.Context, s Storage, version int64, take func(action) error, done func()) error {
	name := commitName(version)
	f, err := s.Open(ctx, name)
	if err != nil {
		return err
	}
	defer f.Close()
	if f.Size() > maxCommitFile {
		return fault(ErrTooLarge, "%s has %d bytes, over the %d allowed", name, f.Size(), maxCommitFile)
	}
	r := bufio.NewReaderSize(io.NewSectionReader(f, 0, f.Size()), int(min(max(f.Size(), 16), 64<<10)))
	for line := 1; ; line++ {
		if line%1000 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		text, err := readLine(r)
		if errors.Is(err, ErrTooLarge) {
			return fault(ErrTooLarge, "%s, line %d: over the %d bytes allowed", name, line, maxCommitLine)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if strings.TrimSpace(string(text)) != "" {
			var a action
			if e := json.Unmarshal(text, &a); e != nil {
				return faultBy(e, ErrLog, "%s, line %d: not the JSON of an action; the file is cut off or damaged", name, line)
			}
			if e := take(a); e != nil {
				return fmt.Errorf("%s, line %d: %w", name, line, e)
			}
		}
		if err != nil {
			break
		}
	}
	done()
	return nil
}

// readLine reads up to a line feed; io.EOF together with the last line.
func readLine(r *bufio.Reader) (line []byte, err error) {
	for {
		part, err := r.ReadSlice('\n')
		if len(line)+len(part) > maxCommitLine {
			return nil, ErrTooLarge
		}
		line = append(line, part...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

// missing tells whether an error says that a file is not there.
func missing(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// versions lists the versions whose commits the log still has, rising.
func (l *listing) versions() []int64 { return slices.Sorted(maps.Keys(l.commits)) }
