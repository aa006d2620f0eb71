// Package duplicate finds rows that count as the same by rules that people
// publish, and makes one of two.
//
// A rule compares columns of a base row with columns of matching rows. For each
// published rule every matching row has a normalised key in the table
// duplicatekey (migration 0032), written in the transaction that writes the row;
// looking for duplicates is then one look into an index, whatever the operators.
//
// The map: rule.go (rules out of their tables), key.go (normalising), engine.go
// (the hook that keeps keys and refuses duplicates), find.go (looking), publish.go
// (the job that makes the keys of the rows that are there), merge.go.
//
// Detection on writing is asked for by WithDetection: the Web API does so where
// the client sends MSCRM.SuppressDuplicateDetection: false. A duplicate that the
// writer may not read is not told of.
package duplicate
