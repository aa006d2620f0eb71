// Package expr evaluates small expressions that people write: conditions of
// rules and steps, and values in templates. The language is CEL; this package
// fixes how it deals with data that may be missing, and bounds what it costs.
//
// The map: env.go (which variables exist; compiling, with a cache), program.go
// (evaluating, limits), adapt.go (Go values in), result.go (Go values out),
// missing.go (missing fields are null), lint.go (operands of different kinds
// found while compiling), functions.go (lower, upper, trim, text, coalesce,
// empty, years, payment), problem.go (what is wrong with a text, in plain words, with line and
// column).
//
// Missing values. A variable without a value, a missing key and an index beyond
// the end are all null. Null equals only null, so `city == "Bonn"` is false and
// `city != "Bonn"` is true where the city is missing, as in queries. Anything
// else that needs a value (`<`, `+`, `contains` …) is unknown when it meets a
// null or a value of another kind. Unknown behaves as in SQL: `unknown && false`
// is false, `unknown || true` is true, `!unknown` is unknown. Program.Bool takes
// unknown as false: a condition that can't be decided does not match.
// Program.Eval refuses it with ErrUnknown, since a value was asked for; authors
// say what should stand there by coalesce(a, b, …) or text(a).
//
// Numbers compare by value, whatever their kind: 100 == 100.0 and 3 < 3.5.
// Arithmetic takes two numbers of the same kind, and the lint says so.
//
// Every evaluation has a cost limit, which also bounds its time; those that
// loop stop when their context ends or a time limit is over.
package expr
