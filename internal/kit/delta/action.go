package delta

import (
	"net/url"
	"strings"
)

// Protocol says what a reader and a writer of the table must know.
type Protocol struct {
	MinReader      int      `json:"minReaderVersion"`
	MinWriter      int      `json:"minWriterVersion"`
	ReaderFeatures []string `json:"readerFeatures,omitempty"`
	WriterFeatures []string `json:"writerFeatures,omitempty"`
}

// Format is how data files are encoded: always Parquet.
type Format struct {
	Provider string            `json:"provider"`
	Options  map[string]string `json:"options"`
}

// Metadata describes a table.
type Metadata struct {
	ID               string            `json:"id"` // never changes
	Name             string            `json:"name,omitempty"`
	Description      string            `json:"description,omitempty"`
	Format           Format            `json:"format"`
	SchemaString     string            `json:"schemaString"`
	PartitionColumns []string          `json:"partitionColumns"`
	Configuration    map[string]string `json:"configuration"`
	CreatedTime      *int64            `json:"createdTime,omitempty"` // ms since 1970
}

// Add is a data file that belongs to the table.
type Add struct {
	Path             string             `json:"path"` // as the log has it; FileName decodes it
	PartitionValues  map[string]*string `json:"partitionValues"`
	Size             int64              `json:"size"`
	ModificationTime int64              `json:"modificationTime"` // ms since 1970
	DataChange       bool               `json:"dataChange"`
	Stats            string             `json:"stats,omitempty"`
	Tags             map[string]string  `json:"tags,omitempty"`
	DeletionVector   *vector            `json:"deletionVector,omitempty"`

	stats *Stats
}

// vector marks rows of a file as deleted, which protocol 1 does not know.
type vector struct {
	StorageType string `json:"storageType"`
}

// Remove is a data file that belongs to the table no longer.
type Remove struct {
	Path              string             `json:"path"`
	DeletionTimestamp *int64             `json:"deletionTimestamp,omitempty"` // ms since 1970
	DataChange        bool               `json:"dataChange"`
	ExtendedMetadata  bool               `json:"extendedFileMetadata,omitempty"`
	PartitionValues   map[string]*string `json:"partitionValues,omitempty"`
	Size              *int64             `json:"size,omitempty"`
}

// Txn is how far an application has written: batches up to Version are in the table.
type Txn struct {
	AppID       string `json:"appId"`
	Version     int64  `json:"version"`
	LastUpdated *int64 `json:"lastUpdated,omitempty"` // ms since 1970
}

// CommitInfo is what history tells of a commit. Other engines may add to it.
type CommitInfo struct {
	Version      int64             `json:"-"`
	Timestamp    int64             `json:"timestamp"` // ms since 1970
	Operation    string            `json:"operation,omitempty"`
	Parameters   map[string]any    `json:"operationParameters,omitempty"`
	ReadVersion  *int64            `json:"readVersion,omitempty"`
	BlindAppend  *bool             `json:"isBlindAppend,omitempty"`
	Metrics      map[string]string `json:"operationMetrics,omitempty"`
	EngineInfo   string            `json:"engineInfo,omitempty"`
	UserMetadata string            `json:"userMetadata,omitempty"`
}

// action is one line of a commit; one member is set. Members that are not known are passed over.
type action struct {
	CommitInfo *CommitInfo `json:"commitInfo,omitempty"`
	Protocol   *Protocol   `json:"protocol,omitempty"`
	MetaData   *Metadata   `json:"metaData,omitempty"`
	Txn        *Txn        `json:"txn,omitempty"`
	Add        *Add        `json:"add,omitempty"`
	Remove     *Remove     `json:"remove,omitempty"`
}

// FileName gives the name of the file in the table's storage. absolute tells
// that the log gives a whole address instead, as shallow clones do.
func (a *Add) FileName() (name string, absolute bool, err error) { return fileName(a.Path) }

func fileName(path string) (name string, absolute bool, err error) {
	if i := strings.Index(path, ":"); i > 0 && !strings.Contains(path[:i], "/") || strings.HasPrefix(path, "/") {
		return path, true, nil
	}
	name, err = url.PathUnescape(path)
	if err != nil {
		return "", false, faultBy(err, ErrLog, "a data file's name is not encoded as the format asks")
	}
	return name, false, nil
}

// filePath encodes the name of a file for the log.
func filePath(name string) string { return (&url.URL{Path: name}).EscapedPath() }

// clip shortens a text of somebody else's for a message.
func clip(s string) string {
	if len(s) > 120 {
		return strings.ToValidUTF8(s[:120], "") + "…"
	}
	return s
}
