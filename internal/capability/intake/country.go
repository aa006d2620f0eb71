package intake

import (
	"strings"

	"github.com/biter777/countries"
)

// further names that people type and the library lacks.
var countryNames = map[string]string{"america": "US", "the united states": "US", "the united states of america": "US", "estados unidos": "US", "états-unis": "US", "vereinigte staaten": "US",
	"españa": "ES", "italia": "IT", "nederland": "NL", "the netherlands": "NL", "danmark": "DK", "sverige": "SE", "norge": "NO", "polska": "PL", "belgique": "BE", "belgië": "BE", "suisse": "CH", "svizzera": "CH", "hrvatska": "HR",
	"suomi": "FI", "brasil": "BR", "méxico": "MX", "türkiye": "TR", "éire": "IE", "großbritannien": "GB", "vereinigtes königreich": "GB", "česko": "CZ", "magyarország": "HU"}

// ParseCountry gives the ISO 3166-1 alpha-2 code of a country by code or name.
func ParseCountry(s string) (string, bool) {
	if len(s) > 100 {
		return "", false
	}
	if code, ok := countryNames[strings.ToLower(s)]; ok {
		return code, true
	}
	c := countries.ByName(s)
	code := c.Alpha2()
	if c == countries.Unknown || len(code) != 2 || code == "XX" || code == "ZZ" {
		return "", false
	}
	return code, true
}
