package delta

import (
	"context"
	"fmt"
	"strings"
)

// Shred takes away at once what older versions of the table held and the newest
// does not: files that commits have replaced, and the commits and checkpoints
// below the newest version, whose statistics quote values. Older versions can't
// be read any more then, nor files by those who read them just now. Files that
// another writer is about to commit stay. It gives how many files went.
func (t *Table) Shred(ctx context.Context) (removed int, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.refresh(ctx); err != nil {
		return 0, err
	}
	if err := t.st.checkWrite(); err != nil {
		return 0, err
	}
	var gone []string
	for key := range t.st.removed {
		if t.st.files[key] == nil && !strings.HasPrefix(key, "/") && !strings.Contains(key, ":") { // those of shallow clones belong to another table
			gone = append(gone, key)
		}
	}
	if err := t.checkpoint(ctx, t.st); err != nil {
		return 0, err
	}
	l, err := list(ctx, t.storage, 0)
	if err != nil {
		return 0, err
	}
	if _, err := readCheckpoint(ctx, t.storage, l.checkpoint(t.st.version)); err != nil {
		return 0, err // what can't be read is nothing to rely on
	}
	for info, err := range t.storage.List(ctx, logDir, "") {
		if err != nil {
			return removed, err
		}
		var version int64
		if n, err := fmt.Sscanf(strings.TrimPrefix(info.Name, logDir), "%020d.", &version); n == 1 && err == nil && version < t.st.version {
			gone = append(gone, info.Name)
		}
	}
	for _, name := range gone {
		if err := t.storage.Remove(ctx, name); err != nil {
			return removed, err
		}
		removed++
	}
	return removed, nil
}
