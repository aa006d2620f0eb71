package httpapi_test

import (
	"strings"
	"testing"
)

// Nothing that a request says adds a line to the head of the answer, sets a
// cookie or leads away.
func TestHeadersAreNotInjected(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := s.signedIn("ada")
		const line = "%0d%0aSet-Cookie:%20evil=1%0d%0aLocation:%20https://evil.example"
		for _, path := range []string{
			"/api/data/v9.2/leads?$filter=lastname%20eq%20'x" + line + "'", "/api/data/v9.2/leads?$select=" + line, "/api/data/v9.2/" + line, "/api/data/v9.2/leads(" + line + ")",
			"/api/data/v9.2/leads?$skiptoken=" + line, "/api/auth/session?x=" + line, "/api/auth/" + line, "/api/ui/tables/" + line, "/api/timeline/lead/" + line,
		} {
			r := b.do("GET", path, "")
			if strings.Contains(r.header.Get("Set-Cookie"), "evil") || r.header.Get("Location") != "" || r.status >= 500 {
				t.Errorf("%s: %d %v", path, r.status, r.header)
			}
		}
		long := strings.Repeat("a", 300)
		r := b.do("GET", "/api/data/v9.2/leads?$top=1", "", "x-ms-client-request-id: "+long, "Prefer: odata.include-annotations=\"*\",evil="+long, "Origin: https://evil.example", "X-Forwarded-Host: evil.example").want(200)
		if r.header.Get("X-Ms-Client-Request-Id") != "" || r.header.Get("Access-Control-Allow-Origin") != "" || strings.Contains(r.body, "evil.example") {
			t.Errorf("%v %s", r.header, r.body)
		}
		// What a person wrote into a record stays in the body.
		made := b.do("POST", "/api/data/v9.2/leads", `{"lastname":"x\r\nSet-Cookie: evil=1"}`, "Prefer: return=representation")
		if made.status >= 500 || made.header.Get("Set-Cookie") != "" {
			t.Errorf("%d %v", made.status, made.header)
		}
	})
}
