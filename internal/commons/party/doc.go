// Package party holds the customers: accounts (companies) and contacts (people), with
// their table definitions (tables/*.yaml).
package party
