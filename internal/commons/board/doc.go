// Package board shows records of any table side by side: in the stages of the
// business process that they go by, or under the values of a choice, each column
// with its number of records, the sum of an amount and a page of cards.
//
// One call gives the totals of all columns and the first page of each; further
// pages of a column are asked for by its position. Everything is read in the name
// of whoever asks, so that totals count what that person may read and nothing else.
//
// The map: board.go (what is asked and answered), layout.go (which columns there
// are), amount.go (what is added up), cards.go (what a card knows of its process).
package board
