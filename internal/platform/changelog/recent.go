package changelog

import (
	"slices"
	"sort"
	"sync"
)

// How much of the log's end is kept in memory.
const (
	recentMax   = 4096
	recentBytes = 4 << 20 // of the values before and after
)

// recent is the end of the log in memory: all changes behind base, in order.
type recent struct {
	mu      sync.Mutex
	on      bool
	base    int64
	changes []Change // never altered in place; only cut and appended to
	bytes   int
}

func (r *recent) begin(base int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.on, r.base, r.changes, r.bytes = true, base, nil, 0
}

func (r *recent) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.on, r.changes, r.bytes = false, nil, 0
}

func (r *recent) add(changes []Change) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.on {
		return
	}
	for _, c := range changes {
		r.bytes += size(c)
	}
	r.changes = append(r.changes, changes...)
	if len(r.changes) <= recentMax && r.bytes <= recentBytes {
		return
	}
	cut := 0
	for cut < len(r.changes) && (len(r.changes)-cut > recentMax/2 || r.bytes > recentBytes/2) {
		r.bytes -= size(r.changes[cut])
		cut++
	}
	r.base = r.changes[cut-1].Seq
	r.changes = slices.Clone(r.changes[cut:])
}

func size(c Change) int { return len(c.Before) + len(c.After) }

// after gives changes behind seq; false where they are not all in memory.
func (r *recent) after(seq int64, limit int) ([]Change, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.on || seq < r.base {
		return nil, false
	}
	from := sort.Search(len(r.changes), func(i int) bool { return r.changes[i].Seq > seq })
	to := min(len(r.changes), from+limit)
	return r.changes[from:to:to], true
}

// forget drops what is in memory: the rows have been changed in the database.
func (r *recent) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.changes); n > 0 {
		r.base, r.changes, r.bytes = r.changes[n-1].Seq, nil, 0
	}
}
