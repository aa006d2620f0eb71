package access

import (
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// Scope narrows what a program may do with a key below what its user may: words
// with a space between, each of these:
//
//	lead:read,write     these rights on a table; lead:* all eight; *:read on every table
//	action:QualifyLead  an action; action:* all
//	events:leads        publish events to a topic; events:* to all
//	admin               general privileges, and writing the tables that decide about access
//
// A decision is what both the user's roles and the scope allow. Work inside of
// an action is measured too: who may call QualifyLead still needs the rights on
// the tables that it writes in the caller's name. The empty scope narrows nothing.
type Scope string

// scopeMost bounds a scope's length in bytes.
const scopeMost = 4000

// The words that are not names of tables.
const (
	scopeAdmin  = "admin"
	scopeAction = "action"
	scopeEvents = "events"
)

// ParseScope checks the words of a scope and gives it in its normal form. It
// does not ask whether the tables are there: they may come later.
func ParseScope(words ...string) (Scope, error) {
	var out []string
	for _, text := range words {
		for word := range strings.FieldsSeq(text) {
			normal, err := parseScopeWord(word)
			if err != nil {
				return "", err
			}
			out = append(out, normal)
		}
	}
	slices.Sort(out)
	s := Scope(strings.Join(slices.Compact(out), " "))
	if len(s) > scopeMost {
		return "", errs.New(errs.Invalid, "access.scope", "a scope is at most %d bytes long", scopeMost)
	}
	return s, nil
}

func parseScopeWord(word string) (string, error) {
	if word == scopeAdmin {
		return word, nil
	}
	what, detail, ok := strings.Cut(word, ":")
	if !ok || !scopeName(what) || detail == "" {
		return "", badScope(word)
	}
	if what == scopeAction || what == scopeEvents {
		if !scopeName(detail) {
			return "", badScope(word)
		}
		return word, nil
	}
	if detail == "*" {
		return word, nil
	}
	var mask Right
	for name := range strings.SplitSeq(detail, ",") {
		i := slices.IndexFunc(Rights(), func(r Right) bool { return strings.EqualFold(r.String(), name) })
		if i < 0 {
			return "", badScope(word)
		}
		mask |= Rights()[i]
	}
	var names []string
	for _, r := range Rights() {
		if mask&r != 0 {
			names = append(names, strings.ToLower(r.String()))
		}
	}
	return what + ":" + strings.Join(names, ","), nil
}

func scopeName(s string) bool {
	return s == "*" || s != "" && len(s) <= 128 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") == ""
}

func badScope(word string) error {
	if len(word) > 60 {
		word = strings.ToValidUTF8(word[:60], "")
	}
	return errs.New(errs.Invalid, "access.scope", "%q is no scope: write lead:read,write or *:read, action:QualifyLead, events:leads or admin", word)
}

// Allows tells whether the scope lets a right on a table through.
func (s Scope) Allows(table string, right Right) bool {
	if s == "" {
		return true
	}
	general := right == General
	for word := range strings.FieldsSeq(string(s)) {
		if word == scopeAdmin {
			if general || guarded(table) {
				return true
			}
			continue
		}
		what, detail, _ := strings.Cut(word, ":")
		switch {
		case general, what == scopeAction, what == scopeEvents:
			continue
		case what != table && (what != EveryTable || right != Read && guarded(table)):
			continue
		}
		if detail == "*" {
			return true
		}
		for name := range strings.SplitSeq(detail, ",") {
			if strings.EqualFold(name, right.String()) {
				return true
			}
		}
	}
	return false
}

// AllowsAction tells whether the scope lets an action be called.
func (s Scope) AllowsAction(name string) bool { return s == "" || s.has(scopeAction, name) }

// AllowsTopic tells whether the scope names the publishing to a topic. The empty
// scope does not: publishing is no right of a user's that a key could inherit.
func (s Scope) AllowsTopic(topic string) bool { return s.has(scopeEvents, topic) }

func (s Scope) has(what, name string) bool {
	for word := range strings.FieldsSeq(string(s)) {
		if w, detail, _ := strings.Cut(word, ":"); w == what && (detail == "*" || detail == name) {
			return true
		}
	}
	return false
}

// guarded tells of the tables whose rows decide about access: a key that may
// write all tables would otherwise give its user's every privilege to anybody.
func guarded(table string) bool {
	return table != "organization" && slices.Contains(Watched(), table) || slices.Contains([]string{"fieldsecurityprofile", "teamtemplate", "mspp_webrole_contact"}, table)
}

func outOfScope(what string) error {
	return errs.New(errs.Forbidden, "access.scope_lacks", "this key is not for that: its scopes lack %s", what)
}

// lacking names the scope that a right would need.
func lacking(table string, right Right) error {
	if right == General {
		return outOfScope(scopeAdmin)
	}
	return outOfScope(table + ":" + strings.ToLower(right.String()))
}

// Unscoped refuses a principal that acts by a narrowed key, for what would let
// it out of its scope, such as making another key.
func (c *Control) Unscoped(p Principal) error {
	if p.Scope != "" {
		return errs.New(errs.Forbidden, "access.scope_lacks", "a key with scopes can't make keys")
	}
	return nil
}
