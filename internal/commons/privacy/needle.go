package privacy

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// erased stands where something was taken out of a text.
const erased = "…"

// needles find a person in texts, and take him out of them.
type needles struct {
	emails, phones, names, lasts, visitors []string // in small letters
	events                                 map[EventKey]bool
	written                                []string       // the addresses, as they stand in texts and in JSON
	address, strict, wide                  *regexp.Regexp // nil where there is nothing to find
}

func (s *Subject) needles() *needles {
	n := &needles{emails: lower(s.Emails, 5), phones: lower(s.Phones, leastDigits), names: lower(s.Names, 5), lasts: lower(s.Lasts, 3), visitors: lower(s.Visitors, 8), events: map[EventKey]bool{}}
	for _, e := range s.Events {
		n.events[e] = true
	}
	whole := slices.DeleteFunc(slices.Clone(n.names), func(name string) bool { return !strings.Contains(name, " ") })
	n.address = alternatives(nil, n.emails)
	n.strict = alternatives(nil, n.phones, whole)
	n.wide = alternatives(n.lasts, n.phones, n.names)
	for _, v := range n.emails {
		add(&n.written, v)
		if text, err := json.Marshal(v); err == nil {
			add(&n.written, strings.ToLower(string(text[1:len(text)-1])))
		}
	}
	return n
}

func lower(list []string, least int) (out []string) {
	for _, v := range list {
		if v = strings.ToLower(v); utf8.RuneCountInString(v) >= least {
			add(&out, v)
		}
	}
	return out
}

// alternatives is an expression for any of the texts, words for themselves only.
func alternatives(words []string, lists ...[]string) *regexp.Regexp {
	var all []string
	for _, list := range lists {
		for _, v := range list {
			add(&all, regexp.QuoteMeta(v))
			if text, err := json.Marshal(v); err == nil && len(text) > 2 { // as it stands in a JSON document
				add(&all, regexp.QuoteMeta(string(text[1:len(text)-1])))
			}
		}
	}
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) }) // the longest counts
	for _, w := range words {
		all = append(all, `\b`+regexp.QuoteMeta(w)+`\b`)
	}
	if len(all) == 0 {
		return nil
	}
	return regexp.MustCompile("(?i)" + strings.Join(all, "|"))
}

// his tells whether something that was sent is the person's: it holds an address
// of his, or a number of his together with his name.
func (n *needles) his(text string) bool {
	text = strings.ToLower(text)
	return n.holds(text) || hasAny(text, n.phones) && hasAny(text, n.lasts) || hasAny(text, n.visitors)
}

// redact takes the person out of a text: addresses, numbers and whole names;
// with wide, last names, too.
func (n *needles) redact(text string, wide bool) string {
	re := n.strict
	if wide {
		re = n.wide
	}
	text = n.withoutAddresses(text)
	if re == nil || text == "" {
		return text
	}
	return re.ReplaceAllString(text, erased)
}

// withoutAddresses takes the person's addresses out of a text, and leaves longer
// ones that hold them.
func (n *needles) withoutAddresses(text string) string {
	if n.address == nil {
		return text
	}
	var out strings.Builder
	done := 0
	for _, at := range n.address.FindAllStringIndex(text, -1) {
		if wholeAt(text, at[0], at[1]) {
			out.WriteString(text[done:at[0]] + erased)
			done = at[1]
		}
	}
	return out.String() + text[done:]
}

// redactJSON does so in a document; one that would not be one any more is emptied.
func (n *needles) redactJSON(text string, wide bool) string {
	out := n.redact(text, wide)
	if out != text && !json.Valid([]byte(out)) {
		return "null"
	}
	return out
}
