// Package cell reads the texts that people write into the cells of files as
// numbers, moments, and yes or no, in the ways of several countries. It knows
// nothing of tables.
//
// The map: times.go (moments, and the order of their parts), number.go (numbers
// with groups and either decimal sign), yesno.go (yes and no, missing values),
// guard.go (cells that a spreadsheet would take for formulas).
package cell
