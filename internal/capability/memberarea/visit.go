package memberarea

import (
	"regexp"

	"golang.org/x/text/language"

	"github.com/rapport-platform/rapport/internal/ground/id"
)

// InputToken is the input, and the parameter, that carries a form's token.
const InputToken = "_csrf"

// Member is who has signed in.
type Member struct {
	ID     id.ID // of the contact
	Name   string
	Email  string
	CSRF   string // token of the session's forms
	Method string // how the member came in, see package auth
}

// Visit is one showing of a page.
type Visit struct {
	Locale
	Member *Member
	CSRF   string            // of the session's forms, or of the visitor's
	Note   string            // word about what was just done, from the address
	Fault  string            // what went wrong with what was sent, in the visitor's language
	Values map[string]string // what was typed, to be shown again
	Next   string            // page of the area to go to after signing in; checked by SafeNext
}

var languages = language.NewMatcher([]language.Tag{language.English, language.German})

// The languages of the pages, by the codes that contacts keep.
const (
	lcidEnglish = 1033
	lcidGerman  = 1031
)

// Language picks the language of the pages: the member's own choice, else what
// the browser asks for, else English.
func Language(chosen int64, accept string) string {
	switch chosen {
	case lcidEnglish:
		return "en"
	case lcidGerman:
		return "de"
	}
	if len(accept) > 500 {
		accept = accept[:500]
	}
	tags, _, err := language.ParseAcceptLanguage(accept)
	if err != nil {
		return "en"
	}
	if _, at, _ := languages.Match(tags...); at == 1 {
		return "de"
	}
	return "en"
}

// LanguageCode gives the code by which a contact keeps a language.
func LanguageCode(lang string) int64 {
	if lang == "de" {
		return lcidGerman
	}
	return lcidEnglish
}

var nextPage = regexp.MustCompile(`^/member/(home|messages|profile|security|apply|r/[a-z][a-z0-9_]{0,63}/[0-9a-f-]{36})$`)

// SafeNext gives the page to go to after signing in: one of the area, or the
// overview. Nobody is led anywhere else by what an address says.
func SafeNext(next string) string {
	if nextPage.MatchString(next) {
		return next
	}
	return "/member/home"
}
