package delta

import (
	"context"
	"time"
)

// checkpointSchema is what we read of a checkpoint, whoever wrote it.
func checkpointSchema() Schema {
	field := func(name string, t Type) Field { return Field{Name: name, Type: t, Nullable: true} }
	str, long, flag := Of(String), Of(Long), Of(Boolean)
	strings := Type{Kind: Map, Key: &str, Elem: &str, Nulls: true}
	list := Type{Kind: Array, Elem: &str}
	group := func(name string, fields ...Field) Field { return field(name, Type{Kind: Struct, Fields: fields}) }
	return Schema{Fields: []Field{
		group("protocol", field("minReaderVersion", long), field("minWriterVersion", long), field("readerFeatures", list), field("writerFeatures", list)),
		group("metaData", field("id", str), field("name", str), field("description", str), group("format", field("provider", str), field("options", strings)),
			field("schemaString", str), field("partitionColumns", list), field("configuration", strings), field("createdTime", long)),
		group("txn", field("appId", str), field("version", long), field("lastUpdated", long)),
		group("add", field("path", str), field("partitionValues", strings), field("size", long), field("modificationTime", long), field("dataChange", flag),
			field("stats", str), field("tags", strings), group("deletionVector", field("storageType", str))),
		group("remove", field("path", str), field("deletionTimestamp", long), field("dataChange", flag), field("extendedFileMetadata", flag), field("partitionValues", strings), field("size", long)),
	}}
}

// readCheckpoint gives the state that a checkpoint holds.
func readCheckpoint(ctx context.Context, s Storage, ref checkpointRef) (*state, error) {
	st := newState()
	p, err := (&Snapshot{Schema: checkpointSchema(), storage: s}).plan(Scan{})
	if err != nil {
		return nil, err
	}
	for _, name := range ref.parts {
		r, err := p.open(ctx, &Add{Path: filePath(name)})
		if err != nil {
			return nil, faultBy(err, ErrLog, "the checkpoint %s can't be read", clip(name))
		}
		err = st.takeRows(r)
		if e := r.close(); err == nil {
			err = e
		}
		if err != nil {
			return nil, faultBy(err, ErrLog, "the checkpoint %s can't be read", clip(name))
		}
	}
	st.version, st.modified = ref.version, time.Time{}
	if st.protocol == nil {
		return nil, fault(ErrLog, "the checkpoint of version %d has no protocol", ref.version)
	}
	if st.meta == nil {
		return nil, fault(ErrLog, "the checkpoint of version %d has no metadata", ref.version)
	}
	return st, nil
}

func (st *state) takeRows(r *rowReader) error {
	for {
		row, err := r.next()
		if err != nil || row == nil {
			return err
		}
		if err := st.take(actionOf(row)); err != nil {
			return err
		}
	}
}

// group reads the members of one action of a checkpoint.
type group map[string]any

func (g group) text(name string) string { s, _ := g[name].(string); return s }
func (g group) flag(name string) bool   { b, _ := g[name].(bool); return b }
func (g group) number(name string) int64 {
	n, _ := g[name].(int64)
	return n
}

func (g group) numberOrNil(name string) *int64 {
	if n, ok := g[name].(int64); ok {
		return &n
	}
	return nil
}

func (g group) list(name string) []string {
	out := []string{}
	items, _ := g[name].([]any)
	for _, v := range items {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

func (g group) texts(name string) map[string]*string {
	entries, ok := g[name].([]Entry)
	if !ok {
		return nil
	}
	out := make(map[string]*string, len(entries))
	for _, e := range entries {
		k, _ := e.Key.(string)
		if v, ok := e.Value.(string); ok {
			out[k] = &v
		} else {
			out[k] = nil
		}
	}
	return out
}

func (g group) plainTexts(name string) map[string]string {
	out := map[string]string{}
	for k, v := range g.texts(name) {
		if v != nil {
			out[k] = *v
		}
	}
	return out
}

func actionOf(row []any) (a action) {
	members := func(i int) group { g, _ := row[i].(map[string]any); return g }
	if g := members(0); g != nil {
		a.Protocol = &Protocol{MinReader: int(g.number("minReaderVersion")), MinWriter: int(g.number("minWriterVersion")), ReaderFeatures: g.list("readerFeatures"), WriterFeatures: g.list("writerFeatures")}
	} else if g := members(1); g != nil {
		format, _ := g["format"].(map[string]any)
		a.MetaData = &Metadata{ID: g.text("id"), Name: g.text("name"), Description: g.text("description"), SchemaString: g.text("schemaString"),
			Format:           Format{Provider: group(format).text("provider"), Options: group(format).plainTexts("options")},
			PartitionColumns: g.list("partitionColumns"), Configuration: g.plainTexts("configuration"), CreatedTime: g.numberOrNil("createdTime")}
	} else if g := members(2); g != nil {
		a.Txn = &Txn{AppID: g.text("appId"), Version: g.number("version"), LastUpdated: g.numberOrNil("lastUpdated")}
	} else if g := members(3); g != nil {
		a.Add = &Add{Path: g.text("path"), PartitionValues: g.texts("partitionValues"), Size: g.number("size"), ModificationTime: g.number("modificationTime"),
			Stats: g.text("stats"), Tags: g.plainTexts("tags")}
		if v, ok := g["deletionVector"].(map[string]any); ok {
			a.Add.DeletionVector = &vector{StorageType: group(v).text("storageType")}
		}
	} else if g := members(4); g != nil {
		a.Remove = &Remove{Path: g.text("path"), DeletionTimestamp: g.numberOrNil("deletionTimestamp"), DataChange: g.flag("dataChange"), ExtendedMetadata: g.flag("extendedFileMetadata"),
			PartitionValues: g.texts("partitionValues"), Size: g.numberOrNil("size")}
	}
	return a
}
