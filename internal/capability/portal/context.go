package portal

import (
	"net/netip"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"
)

// Visit is what is known of a visitor's situation. All of it comes from the
// visitor's browser and is checked for form only.
type Visit struct {
	Page       string            // address of the page the visitor was on: the embedding one, where there is one
	Referrer   string            // where they came from
	UTM        map[string]string // campaign parameters, by their whole names
	VisitorID  string            // of the tracking script; only with the visitor's consent
	UserAgent  string
	LocalTime  string     // RFC 3339, with the visitor's offset
	Language   string     // the browser's Accept-Language
	Address    netip.Addr // for rate limits; does not go into events
	DoNotTrack bool       // DNT or GPC was set: no visitor id then
}

const maxContext = 2048 // bytes of one value

// context gives the members of the event's context, and nothing that is empty.
func (v *Visit) context() map[string]any {
	c := map[string]any{}
	put := func(name, value string) {
		if value = cleanText(value, maxContext); value != "" {
			c[name] = value
		}
	}
	put("page", webAddress(v.Page))
	put("referrer", webAddress(v.Referrer))
	put("useragent", cleanText(v.UserAgent, 512))
	put("language", cleanText(v.Language, 128))
	if t, err := time.Parse(time.RFC3339, v.LocalTime); err == nil && t.Year() > 1999 && t.Year() < 2200 {
		put("localtime", v.LocalTime)
	}
	if !v.DoNotTrack {
		put("visitorid", visitorID(v.VisitorID))
	}
	utm := v.UTM
	if len(utm) == 0 {
		utm = utmOf(v.Page)
	}
	for name, value := range utm {
		if IsUTM(name) {
			put(name, cleanText(value, 256))
		}
	}
	return c
}

// IsUTM tells whether a parameter is one of the campaign's.
func IsUTM(name string) bool {
	switch name {
	case "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "utm_id":
		return true
	}
	return false
}

// webAddress keeps only addresses of pages, and of those neither a password nor the part after #.
func webAddress(s string) string {
	if len(s) > maxContext {
		return ""
	}
	u, err := url.Parse(strings.TrimSpace(s))
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return ""
	}
	u.User, u.Fragment, u.RawFragment = nil, "", ""
	return u.String()
}

// visitorID keeps ids as the tracking script makes them.
func visitorID(s string) string {
	if len(s) < 8 || len(s) > 64 {
		return ""
	}
	for _, r := range s {
		if (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '-' && r != '_' {
			return ""
		}
	}
	return s
}

// cleanText drops control characters and what is over a length.
func cleanText(s string, max int) string {
	s = strings.Map(func(r rune) rune {
		if r < 0x20 || r >= 0x7f && r < 0xa0 || r == utf8.RuneError {
			return -1
		}
		return r
	}, s)
	if len(s) > max {
		for max > 0 && !utf8.RuneStart(s[max]) {
			max--
		}
		s = s[:max]
	}
	return strings.TrimSpace(s)
}

// utmOf reads the campaign's parameters out of a page's address.
func utmOf(page string) map[string]string {
	u, err := url.Parse(page)
	if err != nil || u.RawQuery == "" {
		return nil
	}
	var utm map[string]string
	for name, values := range u.Query() {
		if IsUTM(name) {
			if utm == nil {
				utm = map[string]string{}
			}
			utm[name] = values[0]
		}
	}
	return utm
}
