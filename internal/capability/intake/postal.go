package intake

import (
	"regexp"
	"strings"
)

// postal says how the codes of a country look, without spaces and hyphens, and
// where one is put back: before the last `tail` characters.
type postal struct {
	form *regexp.Regexp
	sep  string
	tail int
}

func digits(n string) postal { return postal{form: regexp.MustCompile(`^\d{` + n + `}$`)} }

func split(form, sep string, tail int) postal { return postal{regexp.MustCompile(form), sep, tail} }

// postals holds the countries whose codes are checked. Elsewhere any short
// text of letters and digits will do.
var postals = map[string]postal{
	"US": split(`^\d{5}(\d{4})?$`, "-", 4), "CA": split(`^[ABCEGHJ-NPRSTVXY]\d[A-Z]\d[A-Z]\d$`, " ", 3), "MX": digits("5"), "BR": split(`^\d{8}$`, "-", 3),
	"GB": split(`^[A-Z]{1,2}\d[A-Z\d]?\d[A-Z]{2}$`, " ", 3), "IE": split(`^[A-Z]\d[\dW][A-Z\d]{4}$`, " ", 4), "NL": split(`^[1-9]\d{3}[A-Z]{2}$`, " ", 2),
	"DE": digits("5"), "FR": digits("5"), "ES": digits("5"), "IT": digits("5"), "FI": digits("5"), "TR": digits("5"), "HR": digits("5"), "UA": digits("5"), "KR": digits("5"),
	"AT": digits("4"), "CH": digits("4"), "BE": digits("4"), "DK": digits("4"), "NO": digits("4"), "LU": digits("4"), "HU": digits("4"), "BG": digits("4"), "SI": digits("4"),
	"AU": digits("4"), "NZ": digits("4"), "ZA": digits("4"), "IN": digits("6"), "CN": digits("6"), "SG": digits("6"), "RO": digits("6"), "RU": digits("6"),
	"PL": split(`^\d{5}$`, "-", 3), "PT": split(`^\d{7}$`, "-", 3), "SE": split(`^\d{5}$`, " ", 2), "CZ": split(`^\d{5}$`, " ", 2), "SK": split(`^\d{5}$`, " ", 2), "GR": split(`^\d{5}$`, " ", 2), "JP": split(`^\d{7}$`, "-", 4),
}

var anyPostal = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{N} .-]{1,11}$`)

// ParsePostal gives a postal code as its country writes it.
func ParsePostal(s, country string) (string, bool) {
	s = strings.ToUpper(s)
	p, known := postals[country]
	if !known {
		return s, anyPostal.MatchString(s)
	}
	// "D-53111" and "CH 8001" carry the country with them.
	bare := strings.NewReplacer(" ", "", "-", "", ".", "", " ", "").Replace(s)
	if !p.form.MatchString(bare) {
		bare = strings.TrimPrefix(strings.TrimPrefix(bare, country), country[:1])
	}
	if !p.form.MatchString(bare) {
		return "", false
	}
	if p.sep == "" || country == "US" && len(bare) == 5 {
		return bare, true
	}
	return bare[:len(bare)-p.tail] + p.sep + bare[len(bare)-p.tail:], true
}
