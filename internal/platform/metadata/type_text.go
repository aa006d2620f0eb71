package metadata

import (
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rapport-platform/rapport/internal/platform/query"
)

const textDefaultMax = 100

// textType is a single line of text, of one of the formats text (the default),
// email, phone, url, ticker, textarea.
type textType struct{}

func (textType) Shape(*Column) Shape {
	return Shape{Kind: query.Text, Folded: true, Edm: "Edm.String"}
}

func (textType) Coerce(c *Column, v any) (any, error) {
	s, err := coerceText(c, v, textDefaultMax)
	if err != nil || s == "" {
		return s, err
	}
	switch c.Format {
	case "email":
		if a, err := mail.ParseAddress(s); err != nil || a.Address != strings.TrimSpace(s) {
			return nil, wrong(c, "format", "an e-mail address such as name@example.com is expected")
		}
	case "url":
		if !plausibleURL(s) {
			return nil, wrong(c, "format", "a web address such as https://example.com is expected")
		}
	case "ticker":
		if strings.ContainsFunc(s, unicode.IsSpace) {
			return nil, wrong(c, "format", "a ticker symbol has no spaces")
		}
		return strings.ToUpper(s), nil
	}
	return s, nil
}

// plausibleURL takes http, https, ftp, mailto and tel addresses, and ones
// without a scheme; not those that a browser would run (javascript:, data:).
func plausibleURL(s string) bool {
	u, err := url.Parse(strings.TrimSpace(s))
	if err != nil {
		// "localhost:8080/x" and the like have a colon before any slash.
		u, err = url.Parse("http://" + strings.TrimSpace(s))
		return err == nil && u.Host != ""
	}
	schemes := []string{"", "http", "https", "ftp", "ftps", "mailto", "tel", "sip"}
	return slices.Contains(schemes, strings.ToLower(u.Scheme)) || strings.Contains(u.Scheme, ".") || isPort(u.Opaque)
}

// isPort tells whether what stands after a host name and a colon is a port: url.Parse takes
// the host for a scheme then.
func isPort(opaque string) bool {
	port, _, _ := strings.Cut(opaque, "/")
	return port != "" && len(port) <= 5 && strings.Trim(port, "0123456789") == ""
}

func (textType) check(c *Column) error {
	if c.Max < 0 || c.Max > 4000 {
		return wrong(c, "definition", "max is between 1 and 4000; longer texts are memos")
	}
	return c.checkFormat("text", "email", "phone", "url", "ticker", "textarea")
}

func coerceText(c *Column, v any, defaultMax int) (string, error) {
	s, ok := v.(string)
	if !ok {
		return "", wrong(c, "type", "a text is expected")
	}
	if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
		return "", wrong(c, "encoding", "the text is not valid UTF-8 or holds a NUL character")
	}
	limit := c.Max
	if limit == 0 {
		limit = defaultMax
	}
	if len(s) > limit { // bytes are at least as many as characters
		if n := utf8.RuneCountInString(s); n > limit {
			return "", wrong(c, "too_long", "%d characters are more than the %d allowed", n, limit)
		}
	}
	return s, nil
}
