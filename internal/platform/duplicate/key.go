package duplicate

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// keyOf gives the normalised key of a row, as a base row or a matching one.
// Rows of equal keys count as the same. ok is false where a value is blank that
// the rule does not compare when blank: such a row is like no other.
func (r *Rule) keyOf(t *metadata.Table, row record.Row, base bool) (key string, ok bool) {
	h := sha256.New()
	for _, c := range r.Conditions {
		name := c.Matching
		if base {
			name = c.Base
		}
		column, known := t.Column(name)
		if !known {
			return "", false
		}
		text := c.normal(column, row[name], r.CaseSensitive)
		if text == "" && c.IgnoreBlank {
			return "", false
		}
		fmt.Fprintf(h, "%d:%s;", len(text), text)
	}
	return hex.EncodeToString(h.Sum(nil)), true
}

// normal gives the form of a value that is compared; "" of a blank one.
func (c Condition) normal(column *metadata.Column, v any, caseSensitive bool) string {
	switch x := v.(type) {
	case nil:
		return ""
	case string:
		return c.text(x, caseSensitive)
	case int64:
		if c.Operator == sameLabel {
			o, _ := column.Option(x)
			return query.Fold(o.Label.In("en"))
		}
		return fmt.Sprint(x)
	case bool:
		return fmt.Sprint(x)
	case id.ID:
		return x.String()
	case query.Number:
		return x.String()
	case query.Date:
		return string(x)
	case time.Time:
		if c.Operator == sameDate {
			return x.UTC().Format(time.DateOnly)
		}
		return x.UTC().Format("2006-01-02T15:04Z")
	}
	return fmt.Sprint(v)
}

// text takes spaces away at both ends, and of several in between all but one.
func (c Condition) text(s string, caseSensitive bool) string {
	switch c.Operator {
	case sameEmail:
		return email(s)
	case samePhone:
		return phone(s)
	case sameAddress:
		return address(s)
	case similarName:
		return sound(s)
	}
	s = strings.Join(strings.Fields(s), " ")
	if !caseSensitive {
		s = query.Fold(s)
	}
	r := []rune(s)
	switch {
	case c.Operator == sameFirst && len(r) > c.Characters:
		return string(r[:c.Characters])
	case c.Operator == sameLast && len(r) > c.Characters:
		return string(r[len(r)-c.Characters:])
	}
	return s
}

// close tells whether a row whose key is the same is near enough: equal keys are
// not all that alike names need, and the key of a row that an import has changed
// is renewed behind it.
func (r *Rule) close(base, matching record.Row) bool {
	for _, c := range r.Conditions {
		if text, is := matching[c.Matching].(string); is && c.text(text, r.CaseSensitive) != c.text(base.Text(c.Base), r.CaseSensitive) {
			return false
		}
		if c.Operator == similarName && !alike(base.Text(c.Base), matching.Text(c.Matching)) {
			return false
		}
	}
	return true
}

// compared lists the columns that the rule needs of matching rows.
func (r *Rule) compared() (out []string) {
	for _, c := range r.Conditions {
		out = append(out, c.Matching)
	}
	return out
}
