// Package calendar knows when people and desks work: weekly hours, days off and
// absences, as rows of calendar and calendarrule, with their table definitions
// (tables/*.yaml).
//
// The map: calendar.go (asking a calendar), after.go (adding working time), load.go (reading calendars from
// their rows, and what is wrong with them), tables.go.
package calendar
