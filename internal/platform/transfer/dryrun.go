package transfer

import (
	"errors"
	"hash/maphash"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// assumedMark stands before the name of a lookup whose target an earlier row
// would have made, so that there is nothing to put in.
const assumedMark = "\x00"

// errRehearsed takes back what a dry run has written.
var errRehearsed = errors.New("a dry run leaves nothing behind")

// rehearsal is what would be in the database by now, had the rows before been
// written: the names and keys of those that would have been made, as hashes.
type rehearsal struct {
	seed  maphash.Seed
	names map[uint64]bool // true: several records
	keys  map[uint64]struct{}
}

func newRehearsal() *rehearsal {
	return &rehearsal{seed: maphash.MakeSeed(), names: map[uint64]bool{}, keys: map[uint64]struct{}{}}
}

func (h *rehearsal) hash(parts ...string) uint64 {
	return maphash.String(h.seed, strings.Join(parts, "\x1e"))
}

// wouldExist tells whether exactly one record that the text leads to would have
// been made.
func (h *rehearsal) wouldExist(r ref) bool {
	for level := range 3 {
		n := 0
		for _, table := range targets(r.field.column, r.field.lookup) {
			for _, column := range h.columns(table, r.field.lookup, level) {
				if many, ok := h.names[h.hash(table, column, query.Fold(r.text))]; ok {
					if n++; many {
						n++
					}
				}
			}
		}
		if n > 0 {
			return n == 1
		}
	}
	return false
}

// columns names the columns by which a target is looked for at a level; names
// stands for the primary name, which differs by table.
func (h *rehearsal) columns(_ string, l Lookup, level int) []string {
	switch {
	case level == 0:
		return []string{"#id"}
	case l.By != "" && level == 1:
		return []string{l.By}
	case l.By != "":
		return nil
	case level == 1:
		return []string{"#key"}
	}
	return []string{"#name"}
}

// made notes a row that would have been made.
func (h *rehearsal) made(p *plan, values map[string]any) {
	t := p.table
	note := func(column string, v any) {
		if v == nil {
			return
		}
		k := h.hash(t.Name, column, query.Fold(textOf(v)))
		_, twice := h.names[k]
		h.names[k] = twice
	}
	note("#id", values[t.ID])
	note("#name", values[t.Title])
	for _, c := range ways(t, Lookup{}, 1) {
		note("#key", values[c.Name])
	}
	for _, f := range p.fields { // a later file may look for any of them
		if !f.column.IsLookup() {
			note(f.column.Name, values[f.column.Name])
		}
	}
	for _, columns := range uniques(t) {
		if k := h.uniqueKey(t, columns, values); k != 0 {
			h.keys[k] = struct{}{}
		}
	}
	if key := p.keyOf(values); key != "" {
		h.keys[h.hash("match", t.Name, key)] = struct{}{}
	}
}

// taken tells whether an earlier row would have taken an alternate key.
func (h *rehearsal) taken(t *metadata.Table, values map[string]any) bool {
	for _, columns := range uniques(t) {
		if k := h.uniqueKey(t, columns, values); k != 0 {
			if _, ok := h.keys[k]; ok {
				return true
			}
		}
	}
	return false
}

func (h *rehearsal) uniqueKey(t *metadata.Table, columns []string, values map[string]any) uint64 {
	parts := append([]string{"unique", t.Name}, columns...)
	for _, c := range columns {
		if values[c] == nil {
			return 0
		}
		parts = append(parts, query.Fold(textOf(values[c])))
	}
	return h.hash(parts...)
}

// matched tells whether an earlier row would have made the record of a key.
func (h *rehearsal) matched(t *metadata.Table, key string) bool {
	_, ok := h.keys[h.hash("match", t.Name, key)]
	return ok
}

// onlyAssumed tells whether an error complains of nothing but lookups that are
// empty because their targets would have been made.
func onlyAssumed(err error, assumed map[string]bool) bool {
	e, ok := errors.AsType[*errs.Error](err)
	if !ok || len(assumed) == 0 || len(e.Fields) == 0 {
		return false
	}
	for _, f := range e.Fields {
		if !assumed[f.Name] || f.Code != "required" {
			return false
		}
	}
	return true
}
