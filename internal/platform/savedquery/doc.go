// Package savedquery keeps queries that people and solutions have saved, as
// Dataverse does: savedquery holds those of the organisation, userquery those of
// a person, who may share them. Their FetchXML is read when it is written, so
// that what is saved can be asked.
//
// Every view that a table's definition ships is a row of savedquery, too, with an
// id that follows from the table and the view, so that clients find it by the
// same id in every installation.
//
// Charts (savedqueryvisualization, userqueryvisualization) are kept alike, and
// forms are rows of systemform, which can be read only.
//
// The map: tables/*.yaml, hook.go (what is saved must hold), view.go, chart.go and
// form.go (definitions as rows), chart_check.go (charts of one's own).
package savedquery
