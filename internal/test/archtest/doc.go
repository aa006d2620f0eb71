// Package archtest tests the architecture like behaviour: which package may
// import which, that every package has a map, and the house's other laws.
package archtest
