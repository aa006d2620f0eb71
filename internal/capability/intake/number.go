package intake

import (
	"encoding/json"
	"regexp"
	"strings"
)

var (
	firstNumber = regexp.MustCompile(`[0-9][0-9.,'’  _]*`)
	amountForm  = regexp.MustCompile(`(?i)^(?:[a-z]{3}|[$€£¥₹])?\s*([+-]?)([0-9][0-9.,'’\s]*)(k|m|mio|mn|million|thousand)?\.?\s*(?:[a-z]{3}|[$€£¥₹])?(?:\.-|,-)?$`)
)

// wholeOf reads a whole number as people give it: "1,200", "100+", "> 100",
// "about 50", and ranges such as "51-200", of which it takes the lower end.
func wholeOf(s string) (any, bool) {
	if len(s) > 60 {
		return nil, false
	}
	if strings.HasPrefix(s, "-") {
		return json.Number(strings.TrimSpace(s)), true // negative: the column's bounds decide
	}
	found := firstNumber.FindString(s)
	if found == "" {
		return nil, false
	}
	n := plainNumber(found, true)
	return json.Number(n), n != ""
}

// amountOf reads an amount: "50,000", "€ 50.000,00", "50k", "1.5 million".
func amountOf(s string) (any, bool) {
	if len(s) > 60 {
		return nil, false
	}
	m := amountForm.FindStringSubmatch(s)
	if m == nil {
		return nil, false
	}
	zeros := map[string]string{"": "", "k": "e3", "thousand": "e3", "m": "e6", "mio": "e6", "mn": "e6", "million": "e6"}[strings.ToLower(m[3])]
	n := plainNumber(m[2], zeros == "")
	if n == "" {
		return nil, false
	}
	if m[1] == "-" {
		n = "-" + n
	}
	return json.Number(n + zeros), true
}

// plainNumber removes separators. Where both a point and a comma stand, the
// later one is the decimal sign. A single one before exactly three digits
// separates thousands, if thousands are likely; "0.500" is a half all the same.
func plainNumber(s string, thousands bool) string {
	s = strings.NewReplacer(" ", "", " ", "", " ", "", "'", "", "’", "", "_", "").Replace(strings.TrimSpace(s))
	s = strings.TrimRight(s, ".,")
	point, comma := strings.LastIndexByte(s, '.'), strings.LastIndexByte(s, ',')
	decimal := max(point, comma)
	if decimal < 0 {
		return s
	}
	sign := s[decimal]
	several := strings.Count(s, string(sign)) > 1
	both := point >= 0 && comma >= 0
	if several || !both && thousands && len(s)-decimal == 4 && s[0] != '0' {
		decimal = len(s)
	}
	whole := strings.NewReplacer(".", "", ",", "").Replace(s[:decimal])
	if decimal == len(s) {
		return whole
	}
	if whole == "" {
		whole = "0"
	}
	return whole + "." + s[decimal+1:]
}
