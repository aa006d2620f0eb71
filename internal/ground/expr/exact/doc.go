// Package exact works small formulas out without any rounding: the arithmetic of
// the platform's expression language, over rational numbers. It is for sums that
// people are told, as by a calculator on a page: every place that works the same
// formula out must come to the same cent.
//
// A formula is written as in package expr: + - * / and brackets, comparisons,
// && || !, a ? b : c, names of variables, and the functions payment(rate, periods,
// amount), round(x, digits), min(a, b), max(a, b). A number stands for what is
// written: 0.1 is one tenth. Tree gives the formula as JSON, for those who work
// it out elsewhere, such as a page's script.
//
// The map: compile.go (text → formula, limits), eval.go (working it out),
// number.go (reading and writing numbers).
package exact
