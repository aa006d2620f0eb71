// Package model trains models of which leads convert, judges them honestly, and
// runs them.
//
// Honest means: parameters are chosen by rows that the model did not learn from,
// and figures are stated of the newest rows, by which nothing was chosen; the
// figure of a random split, which looks better than what will be, stands beside
// them. A model that tells nothing is refused.
//
// The map: train.go (a training from end to end), matrix.go (rows of a frame as
// trainers take them), gate.go (what is refused, and why), measure.go and
// report.go (figures), calibrate.go, compare.go (against the version in force),
// segment.go (groups of leads by an input), reason.go (a score in plain words),
// engine.go (features, model and calibration together), artifact.go (the file
// of a version), elsewhere.go (models of other programs), drift.go (inputs that
// move), scale.go (chance → score and grade), course.go (a lead's scores over time).
package model
