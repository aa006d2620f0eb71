package definition

import (
	"maps"
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

// obj is a JSON object.
type obj = map[string]any

// languages are the locale ids of Windows that labels are sent under.
var languages = map[string]int64{
	"en": 1033, "de": 1031, "fr": 1036, "es": 3082, "it": 1040, "nl": 1043, "pt": 2070, "pt-BR": 1046, "pl": 1045, "sv": 1053, "da": 1030, "nb": 1044,
	"fi": 1035, "cs": 1029, "sk": 1051, "hu": 1038, "ro": 1048, "bg": 1026, "el": 1032, "hr": 1050, "sl": 1060, "et": 1061, "lv": 1062, "lt": 1063,
	"tr": 1055, "uk": 1058, "ru": 1049, "ja": 1041, "ko": 1042, "zh-CN": 2052, "zh-TW": 1028, "ar": 1025, "he": 1037, "hi": 1081, "th": 1054, "vi": 1066,
	"id": 1057, "ca": 1027, "eu": 1069, "gl": 1110,
}

func language(code int64) (string, bool) {
	for tag, lcid := range languages {
		if lcid == code {
			return tag, true
		}
	}
	return "", false
}

// label shows a text in several languages.
func label(l metadata.Label) obj {
	all := []any{}
	for _, tag := range slices.Sorted(maps.Keys(l)) {
		if l[tag] != "" {
			all = append(all, localized(tag, l[tag]))
		}
	}
	out := obj{"LocalizedLabels": all, "UserLocalizedLabel": nil}
	if l["en"] != "" {
		out["UserLocalizedLabel"] = localized("en", l["en"])
	}
	return out
}

func localized(tag, text string) obj {
	return obj{"Label": text, "LanguageCode": languages[tag], "IsManaged": false, "MetadataId": nil, "HasChanged": nil}
}

// text shows a text of one language as a label.
func text(s string) obj {
	if s == "" {
		return label(nil)
	}
	return label(metadata.Label{"en": s})
}

// readLabel reads a label; languages that it does not name stay when merged.
func readLabel(v any, before metadata.Label, merge bool) (metadata.Label, error) {
	o, ok := v.(map[string]any)
	if !ok {
		return nil, invalid("label", "a label is an object with LocalizedLabels")
	}
	out := metadata.Label{}
	if merge {
		maps.Copy(out, before)
	}
	list, _ := o["LocalizedLabels"].([]any)
	if len(list) == 0 {
		if one, ok := o["UserLocalizedLabel"].(map[string]any); ok {
			list = []any{one}
		}
	}
	var first string
	for _, item := range list {
		l, _ := item.(map[string]any)
		text, isText := l["Label"].(string)
		code, isCode := whole(l["LanguageCode"])
		if !isText || !isCode {
			return nil, invalid("label", "each of LocalizedLabels has a Label and a LanguageCode")
		}
		tag, known := language(code)
		if !known {
			return nil, invalid("language", "the language %d is not known", code)
		}
		out[tag] = text
		if first == "" {
			first = text
		}
	}
	if out["en"] == "" && first != "" {
		out["en"] = first // every label has an English text, if only for want of another
	}
	return out, nil
}

func invalid(code, format string, args ...any) error {
	return errs.New(errs.Invalid, "definition."+code, format, args...)
}
