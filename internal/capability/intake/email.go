package intake

import (
	"net/mail"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// Address is an e-mail address in its normal forms.
type Address struct {
	Shown  string // as people read it: the local part as typed, the domain small and in its own script
	Key    string // by which leads are matched
	Domain string // ASCII
}

// ParseEmail reads an address, also in the form "Name <address>".
//
// The key is the whole address in small letters, the domain in its ASCII form.
// Strictly, mail servers may tell capitals of the local part apart; none that
// people use does. Dots and "+tags" stay, although Gmail ignores the dots:
// other servers do not, and joining two people is worse than asking one twice.
func ParseEmail(s string) (Address, bool) {
	if len(s) > 400 {
		return Address{}, false
	}
	s = strings.TrimPrefix(strings.TrimSpace(s), "mailto:")
	parsed, err := mail.ParseAddress(s)
	if err != nil {
		return Address{}, false
	}
	at := strings.LastIndexByte(parsed.Address, '@')
	local, domain := norm.NFC.String(parsed.Address[:max(at, 0)]), parsed.Address[at+1:]
	if local == "" || len(local) > 64 || strings.ContainsAny(local, " \t\"(),:;<>[]\\") || !utf8.ValidString(local) ||
		strings.HasPrefix(local, ".") || strings.HasSuffix(local, ".") || strings.Contains(local, "..") {
		return Address{}, false
	}
	ascii, err := idna.Lookup.ToASCII(strings.TrimSuffix(domain, "."))
	if err != nil || !realDomain(ascii) {
		return Address{}, false
	}
	shown, err := idna.Lookup.ToUnicode(ascii)
	if err != nil {
		shown = ascii
	}
	key := strings.ToLower(norm.NFKC.String(local)) + "@" + ascii
	if len(key) > 320 || len(ascii) > 253 {
		return Address{}, false
	}
	return Address{Shown: local + "@" + shown, Key: key, Domain: ascii}, true
}

// realDomain wants two labels at least, and a last one that is no number: mail
// can't be sent to "localhost" or to a bare network address.
func realDomain(ascii string) bool {
	labels := strings.Split(ascii, ".")
	if len(labels) < 2 {
		return false
	}
	for _, l := range labels {
		if l == "" || len(l) > 63 {
			return false
		}
	}
	top := labels[len(labels)-1]
	return len(top) >= 2 && strings.Trim(top, "0123456789") != ""
}
