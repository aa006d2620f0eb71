package lake

import (
	"container/list"
	"context"
	"encoding/json"
	"maps"
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

// A change row holds the columns that changed. The lake's row holds the whole
// record, so the feed remembers the records it has seen lately; one that it
// has not is put together out of the record's earlier changes.

// How much is remembered from one batch of changes to the next: so many records,
// or so many bytes of their values, whichever is less.
const (
	imagesMax   = 1_500
	imagesBytes = 8 << 20
)

type imageKey struct {
	table  string
	record id.ID
}

// image is a record at a version, by column; empty columns are left out.
type image struct {
	key     imageKey
	version int64
	values  map[string]any
	bytes   int // of the change rows that it was made of, at least
}

// images remembers the records used last.
type images struct {
	byKey map[imageKey]*list.Element
	order *list.List // newest first
	bytes int
}

func newImages() *images { return &images{byKey: map[imageKey]*list.Element{}, order: list.New()} }

func (c *images) get(k imageKey) (*image, bool) {
	e, ok := c.byKey[k]
	if !ok {
		return nil, false
	}
	c.order.MoveToFront(e)
	return e.Value.(*image), true
}

func (c *images) put(i *image) {
	c.drop(i.key)
	c.byKey[i.key] = c.order.PushFront(i)
	c.bytes += i.bytes
}

func (c *images) drop(k imageKey) {
	if e, ok := c.byKey[k]; ok {
		c.bytes -= e.Value.(*image).bytes
		c.order.Remove(e)
		delete(c.byKey, k)
	}
}

// trim forgets the records that were used longest ago. It is called between
// batches, as all that a batch needs must be at hand until its end.
func (c *images) trim() {
	for c.order.Len() > imagesMax || c.bytes > imagesBytes {
		c.drop(c.order.Back().Value.(*image).key)
	}
}

// shape is what is needed of a record table to read its change rows.
type shape struct {
	columns []Column
	byName  map[string]Column
	key     string
}

func shapeOf(t *metadata.Table) *shape {
	s := &shape{columns: recordColumns(t), byName: map[string]Column{}, key: t.ID}
	for _, c := range s.columns {
		s.byName[c.Name] = c
	}
	return s
}

// apply gives the record after a change, and the columns that changed. prev is
// the record before it; nil for a create.
func (f *Feed) apply(s *shape, prev *image, c changelog.Change) (next *image, changed []string) {
	next = &image{key: imageKey{c.Table, c.Record}, version: c.Version, values: map[string]any{}, bytes: len(c.After)}
	if prev != nil && c.Op != changelog.Create {
		next.values, next.bytes = maps.Clone(prev.values), max(prev.bytes, len(c.Before))+len(c.After)
	}
	var after map[string]json.RawMessage
	if len(c.After) > 0 {
		if err := json.Unmarshal(c.After, &after); err != nil {
			f.lake.c.Metrics.skipped.WithLabelValues("value").Inc()
		}
	}
	for name, raw := range after {
		col, ok := s.byName[name]
		if !ok {
			continue // a column that is no more
		}
		name = col.Name // shared by all, while that of the text would be kept with each record
		changed = append(changed, name)
		v, ok := keep(col, raw)
		if !ok {
			f.lake.c.Metrics.skipped.WithLabelValues("value").Inc()
		}
		set(next.values, name, v)
	}
	slices.Sort(changed)
	stamp := func(name string, v any) {
		if col, ok := s.byName[name]; ok {
			if kept, ok := keepValue(col, v); ok {
				set(next.values, name, kept)
			}
		}
	}
	if c.Op == changelog.Create {
		stamp("createdon", c.At)
		stamp("createdby", c.Actor)
	}
	stamp("modifiedon", c.At)
	stamp("modifiedby", c.Actor)
	stamp("versionnumber", c.Version)
	return next, changed
}

func set(values map[string]any, name string, v any) {
	if v == nil {
		delete(values, name)
	} else {
		values[name] = v
	}
}

// missing finds the records whose image is needed and not at hand.
func (f *Feed) missing(changes []changelog.Change) map[string][]id.ID {
	out := map[string][]id.ID{}
	seen := map[imageKey]bool{}
	for _, c := range changes {
		k := imageKey{c.Table, c.Record}
		if seen[k] {
			continue
		}
		seen[k] = true
		if c.Op != changelog.Update {
			continue
		}
		if img, ok := f.images.get(k); ok && img.version == c.Version-1 {
			continue
		}
		out[c.Table] = append(out[c.Table], c.Record)
	}
	return out
}

// recall puts the images together that are needed: each record as it was before
// its first change in the batch.
func (f *Feed) recall(ctx context.Context, changes []changelog.Change) error {
	first := map[imageKey]changelog.Change{}
	for _, c := range slices.Backward(changes) {
		first[imageKey{c.Table, c.Record}] = c
	}
	for table, records := range f.missing(changes) {
		t, ok := f.lake.c.Catalog().Table(table)
		if !ok {
			continue
		}
		s := f.shape(t)
		for _, r := range records {
			f.images.drop(imageKey{table, r}) // it is of another version than the one needed
		}
		for some := range slices.Chunk(records, 200) {
			earlier, err := f.c.Log.Of(ctx, table, some)
			if err != nil {
				return err
			}
			f.rebuild(s, earlier, first)
		}
	}
	return nil
}

// rebuild replays the changes of records up to what first says.
func (f *Feed) rebuild(s *shape, earlier []changelog.Change, first map[imageKey]changelog.Change) {
	var img *image
	for _, c := range earlier {
		k := imageKey{c.Table, c.Record}
		limit := first[k]
		if img != nil && img.key != k {
			img = nil
		}
		if c.Seq >= limit.Seq {
			continue
		}
		if c.Op == changelog.Delete {
			img = nil
			f.images.drop(k)
			continue
		}
		img, _ = f.apply(s, img, c)
		f.images.put(img)
	}
}
