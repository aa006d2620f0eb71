package portal

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/mail"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// Limits of what comes beside the form's own fields.
const (
	maxExtras     = 100
	maxExtraText  = 4000 // bytes of one value
	maxExtraDepth = 10   // of nested arrays and objects
)

var extraName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]{0,63}$`)

// check turns what was sent into the columns of the event's data, or says what
// is wrong with it. Values are strings, json.Number, bool, []any or map[string]any.
func (f *Form) check(values map[string]any) (map[string]any, []errs.Field) {
	data, beside := map[string]any{}, map[string]any{}
	var faults []errs.Field
	fail := func(name, code, limit string) {
		faults = append(faults, errs.Field{Name: name, Code: code, Message: f.message(code, limit)})
	}
	for i := range f.Fields {
		field := &f.Fields[i]
		raw := values[field.Name]
		if field.Type == TypeHidden && (raw == nil || raw == "") && field.Default != "" {
			raw = field.Default
		}
		value, code, limit := field.read(raw)
		switch {
		case code != "":
			fail(field.Name, code, limit)
		case value != nil && field.Column == NoColumn:
			beside[field.Name] = value
		case value != nil:
			data[field.Column] = value
		case field.Required && field.Type == TypeSelect:
			fail(field.Name, "choose", "")
		case field.Required:
			fail(field.Name, "required", "")
		}
	}
	if c := f.Consent; c != nil {
		agreed, ok := truth(values[c.Column])
		switch {
		case !ok:
			fail(c.Column, "type", "")
		case !agreed && c.Required:
			fail(c.Column, "consent", "")
		default:
			data[c.Column] = agreed
			data[c.Column+"version"] = c.Version
		}
	}
	if extra, code := f.extras(values); code != "" {
		fail("rpt_extra", code, strconv.Itoa(maxExtraText))
	} else {
		maps.Copy(beside, extra)
	}
	if len(beside) > 0 {
		data["rpt_extra"] = beside
	}
	return data, faults
}

// extras gathers what the form does not ask for. It is kept apart from the
// form's columns, so that nobody outside can set a column of the lead that
// the form does not offer.
func (f *Form) extras(values map[string]any) (extra map[string]any, code string) {
	for name, value := range values {
		if f.prepared.own[name] || value == nil || value == "" {
			continue
		}
		if len(extra) == maxExtras || !extraName.MatchString(name) {
			return nil, "type"
		}
		if s, ok := value.(string); ok && len(s) > maxExtraText {
			return nil, "too_long"
		}
		if tooDeep(value, maxExtraDepth) {
			return nil, "type"
		}
		if extra == nil {
			extra = map[string]any{}
		}
		extra[name] = value
	}
	return extra, ""
}

// tooDeep tells whether arrays and objects are nested deeper than a limit.
func tooDeep(value any, limit int) bool {
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			if limit == 0 || tooDeep(item, limit-1) {
				return true
			}
		}
	case map[string]any:
		for _, item := range v {
			if limit == 0 || tooDeep(item, limit-1) {
				return true
			}
		}
	}
	return false
}

// read checks one field's value; a nil value means that there is none.
func (f *Field) read(raw any) (value any, code, limit string) {
	if f.Type == TypeCheckbox {
		checked, ok := truth(raw)
		switch {
		case !ok:
			return nil, "type", ""
		case !checked && f.Required:
			return nil, "required", ""
		}
		return checked, "", ""
	}
	var text string
	switch v := raw.(type) {
	case nil:
		return nil, "", ""
	case string:
		text = strings.TrimSpace(strings.ReplaceAll(v, "\r\n", "\n"))
	case json.Number:
		if f.Type != TypeNumber {
			return nil, "type", ""
		}
		text = v.String()
	default:
		return nil, "type", ""
	}
	if text == "" {
		return nil, "", ""
	}
	if utf8.RuneCountInString(text) > f.MaxLength {
		return nil, "too_long", strconv.Itoa(f.MaxLength)
	}
	if strings.IndexFunc(text, func(r rune) bool {
		return r == utf8.RuneError || unicode.IsControl(r) && (r != '\n' && r != '\t' || f.Type != TypeTextarea)
	}) >= 0 {
		return nil, "character", ""
	}
	switch f.Type {
	case TypeEmail:
		if !isEmail(text) {
			return nil, "email", ""
		}
	case TypeTel:
		if !isTel(text) {
			return nil, "tel", ""
		}
	case TypeSelect:
		if !f.has(text) {
			return nil, "option", ""
		}
	case TypeNumber:
		return f.readNumber(text)
	case TypeDate:
		if _, err := time.Parse(time.DateOnly, text); err != nil {
			return nil, "date", ""
		}
	}
	return text, "", ""
}

func (f *Field) readNumber(text string) (value any, code, limit string) {
	plain, ok := plainNumber(text, f.comma)
	if !ok {
		return nil, "number", ""
	}
	number, err := strconv.ParseFloat(plain, 64)
	switch {
	case err != nil:
		return nil, "number", ""
	case f.Min != nil && number < *f.Min:
		return nil, "min", formatLimit(*f.Min)
	case f.Max != nil && number > *f.Max:
		return nil, "max", formatLimit(*f.Max)
	}
	return json.Number(plain), "", ""
}

var (
	decimal      = regexp.MustCompile(`^-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,6})?$`)
	grouped      = regexp.MustCompile(`^-?[1-9][0-9]{0,2}(?:[ ,'’\x{a0}\x{202f}][0-9]{3})+(?:\.[0-9]{1,6})?$`)
	groupedComma = regexp.MustCompile(`^-?[1-9][0-9]{0,2}(?:[ .'’\x{a0}\x{202f}][0-9]{3})+(?:,[0-9]{1,6})?$`)
	decimalComma = regexp.MustCompile(`^-?(?:0|[1-9][0-9]{0,17}),[0-9]{1,6}$`)
	separators   = strings.NewReplacer(" ", "", ",", "", "'", "", "’", "", "\u00a0", "", "\u202f", "")
	toPoint      = strings.NewReplacer(" ", "", ".", "", "'", "", "’", "", "\u00a0", "", "\u202f", "", ",", ".")
)

// plainNumber takes the separators out of 250,000 or 250 000. Whether the comma
// of 1,5 is a decimal one can't be told, so that is no number here; it is one
// where the form's language writes it so, and there 250.000 has a separator.
func plainNumber(text string, comma bool) (string, bool) {
	switch {
	case comma && (groupedComma.MatchString(text) || decimalComma.MatchString(text)):
		text = toPoint.Replace(text)
	case !comma && grouped.MatchString(text):
		text = separators.Replace(text)
	}
	return text, decimal.MatchString(text)
}

func formatLimit(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// isEmail wants one bare address with a domain that has a dot.
func isEmail(text string) bool {
	a, err := mail.ParseAddress(text)
	if err != nil || a.Address != text || a.Name != "" {
		return false
	}
	_, domain, _ := strings.Cut(text, "@")
	return strings.Contains(domain, ".") && !strings.ContainsAny(domain, "[]@")
}

// isTel wants 5 to 20 digits among the signs that people write into numbers.
func isTel(text string) bool {
	digits := 0
	for i, r := range text {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case r == '+' && i == 0, strings.ContainsRune(" ()-./\u00a0", r), r == 'x' && digits > 4:
		default:
			return false
		}
	}
	return digits >= 5 && digits <= 20
}

// truth reads a tick: of a checkbox or a JSON client.
func truth(raw any) (value, ok bool) {
	switch v := raw.(type) {
	case nil:
		return false, true
	case bool:
		return v, true
	case string:
		switch strings.ToLower(v) {
		case "on", "true", "1", "yes":
			return true, true
		case "", "false", "0", "no", "off":
			return false, true
		}
	}
	return false, false
}

// Trouble gives the words for a failure that is not about a field.
func (f *Form) Trouble(e *errs.Error) string {
	if e.Kind == errs.TooMany {
		return f.message("rate_limited", "")
	}
	return f.message("failed", "")
}

// complain makes the one error of several complaints.
func (f *Form) complain(faults []errs.Field) error {
	return errs.InvalidFields("portal.form_invalid", fmt.Sprintf("%d of the form's fields need another look", len(faults)), faults)
}
