package delta

// What one table may ask of us. A table beyond is refused with a clear error.
const (
	maxCommitLine  = 32 << 20 // bytes of one action
	maxCommitFile  = 1 << 30  // bytes of one commit
	maxActions     = 20 << 20 // live files, tombstones and transactions of one table
	maxHint        = 1 << 20  // bytes of _last_checkpoint
	maxParts       = 10_000   // of one checkpoint
	maxSchemaText  = 16 << 20 // bytes of a schema's JSON
	maxSchemaDepth = 50       // types within types
	maxSchemaNodes = 20_000   // fields and types in all
	maxPage        = 256 << 20
	maxFooter      = 64 << 20
	maxColumns     = 20_000 // leaves of one Parquet file
	maxElements    = 1 << 24
)
