package delta

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/snappy"
)

// The rows of a checkpoint. A member that is always there is required: the
// library writes the zero value of an optional one as null.
type cpRow struct {
	Txn      *cpTxn      `parquet:"txn,optional"`
	Add      *cpAdd      `parquet:"add,optional"`
	Remove   *cpRemove   `parquet:"remove,optional"`
	MetaData *cpMetaData `parquet:"metaData,optional"`
	Protocol *cpProtocol `parquet:"protocol,optional"`
}

type cpTxn struct {
	AppID       string `parquet:"appId"`
	Version     int64  `parquet:"version"`
	LastUpdated *int64 `parquet:"lastUpdated,optional"`
}

type cpAdd struct {
	Path             string             `parquet:"path"`
	PartitionValues  map[string]*string `parquet:"partitionValues"`
	Size             int64              `parquet:"size"`
	ModificationTime int64              `parquet:"modificationTime"`
	DataChange       bool               `parquet:"dataChange"`
	Stats            *string            `parquet:"stats,optional"`
	Tags             map[string]*string `parquet:"tags,optional"`
}

type cpRemove struct {
	Path              string             `parquet:"path"`
	DeletionTimestamp *int64             `parquet:"deletionTimestamp,optional"`
	DataChange        bool               `parquet:"dataChange"`
	ExtendedMetadata  bool               `parquet:"extendedFileMetadata"`
	PartitionValues   map[string]*string `parquet:"partitionValues,optional"`
	Size              *int64             `parquet:"size,optional"`
}

type cpMetaData struct {
	ID               string             `parquet:"id"`
	Name             *string            `parquet:"name,optional"`
	Description      *string            `parquet:"description,optional"`
	Format           cpFormat           `parquet:"format"`
	SchemaString     string             `parquet:"schemaString"`
	PartitionColumns []string           `parquet:"partitionColumns,list"`
	Configuration    map[string]*string `parquet:"configuration"`
	CreatedTime      *int64             `parquet:"createdTime,optional"`
}

type cpFormat struct {
	Provider string             `parquet:"provider"`
	Options  map[string]*string `parquet:"options"`
}

type cpProtocol struct {
	MinReader int32 `parquet:"minReaderVersion"`
	MinWriter int32 `parquet:"minWriterVersion"`
}

func texts(m map[string]string) map[string]*string {
	out := make(map[string]*string, len(m))
	for k, v := range m {
		out[k] = &v
	}
	return out
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// checkpoint writes all that the state holds as one file, so that readers need
// not replay the commits up to it. One that is there already is left alone.
func (t *Table) checkpoint(ctx context.Context, st *state) error {
	rows := st.checkpointRows(t.o.Clock.Now())
	name := checkpointName(st.version)
	var size int64
	err := t.storage.Create(ctx, name, func(out io.Writer) (err error) {
		defer rescue(&err, ErrLog, "the checkpoint can't be written")
		counted := &counter{w: out}
		w := parquet.NewGenericWriter[cpRow](counted, parquet.DataPageVersion(parquetVers), parquet.DefaultEncoding(&parquet.Plain), parquet.Compression(&snappy.Codec{}),
			parquet.CreatedBy("delta.go", "1", ""))
		for part := range slices.Chunk(rows, batchRows) {
			if _, err := w.Write(part); err != nil {
				return err
			}
		}
		err = w.Close()
		size = counted.n
		return err
	})
	if errors.Is(err, errExist) {
		return nil
	}
	if err != nil {
		return err
	}
	note, err := json.Marshal(map[string]int64{"version": st.version, "size": int64(len(rows)), "sizeInBytes": size, "numOfAddFiles": int64(len(st.files))})
	if err != nil {
		return err
	}
	if hint(ctx, t.storage) > st.version {
		return nil // somebody is ahead
	}
	return t.storage.Replace(ctx, hintName, note)
}

func (st *state) checkpointRows(now time.Time) []cpRow {
	m := st.meta
	rows := make([]cpRow, 0, 2+len(st.txns)+len(st.files))
	rows = append(rows, cpRow{Protocol: &cpProtocol{int32(st.protocol.MinReader), int32(st.protocol.MinWriter)}},
		cpRow{MetaData: &cpMetaData{ID: m.ID, Name: orNull(m.Name), Description: orNull(m.Description), Format: cpFormat{m.Format.Provider, texts(m.Format.Options)},
			SchemaString: m.SchemaString, PartitionColumns: m.PartitionColumns, Configuration: texts(m.Configuration), CreatedTime: m.CreatedTime}})
	for _, x := range st.txns {
		rows = append(rows, cpRow{Txn: &cpTxn{x.AppID, x.Version, x.LastUpdated}})
	}
	keys := make([]string, 0, len(st.files))
	for k := range st.files {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b string) int { return cmp.Compare(st.order[a], st.order[b]) })
	for _, k := range keys {
		a := st.files[k]
		row := &cpAdd{Path: a.Path, PartitionValues: orEmpty(a.PartitionValues), Size: a.Size, ModificationTime: a.ModificationTime, Stats: orNull(a.Stats)}
		if len(a.Tags) > 0 {
			row.Tags = texts(a.Tags)
		}
		rows = append(rows, cpRow{Add: row})
	}
	expired := millis(now.Add(-st.meta.interval("delta.deletedFileRetentionDuration", deletedKeep)))
	for _, r := range st.removed {
		if r.DeletionTimestamp != nil && *r.DeletionTimestamp >= expired {
			rows = append(rows, cpRow{Remove: &cpRemove{Path: r.Path, DeletionTimestamp: r.DeletionTimestamp, ExtendedMetadata: r.ExtendedMetadata && r.Size != nil, PartitionValues: r.PartitionValues, Size: r.Size}})
		}
	}
	return rows
}

func orEmpty(m map[string]*string) map[string]*string {
	if m == nil {
		return map[string]*string{}
	}
	return m
}
