package memberarea

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"github.com/rapport-platform/rapport/internal/commons/process"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

// Every text that a page asks for is there, in both languages, with the same verbs.
func TestWordsAreComplete(t *testing.T) {
	t.Parallel()
	verb := regexp.MustCompile(`%(\[\d\])?[sd]`)
	for key, both := range words {
		if both[0] == "" || both[1] == "" || len(verb.FindAllString(both[0], -1)) != len(verb.FindAllString(both[1], -1)) {
			t.Errorf("%s: %q, %q", key, both[0], both[1])
		}
	}
	for code, both := range troubles {
		if both[0] == "" || both[1] == "" {
			t.Errorf("%s: %q, %q", code, both[0], both[1])
		}
	}
	asked := regexp.MustCompile(`\bt "([a-z.]+)"|entry \. "[a-z]+" "[^"]+" "([a-z.]+)"`)
	files, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil || len(files) < 4 {
		t.Fatal(files, err)
	}
	n := 0
	for _, name := range files {
		text, err := templateFiles.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range asked.FindAllStringSubmatch(string(text), -1) {
			n++
			if _, ok := words[m[1]+m[2]]; !ok {
				t.Errorf("%s asks for %q", name, m[1]+m[2])
			}
		}
	}
	if n < 60 {
		t.Errorf("only %d texts found", n)
	}
	for word, key := range notes {
		if _, ok := words[key]; !ok || !noteWord.MatchString(word) {
			t.Errorf("note %s: %s", word, key)
		}
	}
}

func TestLanguage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		chosen int64
		accept string
		want   string
	}{
		{0, "", "en"}, {0, "de-AT,de;q=0.9,en;q=0.1", "de"}, {0, "fr,de;q=0.5", "de"}, {0, "fr", "en"}, {lcidGerman, "en", "de"}, {lcidEnglish, "de", "en"},
		{0, "\x00;;;=" + strings.Repeat("de,", 5000), "en"}, {99, "de", "de"},
	} {
		if got := Language(c.chosen, c.accept); got != c.want {
			t.Errorf("%d, %.30q: %s, not %s", c.chosen, c.accept, got, c.want)
		}
	}
}

func TestNobodyIsLedAway(t *testing.T) {
	t.Parallel()
	for _, away := range []string{"https://evil.example/member/home", "//evil.example", "/\\evil.example", "/member/../api", "/member/home\r\nSet-Cookie: a=b", "/member/homex", "javascript:alert(1)", "/member/r/lead/../../x", "/member/signout", "/MEMBER/home", ""} {
		if to := SafeNext(away); to != "/member/home" {
			t.Errorf("%q leads to %q", away, to)
		}
	}
	inside := "/member/r/lead/" + id.New().String()
	if SafeNext(inside) != inside || SafeNext("/member/messages") != "/member/messages" {
		t.Error("pages of the area are refused")
	}
}

func TestActionTokens(t *testing.T) {
	t.Parallel()
	r := Record{View: View{Table: "lead"}, ID: id.New(), Section: "papers", Member: Member{CSRF: "secret"}}
	path, query, _ := strings.Cut(r.Action("a b", "c/d"), "?_csrf=")
	if path != r.Page()+"/papers/a%20b/c%2Fd" || !ActionToken("secret", path, query) {
		t.Errorf("%s %s", path, query)
	}
	if ActionToken("secret", path+"x", query) || ActionToken("other", path, query) || ActionToken("", path, actionToken("", path)) || ActionToken("secret", path, "") {
		t.Error("a token holds where it should not")
	}
}

// Stages that have no words are not for members, and those of the same words are one step.
func TestProgress(t *testing.T) {
	t.Parallel()
	keys := []string{"qualify", "secret", "check", "approve", "pay"}
	way := process.View{State: processActive}
	for i, key := range keys {
		way.Stages = append(way.Stages, process.ViewStage{ID: id.Derive("stage", key), Key: key, Passed: i < 3})
	}
	way.Active = id.Derive("stage", "approve")
	words := map[string]metadata.Label{"qualify": {"en": "Received", "de": "Eingegangen"}, "check": {"en": "Checking"}, "approve": {"en": "Checking"}, "pay": {"en": "Paid"}}
	p := progressFrom(way, words, "en")
	want := []step{{"Received", true, false}, {"Checking", false, true}, {"Paid", false, false}}
	if p == nil || len(p.Steps) != 3 || p.Steps[0] != want[0] || p.Steps[1] != want[1] || p.Steps[2] != want[2] || p.At != 2 || p.Name != "Checking" {
		t.Errorf("%+v", p)
	}
	if p := progressFrom(way, words, "de"); p.Steps[0].Name != "Eingegangen" {
		t.Errorf("%+v", p)
	}
	way.State = processFinished
	if p := progressFrom(way, words, "en"); !p.Steps[2].Passed || p.At != 3 || !p.Ended {
		t.Errorf("%+v", p)
	}
	if p := progressFrom(way, nil, "en"); p != nil {
		t.Errorf("%+v", p)
	}
}

func TestDevice(t *testing.T) {
	t.Parallel()
	for agent, want := range map[string]string{
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120 Safari/537.36":      "Chrome, Linux",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Safari/604.1": "Safari, iPhone",
		"": "Unknown device", "<script>": "Unknown device",
	} {
		if got := Device(agent, "en"); got != want {
			t.Errorf("%q: %q, not %q", agent, got, want)
		}
	}
}
