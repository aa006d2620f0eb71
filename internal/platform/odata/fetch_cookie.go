package odata

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// PagingCookie gives the position after a page as Dataverse writes it: an
// element whose attribute holds the cookie, escaped twice. Clients take the
// cookie out and put it into the query's paging-cookie. Ours holds the token of
// a position where Dataverse's holds the values of the last row.
func PagingCookie(page int, column, token string) string {
	inner := `<cookie page="` + strconv.Itoa(page) + `"><` + column + ` last="` + token + `" first="" /></cookie>`
	return `<cookie pagenumber="` + strconv.Itoa(page+1) + `" pagingcookie="` + percent(percent(inner)) + `" istracking="False" />`
}

func percent(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// ParsePagingCookie reads a cookie as the attribute paging-cookie holds it. Some
// clients pass on the whole element, or leave it escaped.
func ParsePagingCookie(text string) (page int, token string, err error) {
	bad := errs.New(errs.Invalid, "fetch.cookie", "fetchXml: the paging-cookie is damaged: start again from the first page")
	for range 2 {
		if strings.HasPrefix(strings.TrimSpace(text), "%") {
			if text, err = url.PathUnescape(text); err != nil {
				return 0, "", bad
			}
		}
	}
	e, err := parseXML(text)
	if err != nil || e.name != "cookie" {
		return 0, "", bad
	}
	if inner := e.attr("pagingcookie"); inner != "" {
		if strings.Contains(inner, "<cookie pagenumber") {
			return 0, "", bad
		}
		return ParsePagingCookie(inner)
	}
	if page, err = strconv.Atoi(e.attr("page")); err != nil || len(e.below) == 0 {
		return 0, "", bad
	}
	return page, e.below[0].attr("last"), nil
}
