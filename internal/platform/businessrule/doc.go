// Package businessrule is what administrators say about the values of a row
// without writing a program: if a condition holds, columns are shown or hidden,
// required or locked, get a value, or the row is refused with a message.
//
// A rule is a row of the table workflow of category 2; its definition is YAML
// or JSON in clientdata. Conditions are texts of $filter over the row alone.
// Rules of scope entity are obeyed by the store for every writer; forms get all
// of them, the conditions as a tree, and evaluate the same tree themselves
// (web/src/businessrules): testdata/vectors.json is run by both.
//
// The map: definition.go (what a rule says), compile.go (checked against the
// catalog), set.go (the rules in force, loading), apply.go (a rule on a row),
// hook.go (the store), tree.go (the condition as JSON), errors.go.
package businessrule
