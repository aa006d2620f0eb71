package portal

import (
	"os"
	"testing"
)

// LoanForms gives the form of a lender, which the tests of this package send.
func LoanForms(tb testing.TB) Set {
	tb.Helper()
	text, err := os.ReadFile("testdata/loan.json")
	if err != nil {
		tb.Fatal(err)
	}
	f, err := Parse(text)
	if err != nil {
		tb.Fatal(err)
	}
	return Set{f.Name: f}
}
