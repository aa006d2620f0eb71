// Package consent keeps what people have agreed to be contacted for: by purpose
// and channel, one row for each contact point, in the tables that Dynamics 365
// has for it. What was agreed to when, and by which way it came, stands in the
// change log of the row.
//
// The map: consent.go (Keeper: what holds, giving and withdrawing, what it was
// before), tables.go. Owned tables: msdynmkt_purpose, msdynmkt_contactpointconsent4.
package consent
