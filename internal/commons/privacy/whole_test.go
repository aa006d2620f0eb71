package privacy

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestAddressesCountAsAWhole(t *testing.T) {
	t.Parallel()
	n := (&Subject{Emails: []string{"anna@x.com"}}).needles()
	for text, want := range map[string]bool{
		"anna@x.com": true, "Anna@X.com.": true, "<anna@x.com>": true, "mailto:anna@x.com?subject=a": true, `\u003canna@x.com\u003e`: true, `{"a":"b\nanna@x.com\n"}`: true, "to=anna@x.com&cc=b@y.z": true, "mail%3Aanna@x.com%20": true,
		"„anna@x.com“": true, "- anna@x.com - ok": true, "-anna@x.com": true, "anna@x.com-17": true, "anna@x.com_old": true, "see anna@x.com…": true, "hanna@x.com, anna@x.com": true, "'anna@x.com'": true, "a/anna@x.com/b": true,
		"hanna@x.com": false, "anna@x.community": false, "anna@x.com.au": false, "jo-anna@x.com": false, "jo.anna@x.com": false, "jo+anna@x.com": false, "jo_anna@x.com": false, "éanna@x.com": false, "anna@x.com-shop.example": false, "anna@y.com": false, `C:\\hanna@x.com`: false, "": false,
	} {
		if got := n.holds(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
		if got := n.redact(text, true); (got != text) != want || want && strings.Contains(strings.ReplaceAll(strings.ToLower(got), "hanna@x.com", ""), "anna@x.com") {
			t.Errorf("%q becomes %q", text, got)
		}
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := quotes(path, [][]byte{[]byte("anna@x.com")}, 1); err != nil || got != want {
			t.Errorf("a file with %q: %v %v", text, got, err)
		}
	}
}

// A plain look splits a text into what could be addresses and compares them.
func TestWholeAddressesEqualAPlainLook(t *testing.T) {
	t.Parallel()
	plain := regexp.MustCompile(`(?:[a-z0-9]+[._+-])*[a-z0-9]+@[a-z0-9]+(?:[.-][a-z0-9]+)*`)
	r := rand.New(rand.NewPCG(3, 5))
	locals, domains := []string{"anna", "hanna", "jo.anna", "anna.b", "a-anna", "anna+x", "an"}, []string{"x.com", "x.com.au", "ax.com", "b.x.com", "x.company", "x-y.com"}
	between := []string{" ", ",", ";", "<", ">", "(", ")", "\n", "\t", `"`, ": ", " - ", "=", "/", "?", "„", "“", " word "}
	pick := func(list []string) string { return list[r.IntN(len(list))] }
	held := 0
	for range 20_000 {
		who := pick(locals) + "@" + pick(domains)
		n := (&Subject{Emails: []string{who}}).needles()
		var b strings.Builder
		for range 1 + r.IntN(4) {
			b.WriteString(pick(between) + pick(locals) + "@" + pick(domains) + pick(between))
		}
		want := false
		rest := plain.ReplaceAllStringFunc(b.String(), func(found string) string {
			if found != who {
				return found
			}
			want = true
			return erased
		})
		if want {
			held++
		}
		if got := n.holds(b.String()); got != want {
			t.Fatalf("%s in %q: %v", who, b.String(), got)
		}
		if got := n.redact(b.String(), false); got != rest {
			t.Fatalf("%q without %s is\n%q, want\n%q", b.String(), who, got, rest)
		}
	}
	if held < 100 {
		t.Error("hardly any text holds the address:", held)
	}
}

// An address is found wherever it lies in a file that is read in parts.
func TestAddressesInLargeFiles(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	for _, at := range []int{0, 1<<20 - 700, 1<<20 - 311, 1<<20 - 305, 1<<20 - 5, 1 << 20, 1<<20 + 400, 2<<20 - 900} {
		for text, want := range map[string]bool{" anna@x.com ": true, "hanna@x.com ": false, " anna@x.com.au": false} {
			if err := os.WriteFile(path, []byte(strings.Repeat(" ", at)+text+strings.Repeat(" ", 2<<20-at)), 0o600); err != nil {
				t.Fatal(err)
			}
			if got, err := quotes(path, [][]byte{[]byte("anna@x.com")}, 1); err != nil || got != want {
				t.Errorf("%q at %d: %v %v", text, at, got, err)
			}
		}
	}
}
