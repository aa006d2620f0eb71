// Package changelog keeps one row for every written record, in the writing
// transaction: who, when, from where, and the changed columns before and after.
// It is the audit, the outbox and the delta feed in one; nothing is copied into
// the event stream.
//
// Order. A number taken before the commit has gaps that fill later, so a reader
// could pass one by. On SQLite there is one writer and the row's position is
// the order. On PostgreSQL rows are numbered after their commit, below the
// oldest running transaction (order.go). That number, Seq, is the only cursor.
//
// The chain. Rows are sealed in batches, off the write path (seal.go): a seal
// holds the digest of each of its rows and the hash of the seal before, and is
// signed with the installation's key. Verify (verify.go) walks along it and names
// rows that were changed, removed or put in between. Three things may happen to
// sealed rows, each written into the chain in the same transaction:
//
//   - Retention cuts rows of a table (cut.go). The seal of the cut lists them. A
//     seal whose rows have all gone keeps its hash and loses its entries.
//   - An erasure takes values away (erase.go). Each row has a digest of its
//     content, salted, within the digest of the row (digest.go). Make an Eraser
//     with the erasure's id, call Record for each record of the person (and At for
//     single rows of others), give back by rewrite what is to stand there instead,
//     and call Finish, all in one transaction. The content's digest stays, its salt
//     goes: the chain verifies, everything but the content is still proved (who,
//     when, which record, which operation), and what the values were can't be
//     found by trying. What rewrite leaves standing is no longer proved.
//   - Nothing else.
//
// What the chain can't know: rows changed before they were sealed, and an end cut
// off by somebody who has the key, too. For that, note the newest seal elsewhere
// (Anchored).
//
// The map: change.go (the row), source.go (from where it comes), append.go
// (writing), order.go (numbering), read.go and touched.go (reading from a cursor),
// tail.go (one tailer per node that wakes whoever waits for changes), recent.go
// (the end of the log in memory, for all followers, and on SQLite what this
// process has just committed), sealer.go
// (the job that seals), digest.go, seal.go, numbers.go, verify.go, erase.go and
// cut.go (the chain).
package changelog
