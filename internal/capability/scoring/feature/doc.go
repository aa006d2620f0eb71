// Package feature turns what was known of a lead at a moment into the inputs of
// a model, and the moments themselves into rows to learn from.
//
// Point in time. A Timeline holds facts with their times; a View holds only
// those before a moment and is all that a feature ever sees, so that what
// became known later can't reach a model, whoever writes a new feature.
//
// The map: timeline.go (facts, events, Timeline, View), flatten.go (a lead's
// columns, context and answers as attributes), feature.go (Feature and its
// value), propose.go (the features that a table gives), frame.go (rows to learn
// from, growing in bounded memory), encode.go (levels, rare and missing
// categories), split.go (the newest slice apart, with a gap), label.go (what
// became of a lead within the horizon), leak.go (columns that know the outcome).
//
// Attributes are text in canonical form; "" is missing. Numbers are parsed where
// a feature is numeric; what is no finite number is missing.
package feature
