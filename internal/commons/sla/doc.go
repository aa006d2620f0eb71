// Package sla holds service levels: agreements, their items, the figures that
// they measure and the instances that run, with their table definitions
// (tables/*.yaml).
//
// First contact is measured: how soon somebody turns to a new record. An active
// sla of a table with an item about rpt_contactdueon says after how many minutes of
// the working hours it names a new record should have been contacted; the first
// outgoing activity that a person completes about it is the contact. Both moments
// stand on the record, so that lists and reports are told by them. The instances of
// other figures come with the service desk's behaviour.
//
// The map: tables.go, terms.go (the agreements in force), contact.go (the hooks).
package sla
