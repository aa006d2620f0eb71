// Package sqldb is the one way to the database, the same on SQLite and on
// PostgreSQL. Reading is DB.Query; the only way to write is DB.Write, which
// runs a closure in a transaction and may run it again.
//
// The map: dialect.go (quoting, placeholders), open.go (addresses, pools),
// write.go (the contract), snapshot.go (reading as of one moment), outside.go (PostgreSQL's statements without a transaction), scrub.go (remnants of what was deleted), sqlite.go (one writer connection that commits many
// callers at once, run by whichever caller comes first), checkpoint.go (its log copied back beside it), postgres.go (a transaction each, retried), rows.go (results),
// errors.go (what the drivers' errors mean), migrate.go (the core tables'
// ordered history).
//
// How values are stored on each database: ids as 16-byte BLOB / uuid, instants
// as INTEGER microseconds since 1970 / timestamptz, booleans as INTEGER 0 or 1 /
// boolean, whole and fixed-point numbers as INTEGER / bigint, days and JSON as
// TEXT, text as TEXT compared bytewise.
package sqldb
