package model

import (
	"encoding/json"
	"time"
)

// The trends, options of msdyn_leadscoretrend.
const (
	Improving = int64(iota)
	Steady
	Declining
	TooLittle // not enough information
)

// Point is a score that a lead had, an element of msdyn_scorehistory.
type Point struct {
	At      time.Time `json:"at"`
	Score   int64     `json:"score"`
	Grade   int64     `json:"grade"`
	Version string    `json:"model"` // what scored it
}

// Course is the history of a lead's score, msdyn_scorehistory: oldest first.
type Course struct {
	Version int     `json:"version"` // of this form
	Points  []Point `json:"points"`
}

// maxPoints is how many scores a course keeps: the first and the newest.
const maxPoints = 100

// ParseCourse reads a course; what can't be read is an empty one.
func ParseCourse(text []byte) Course {
	var c Course
	if json.Unmarshal(text, &c) != nil || c.Version != 1 {
		return Course{Version: 1}
	}
	return c
}

// Add gives the course with a new score. The first score stays for good.
func (c Course) Add(p Point) Course {
	points := append(c.Points[:len(c.Points):len(c.Points)], p)
	if over := len(points) - maxPoints; over > 0 {
		points = append(points[:1:1], points[1+over:]...)
	}
	return Course{Version: 1, Points: points}
}

// trendPoints is by how much a score must move to be called better or worse.
const trendPoints = 3

// settled is after how long without a move a score is steady.
const settled = 7 * 24 * time.Hour

// Trend tells which way the newest score went: against the score before it, or
// steady where that move is a week old.
func (c Course) Trend(now time.Time) int64 {
	n := len(c.Points)
	if n == 0 {
		return TooLittle
	}
	last := c.Points[n-1]
	if now.Sub(last.At) > settled {
		return Steady
	}
	if n == 1 {
		return TooLittle
	}
	switch d := last.Score - c.Points[n-2].Score; {
	case d >= trendPoints:
		return Improving
	case d <= -trendPoints:
		return Declining
	}
	return Steady
}
