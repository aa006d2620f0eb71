package auth_test

import (
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapport-platform/rapport/internal/platform/auth"
)

// Whatever stands in next, after signing in nobody leaves this site, and no line
// is added to the head of the answer.
func TestLocalPathStaysHere(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "/", "/r/lead?view=open": "/r/lead?view=open", "//evil.example": "/", "https://evil.example": "/", "/\\evil.example": "/", "\\\\evil.example": "/",
		"/\t/evil.example": "/", "/\n/evil.example": "/", "/a\r\nSet-Cookie: x=y": "/", "javascript:alert(1)": "/", "///evil.example": "/", " /evil": "/",
		"/" + strings.Repeat("a", 3000): "/",
	} {
		if got := auth.LocalPath(in); got != want {
			t.Errorf("%q leads to %q, want %q", in, got, want)
		}
	}
	base, err := url.Parse("https://here.example/api/auth/signin/sso")
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		next := rapid.StringOf(rapid.SampledFrom([]rune("/\\:?#@.\r\n\t ae%0d2f;"))).Draw(rt, "next")
		got := auth.LocalPath(next)
		// Browsers take a backslash for a slash and drop tabs and line ends.
		seen := strings.NewReplacer("\\", "/", "\t", "", "\r", "", "\n", "").Replace(got)
		to, err := base.Parse(seen)
		if err == nil && to.Host != base.Host || strings.HasPrefix(seen, "//") || strings.ContainsAny(got, "\r\n") {
			rt.Fatalf("%q leads to %q", next, got)
		}
	})
}
