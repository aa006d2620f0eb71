package archtest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// unheard are the files whose sentences no person reads on a screen, by the
// beginnings of their paths, with the reason.
var unheard = []struct{ prefix, why string }{
	{"platform/odata/", "the language of the Web API, which programs write"},
	{"edge/httpapi/odata_", "the same; of the limits people are told by the status"},
	{"edge/httpapi/odata.go", "the same"},
	{"edge/httpapi/definition/", "the same, for definitions"},
	{"edge/httpapi/events.go", "for senders of events, which are programs"},
	{"edge/httpapi/exchange.go", "for other systems"},
	{"platform/stream/", "for senders of events"},
	{"platform/job/", "the log"},
	{"platform/schema/", "the start"},
	{"ground/secret/", "the start"},
	{"kit/", "libraries without the product's words: what they say is the cause, which is logged"},
	{"edge/app/admin", "the command line"},
	{"edge/app/app.go", "the start"},
	{"edge/app/config.go", "the start"},
	{"edge/app/front.go", "the start"},
	{"edge/app/sample.go", "the start"},
	{"edge/app/seed.go", "the start"},
	{"edge/app/wire", "the start"},
	{"capability/memberarea/signing/words.go", "both languages stand there"},
}

// Whatever the server says to people has German words in the interface's files,
// and these know no sentence that the server does not say.
func TestSentencesHaveGerman(t *testing.T) {
	t.Parallel()
	s, err := readSentences("../../../internal")
	if err != nil {
		t.Fatal(err)
	}
	german := germanSentences(t)
	if len(s.said) < 1500 {
		t.Errorf("only %d sentences were found: the constructors of errors have changed", len(s.said))
	}
	var patterns []*regexp.Regexp
	for text := range german {
		if verb.MatchString(text) {
			patterns = append(patterns, regexp.MustCompile("^"+strings.Join(pieces(text, regexp.QuoteMeta), "(.+?)")+"$"))
		}
	}
	for text, places := range s.said {
		if german[text] != "" || !slices.ContainsFunc(places, heard) {
			continue
		}
		// A sentence may be one of a more general form.
		as := strings.Join(pieces(text, func(s string) string { return s }), "x")
		if !slices.ContainsFunc(patterns, func(p *regexp.Regexp) bool { return p.MatchString(as) }) {
			t.Errorf("%s: %q has no German in web/src/i18n/messages/de", slices.Min(places), text)
		}
	}
	for text, file := range german {
		if len(s.said[text]) == 0 && file != "libraries.json" && slices.ContainsFunc(pieces(text, func(s string) string { return s }), func(piece string) bool { return !s.written(strings.TrimSpace(piece)) }) {
			t.Errorf("web/src/i18n/messages/de: nothing says %q any more", text)
		}
	}
}

func heard(place string) bool {
	for _, u := range unheard {
		if strings.HasPrefix(place, u.prefix) {
			return false
		}
	}
	return true
}

// pieces gives the words between the values of a format.
func pieces(format string, each func(string) string) []string {
	list := verb.Split(strings.ReplaceAll(format, "%%", "\x00"), -1)
	for i, piece := range list {
		list[i] = each(strings.ReplaceAll(piece, "\x00", "%"))
	}
	return list
}

// germanSentences gives the English sentences that have German words, each with the file they stand in.
func germanSentences(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("../../../web/src/i18n/messages/de/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("the German sentences are not where they were", err)
	}
	all := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var words map[string]string
		if err := json.Unmarshal(text, &words); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for k, v := range words {
			if all[k] != "" {
				t.Errorf("%s: %q stands in two files", file, k)
			}
			all[k] = filepath.Base(file)
			if v == "" {
				t.Errorf("%s: %q has no words", file, k)
			}
		}
	}
	return all
}
