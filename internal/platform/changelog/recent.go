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

	fresh      []Change // committed by this process; the tailer has not handed them on yet
	freshBytes int
	missed     bool // something was committed that is not among the fresh
}

func (r *recent) begin(base int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.on, r.base, r.changes, r.bytes = true, base, nil, 0
	r.fresh, r.freshBytes = nil, 0
}

func (r *recent) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.on, r.changes, r.bytes = false, nil, 0
	r.fresh, r.freshBytes = nil, 0
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
	r.fresh, r.freshBytes, r.missed = nil, 0, true
	if n := len(r.changes); n > 0 {
		r.base, r.changes, r.bytes = r.changes[n-1].Seq, nil, 0
	}
}

// offer keeps what was just committed for the tailer, the numbers of the last
// change and those before it being known. Too much at a time is left to the
// database.
func (r *recent) offer(last int64, changes []Change) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.on {
		return
	}
	if len(r.fresh)+len(changes) > recentMax || r.freshBytes > recentBytes {
		r.fresh, r.freshBytes, r.missed = nil, 0, true
		return
	}
	for i, c := range changes {
		c.Seq = last - int64(len(changes)-1-i)
		r.fresh = append(r.fresh, c)
		r.freshBytes += size(c)
	}
}

// miss says that something was committed that must be read.
func (r *recent) miss() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.missed = true
}

// take gives the offered changes that come right behind seq without a gap. ask
// tells that there are others, for which the database must be asked.
func (r *recent) take(seq int64, limit int) (out []Change, ask bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	from := 0
	for from < len(r.fresh) && r.fresh[from].Seq <= seq {
		from++ // read from the database in the meantime
	}
	to := from
	for to < len(r.fresh) && to-from < limit && r.fresh[to].Seq == seq+1 {
		seq++
		to++
	}
	out = slices.Clone(r.fresh[from:to])
	for _, c := range r.fresh[:to] {
		r.freshBytes -= size(c)
	}
	r.fresh = slices.Delete(r.fresh, 0, to)
	if len(out) > 0 {
		return out, false
	}
	ask, r.missed = r.missed || len(r.fresh) > 0, false
	return nil, ask
}
