package feature

import (
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/rapport-platform/rapport/internal/platform/query"
)

// History begins the names of attributes that the lead has no column for: the
// answers to further questions, and columns of files of history.
const History = "x_"

// Context begins the names of attributes of the page and the visit.
const Context = "context."

// maxAttribute bounds an attribute, in characters.
const maxAttribute = 500

// Flatten gives a lead's columns as attributes: text, numbers, instants and
// choices by canonical text, the JSON columns rpt_context and rpt_extra by
// their members. Columns that are there and empty are given as "".
func Flatten(row map[string]any) map[string]string {
	out := make(map[string]string, len(row))
	for name, v := range row {
		switch name {
		case "rpt_context":
			visit(out, object(v))
		case "rpt_extra":
			for k, e := range object(v) {
				if s, ok := Text(e); ok {
					out[AnswerName(k)] = s
				}
			}
		default:
			if s, ok := Text(v); ok {
				out[name] = s
			}
		}
	}
	return out
}

// AnswerName names the attribute of a further answer, as files of history name
// the column of the same heading.
func AnswerName(heading string) string {
	var b strings.Builder
	for _, r := range query.Fold(heading) {
		switch {
		case r < 128 && (unicode.IsLetter(r) || unicode.IsDigit(r)):
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "_"):
			b.WriteByte('_')
		}
	}
	name := strings.Trim(b.String(), "_")
	if name == "" {
		name = "column"
	}
	return History + name[:min(len(name), 60)]
}

// Text gives a value in canonical text; ok is false for what is no plain value.
func Text(v any) (s string, ok bool) {
	switch v := v.(type) {
	case nil:
		return "", true
	case string:
		s = strings.TrimSpace(v)
	case bool:
		s = strconv.FormatBool(v)
	case int64:
		s = strconv.FormatInt(v, 10)
	case int:
		s = strconv.Itoa(v)
	case float64:
		s = strconv.FormatFloat(v, 'g', -1, 64)
	case json.Number:
		s = v.String()
	case time.Time:
		s = v.UTC().Format(time.RFC3339)
	case interface{ String() string }:
		s = v.String()
	default:
		return "", false
	}
	if r := []rune(s); len(r) > maxAttribute {
		s = string(r[:maxAttribute])
	}
	return s, true
}

func object(v any) map[string]any {
	switch v := v.(type) {
	case map[string]any:
		return v
	case json.RawMessage:
		return unmarshal(v)
	case string:
		return unmarshal([]byte(v))
	}
	return nil
}

func unmarshal(text []byte) map[string]any {
	var out map[string]any
	if json.Unmarshal(text, &out) != nil {
		return nil
	}
	return out
}

// visit adds what the visit says: the campaign's marks, the page's path, the
// host that referred, the sort of device.
func visit(out map[string]string, context map[string]any) {
	for _, name := range []string{"utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term"} {
		if s, ok := Text(context[name]); ok && s != "" {
			out[Context+name] = strings.ToLower(s)
		}
	}
	if page, _ := context["page"].(string); page != "" {
		if u, err := url.Parse(page); err == nil {
			path := strings.TrimSuffix(u.Path, "/")
			if path == "" {
				path = "/"
			}
			out[Context+"page"] = path
		}
	}
	if referrer, _ := context["referrer"].(string); referrer != "" {
		if u, err := url.Parse(referrer); err == nil && u.Host != "" {
			out[Context+"referrer"] = strings.TrimPrefix(strings.ToLower(u.Hostname()), "www.")
		}
	}
	if agent, _ := context["useragent"].(string); agent != "" {
		out[Context+"device"] = device(agent)
	}
	if s, ok := Text(context["visitorid"]); ok && s != "" {
		out[Context+"visitorid"] = s
	}
}

func device(agent string) string {
	switch {
	case strings.Contains(agent, "iPad"), strings.Contains(agent, "Tablet"):
		return "tablet"
	case strings.Contains(agent, "Mobi"), strings.Contains(agent, "Android"):
		return "phone"
	}
	return "computer"
}
