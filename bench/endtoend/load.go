package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/rapport-platform/rapport/bench/internal/product"
)

// lead is one that was sent.
type lead struct {
	email    string
	due      time.Time     // when it was to be sent
	answered time.Duration // after due
	seen     time.Duration // after due; 0 is not yet
	err      error
}

var (
	cities   = [][3]string{{"Hamburg", "DE", "20095"}, {"München", "DE", "80331"}, {"Dallas", "US", "75201"}, {"Boston", "US", "02108"}, {"Wien", "AT", "1010"}, {"Oslo", "NO", "0150"}}
	products = []string{"HOME", "ILP", "VEHICLE", "BUSINESS"}
)

// body is the form as lead number n sends it: every one is another person, in
// one of several cities.
func body(n int) ([]byte, string) {
	email := fmt.Sprintf("visitor%d@firm%d.example", n, n%977)
	city := cities[n%len(cities)]
	text, err := json.Marshal(map[string]any{
		"firstname": "Visitor", "lastname": fmt.Sprintf("Number %d", n), "emailaddress1": email, "mobilephone": fmt.Sprintf("+49 151 %08d", n),
		"companyname": fmt.Sprintf("Firm %d", n%977), "jobtitle": "Head of Finance", "numberofemployees": n % 400, "address1_city": city[0], "address1_country": city[1],
		"address1_postalcode": city[2], "rpt_productinterest": products[n%len(products)], "budgetamount": 1000 * (n % 500), "rpt_consent": true,
		"context": map[string]string{"page": fmt.Sprintf("https://loans.example/offers/%d", n%7), "referrer": "https://search.example/", "utm_source": "search", "utm_campaign": "autumn",
			"visitorid": fmt.Sprintf("v-%08d", n), "localtime": "2026-11-22T10:00:00+01:00"}})
	if err != nil {
		panic(err) // texts and numbers always have a JSON form
	}
	return text, email
}

// send posts the form from an address of its own and notes how long the answer took.
func send(ctx context.Context, p *product.Product, n int, l *lead, text []byte) {
	l.err = post(ctx, p, n, text)
	l.answered = time.Since(l.due)
}

func post(ctx context.Context, p *product.Product, n int, text []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL+"/f/loan", bytes.NewReader(text))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36")
	req.Header.Set("X-Forwarded-For", fmt.Sprintf("10.%d.%d.%d", n>>14&255, n>>6&255, n&63+1))
	res, err := p.Client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 1000))
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusAccepted {
		return fmt.Errorf("the form was answered %d %s", res.StatusCode, answer)
	}
	return nil
}
