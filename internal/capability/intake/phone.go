package intake

import (
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// ParsePhone gives a number in E.164. A number without its country's code
// belongs to the region (alpha-2). The extension, which E.164 can't hold, comes apart.
func ParsePhone(s, region string) (e164, extension string, ok bool) {
	if len(s) > 60 {
		return "", "", false
	}
	if strings.HasPrefix(s, "00") {
		s = "+" + s[2:]
	}
	n, err := phonenumbers.Parse(s, region)
	if err != nil || !phonenumbers.IsValidNumber(n) {
		return "", "", false
	}
	return phonenumbers.Format(n, phonenumbers.E164), n.GetExtension(), true
}

// isPhone tells whether a column holds phone numbers.
func isPhone(column string) bool {
	return column == "mobilephone" || column == "fax" || strings.HasPrefix(column, "telephone") || strings.Contains(column, "_telephone") || strings.HasSuffix(column, "_fax")
}
