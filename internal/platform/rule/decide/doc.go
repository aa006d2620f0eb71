// Package decide works decision sets out: typed inputs, formulas over them, and
// decision tables that each give a verdict with a reason. What a business analyst
// writes is a Definition; Compile makes a Program of it, which does not change.
//
// A set passes when every table passes, fails when one fails, and is referred to
// a person otherwise. A row that can't be decided because a value is missing ends
// its table: the case is referred, never waved through.
//
// The map:
//
//	definition.go  what is written, its limits, reading it
//	value.go       values as tables compare them
//	cell.go        a cell: -, missing, < 18, [18..70), "a", "b", not(…)
//	compile.go     Definition → Program; all problems at once
//	eval.go        a case → outcome, reasons, values
//	space.go       exact sets of cases, as products of elementary parts
//	examine.go     rows that contradict, overlap or are never reached; gaps
//	change.go      the least changes of inputs that would make a case pass
//	solve.go       where a formula crosses a limit
//	rehearse.go    what another version would have decided on past cases
//
// The package reads no table and asks no service: values come in as a map.
package decide
