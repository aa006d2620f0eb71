// Package duplicate finds rows that count as the same by rules that people
// publish, and makes one of two.
//
// A rule compares columns of a base row with columns of matching rows. For each
// published rule every matching row has a normalised key in the table
// duplicatekey (migration 0032), written in the transaction that writes the row;
// looking for duplicates is then one look into an index, whatever the operators.
//
// The map: rule.go (rules out of their tables), key.go (keys of rows), normal.go,
// phonetic.go (normal forms), engine.go (the hook that keeps keys and refuses
// duplicates), keep.go (writing keys), behind.go (those of imports), find.go
// (looking), publish.go (the job that makes the keys of the rows that are there),
// scan.go (the job that goes through a whole table), merge.go, move.go (what hangs
// on a row moves), step.go (what a merge did, in the table mergestep), undo.go.
//
// Names count as alike by a phonetic key, and then by how many letters differ:
// the key finds them in an index, the letters keep those apart that only sound alike.
//
// Detection on writing is asked for by WithDetection: the Web API does so where
// the client sends MSCRM.SuppressDuplicateDetection: false. A duplicate that the
// writer may not read is not told of.
package duplicate
