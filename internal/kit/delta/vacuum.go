package delta

import (
	"context"
	"fmt"
	"path"
	"strings"
	"time"
)

const (
	deletedKeep = 7 * 24 * time.Hour  // delta.deletedFileRetentionDuration
	logKeep     = 30 * 24 * time.Hour // delta.logRetentionDuration
	tempKeep    = 24 * time.Hour      // of files whose writing was never finished
)

// Vacuum says which files to delete.
type Vacuum struct {
	// Keep is for how long a file that no version needs any more is kept, for
	// readers of older versions and writers not done yet. 0 means what the table
	// is set to; less than that is refused unless Force.
	Keep  time.Duration
	Force bool
	Dry   bool // tell only
}

// Vacuumed tells what was deleted, or would be.
type Vacuumed struct {
	Names []string
	Bytes int64
}

// Vacuum deletes the files of the table's folder that the newest version does
// not need and that have been of no use for Keep. Older versions can't be read
// any more then.
func (t *Table) Vacuum(ctx context.Context, v Vacuum) (Vacuumed, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.refresh(ctx); err != nil {
		return Vacuumed{}, err
	}
	if err := t.st.checkWrite(); err != nil {
		return Vacuumed{}, err
	}
	least := t.st.meta.interval("delta.deletedFileRetentionDuration", deletedKeep)
	switch {
	case v.Keep < 0:
		return Vacuumed{}, fault(ErrRetain, "a time to keep can't be negative")
	case v.Keep == 0 && !v.Force:
		v.Keep = least
	case v.Keep < least && !v.Force:
		return Vacuumed{}, fault(ErrRetain, "files are to be kept for %s at least: readers of older versions may need them; force it if there are none", least)
	}
	now := t.o.Clock.Now()
	needed := map[string]bool{}
	for key := range t.st.files {
		needed[key] = true
	}
	for key, r := range t.st.removed {
		if r.DeletionTimestamp != nil && *r.DeletionTimestamp > millis(now.Add(-v.Keep)) {
			needed[key] = true
		}
	}
	var out Vacuumed
	for info, err := range t.storage.List(ctx, "", "") {
		if err != nil {
			return out, err
		}
		if !useless(info, needed, now, v.Keep) {
			continue
		}
		if !v.Dry {
			if err := t.storage.Remove(ctx, info.Name); err != nil {
				return out, err
			}
		}
		out.Names = append(out.Names, info.Name)
		out.Bytes += info.Size
	}
	return out, nil
}

// useless tells whether a file may go. Folders that begin with _ or a point are
// not the table's.
func useless(info Info, needed map[string]bool, now time.Time, keep time.Duration) bool {
	if strings.HasPrefix(path.Base(info.Name), tempPrefix) {
		return info.Modified.Before(now.Add(-tempKeep))
	}
	for _, part := range strings.Split(info.Name, "/") {
		if strings.HasPrefix(part, ".") || strings.HasPrefix(part, "_") && !strings.HasPrefix(part, "_change_data") && !strings.Contains(part, "=") {
			return false
		}
	}
	return !needed[info.Name] && info.Modified.Before(now.Add(-keep))
}

// CleanLog deletes commits and checkpoints that are older than the table's
// delta.logRetentionDuration and not needed for any younger version: what stays
// begins with a checkpoint. It gives how many files went.
func (t *Table) CleanLog(ctx context.Context) (removed int, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.refresh(ctx); err != nil {
		return 0, err
	}
	if err := t.st.checkWrite(); err != nil {
		return 0, err
	}
	l, err := list(ctx, t.storage, 0)
	if err != nil {
		return 0, err
	}
	before := t.o.Clock.Now().Add(-t.st.meta.interval("delta.logRetentionDuration", logKeep))
	keep := int64(-1) // the newest checkpoint of which every commit below is old
	for _, ref := range l.checkpoints {
		if commit, ok := l.commits[ref.version]; ok && commit.Modified.Before(before) {
			keep = ref.version
		}
	}
	if keep < 0 {
		return 0, nil
	}
	if _, err := readCheckpoint(ctx, t.storage, l.checkpoint(keep)); err != nil {
		return 0, err // what can't be read is nothing to rely on
	}
	for info, err := range t.storage.List(ctx, logDir, "") {
		if err != nil {
			return removed, err
		}
		base := strings.TrimPrefix(info.Name, logDir)
		var version int64
		if n, err := fmt.Sscanf(base, "%020d.", &version); n != 1 || err != nil || version >= keep {
			continue
		}
		if err := t.storage.Remove(ctx, info.Name); err != nil {
			return removed, err
		}
		removed++
	}
	return removed, nil
}

func (l *listing) checkpoint(version int64) checkpointRef {
	for _, ref := range l.checkpoints {
		if ref.version == version {
			return ref
		}
	}
	return checkpointRef{version: version}
}
