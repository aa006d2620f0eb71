package access

import (
	"slices"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Below gives the users who report to a user, directly or further down.
func (c *Control) Below(userID id.ID) []id.ID {
	reports := c.Current().reports
	seen := map[id.ID]bool{userID: true}
	var out []id.ID
	for next := slices.Clone(reports[userID]); len(next) > 0; next = next[1:] {
		if u := next[0]; !seen[u] {
			seen[u] = true
			out = append(out, u)
			next = append(next, reports[u]...)
		}
	}
	return out
}

// TeamsOf gives the teams that users are members of, each once.
func (c *Control) TeamsOf(users []id.ID) []id.ID {
	s := c.Current()
	seen := map[id.ID]bool{}
	var out []id.ID
	for _, u := range users {
		if person := s.users[u]; person != nil {
			for _, team := range person.teams {
				if !seen[team] {
					seen[team] = true
					out = append(out, team)
				}
			}
		}
	}
	return out
}

// Zone gives the time zone by whose midnights a user's days are counted; nil
// means UTC.
func (c *Control) Zone(userID id.ID) *time.Location {
	if u := c.Current().users[userID]; u != nil {
		return u.zone
	}
	return nil
}

// Language gives the LCID of a user's language; 0 where it is not known.
func (c *Control) Language(userID id.ID) int64 {
	u := c.Current().users[userID]
	if u == nil {
		return 0
	}
	return LanguageCode(u.lang)
}

// LanguageCode gives the LCID of the main variant of a language, by its BCP 47
// tag; 0 where it is not known.
func LanguageCode(tag string) int64 {
	tag, _, _ = strings.Cut(strings.ToLower(tag), "-")
	return languages[tag]
}

// languages gives the LCID of a language's main variant, as Dataverse names
// languages.
var languages = map[string]int64{
	"ar": 1025, "bg": 1026, "ca": 1027, "zh": 2052, "cs": 1029, "da": 1030, "de": 1031, "el": 1032, "en": 1033, "es": 3082, "fi": 1035, "fr": 1036, "he": 1037, "hu": 1038,
	"it": 1040, "ja": 1041, "ko": 1042, "nl": 1043, "nb": 1044, "pl": 1045, "pt": 2070, "ro": 1048, "ru": 1049, "hr": 1050, "sk": 1051, "sv": 1053, "th": 1054, "tr": 1055,
	"id": 1057, "uk": 1058, "sl": 1060, "et": 1061, "lv": 1062, "lt": 1063, "vi": 1066, "eu": 1069, "hi": 1081, "ms": 1086, "kk": 1087, "gl": 1110, "sr": 2074,
}

// Fiscal gives the organisation's fiscal calendar.
func (c *Control) Fiscal() query.Fiscal { return c.Current().fiscal }

// calendar reads the fiscal calendar. The types of periods are Dataverse's.
func (l *loader) calendar() {
	l.each("SELECT fiscalperiodtype, fiscalcalendarstart FROM organization ORDER BY organizationid DESC", []query.Kind{query.Int, query.Time}, func(v []any) {
		l.s.fiscal = query.Fiscal{}
		if kind, ok := v[0].(int64); ok {
			l.s.fiscal.Periods = map[int64]int{2000: 1, 2001: 2, 2002: 4, 2003: 12, 2004: 13}[kind]
		}
		if start, ok := v[1].(time.Time); ok {
			l.s.fiscal.Month, l.s.fiscal.Day = start.Month(), start.Day()
		}
	})
}
