package main

import (
	"fmt"
	"strings"
)

// eventSize is the length of one event's JSON. A thousand of them with their
// commas stay below the 1 MB that a batch may have.
const eventSize = 1000

// idDigits is the length of the number that makes each event another one.
const idDigits = 12

// sample gives the JSON of a structured event of eventSize bytes, and where the
// digits of its id are.
func sample() (text []byte, digits int) {
	const before = `{"specversion":"1.0","id":"`
	id := strings.Repeat("0", idDigits)
	after := `","source":"/bench/publisher","type":"lead.created","time":"2026-11-22T10:00:00.123456Z","datacontenttype":"application/json","data":{` +
		`"firstname":"Ada","lastname":"Lovelace","emailaddress1":"ada.lovelace@example.com","mobilephone":"+44 7700 900123","companyname":"Analytical Engines Ltd",` +
		`"jobtitle":"Chief Mathematician","numberofemployees":240,"address1_line1":"12 St James's Square","address1_city":"London","address1_postalcode":"SW1Y 4JH",` +
		`"address1_country":"GB","rpt_productinterest":"ILP","budgetamount":250000,"rpt_consent":true,"rpt_consentversion":"2026-11","context":{` +
		`"page":"https://www.example.com/loans/investment-linked","referrer":"https://search.example/","utm_source":"newsletter","utm_medium":"email","utm_campaign":"autumn-2026",` +
		`"visitorid":"3f1c9a7be0d24c5f8a6b1e2d3c4b5a69","useragent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36","localtime":"2026-11-22T10:00:00+00:00","filler":"`
	const end = `"}}}`
	fill := eventSize - len(before) - idDigits - len(after) - len(end)
	if fill < 0 {
		panic(fmt.Sprintf("the sample is %d bytes too long", -fill))
	}
	return []byte(before + id + after + strings.Repeat("x", fill) + end), len(before)
}

// setNumber writes a number into the digits of an id.
func setNumber(digits []byte, n int) {
	for i := idDigits - 1; i >= 0; i-- {
		digits[i] = byte('0' + n%10)
		n /= 10
	}
}
