// Package delta reads and writes tables in the Delta Lake format: Parquet files
// beside a log of JSON commits. It reads protocol version 1 and writes version
// 2, which every engine that knows the format can read; a table that asks for
// more is refused with the code "delta.protocol".
//
//	storage.go     what a table is kept in: put-if-absent and little else
//	local.go       a folder of this machine
//	bucket.go      a gocloud.dev bucket (files, memory, object stores)
//	schema.go      schemas and types; schemajson.go their JSON
//	value.go       the Go value of each type
//	action.go      the actions of the log
//	log.go         finding and replaying commits and checkpoints
//	checkpoint.go  writing checkpoints; checkpointread.go reading them
//	snapshot.go    a table at one version
//	table.go       opening, creating, time travel, history
//	commit.go      transactions: conflict check and rebase, once by (appId, version)
//	write.go       data files with statistics; stats.go those statistics
//	scan.go        reading rows; prune.go which files need not be read
//	merge.go       several files in one order; compact.go many files into few
//	vacuum.go      files that nobody needs any more; retain.go old commits
//	parquet.go     opening Parquet; column.go its columns as values; guard.go what a damaged file must not do
//
// A commit is the appearance of one file under a name that must not exist
// before. Whoever loses the race reads what the winner did: appends go on top
// of it, rewrites give way if it touched their files.
//
// Numbers that bound what a damaged or hostile table can cost are in limits.go.
package delta
