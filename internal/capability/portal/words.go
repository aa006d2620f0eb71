package portal

import "strings"

// words are the texts of complaints and of what the pages say by themselves, by
// language. A form may replace any of them.
var words = map[string]map[string]string{
	"en": {
		"required":      "Please fill this in.",
		"choose":        "Please choose one of these.",
		"consent":       "Please agree, so that we may answer you.",
		"email":         "This does not look like an e-mail address. Example: name@example.com.",
		"tel":           "This does not look like a phone number. Digits, spaces and + - ( ) are fine.",
		"number":        "Please give a number, such as 250000.",
		"date":          "Please give a day as year-month-day, such as 1985-04-30.",
		"min":           "This must be at least {limit}.",
		"max":           "This must be at most {limit}.",
		"too_long":      "This is too long: {limit} characters at most.",
		"option":        "Please choose one of the options given.",
		"type":          "This is not of the kind that is asked for here.",
		"character":     "This holds characters that can't be used here.",
		"formula":       "This can't be worked out with these figures.",
		"summary":       "Please look at these once more",
		"optional":      "optional",
		"consent_label": "Consent",
		"failed":        "We could not take your request just now. What you typed is still here: please try again in a moment.",
		"rate_limited":  "Too many requests came from your network. Please try again in a moment.",
		"away_title":    "We can't check this just now",
		"away":          "Send us your request all the same: a person looks at it and answers you.",
		"ways":          "This would work",
		"yes":           "yes",
		"no":            "no",
		"next":          "Continue",
		"back":          "Back",
		"step":          "Step {limit}",
		"checking":      "One moment …",
		"closed_title":  "This form is closed",
		"closed":        "It takes no requests any more.",
		"missing_title": "This form is not here",
		"missing":       "Please check the address, or ask whoever gave it to you.",
		"preview":       "Preview: nothing is sent from here.",
	},
	"de": {
		"required":      "Bitte füllen Sie dieses Feld aus.",
		"choose":        "Bitte wählen Sie eine der Möglichkeiten.",
		"consent":       "Bitte stimmen Sie zu, damit wir Ihnen antworten dürfen.",
		"email":         "Das sieht nicht nach einer E-Mail-Adresse aus. Beispiel: name@example.com.",
		"tel":           "Das sieht nicht nach einer Telefonnummer aus. Ziffern, Leerzeichen und + - ( ) sind erlaubt.",
		"number":        "Bitte geben Sie eine Zahl an, zum Beispiel 250000.",
		"date":          "Bitte geben Sie einen Tag als Jahr-Monat-Tag an, zum Beispiel 1985-04-30.",
		"min":           "Der Wert muss mindestens {limit} sein.",
		"max":           "Der Wert darf höchstens {limit} sein.",
		"too_long":      "Das ist zu lang: höchstens {limit} Zeichen.",
		"option":        "Bitte wählen Sie eine der angebotenen Möglichkeiten.",
		"type":          "Diese Angabe passt hier nicht.",
		"character":     "Hier stehen Zeichen, die nicht verwendet werden können.",
		"formula":       "Mit diesen Angaben lässt sich das nicht berechnen.",
		"summary":       "Bitte sehen Sie sich diese Angaben noch einmal an",
		"optional":      "freiwillig",
		"consent_label": "Einwilligung",
		"failed":        "Wir konnten Ihre Anfrage gerade nicht annehmen. Ihre Angaben sind noch da: Bitte versuchen Sie es gleich noch einmal.",
		"rate_limited":  "Aus Ihrem Netz kamen zu viele Anfragen. Bitte versuchen Sie es gleich noch einmal.",
		"away_title":    "Das können wir gerade nicht prüfen",
		"away":          "Senden Sie Ihre Anfrage trotzdem: Ein Mensch sieht sie sich an und antwortet Ihnen.",
		"ways":          "So würde es gehen",
		"yes":           "ja",
		"no":            "nein",
		"next":          "Weiter",
		"back":          "Zurück",
		"step":          "Schritt {limit}",
		"checking":      "Einen Moment …",
		"closed_title":  "Dieses Formular ist geschlossen",
		"closed":        "Es nimmt keine Anfragen mehr an.",
		"missing_title": "Dieses Formular gibt es nicht",
		"missing":       "Bitte prüfen Sie die Adresse, oder fragen Sie nach, woher Sie sie haben.",
		"preview":       "Vorschau: Von hier wird nichts gesendet.",
	},
}

// message gives a text in the form's own words, or else in its language.
func (f *Form) message(code, limit string) string {
	text, ok := f.Messages[code]
	if !ok {
		language, _, _ := strings.Cut(strings.ToLower(f.Language), "-")
		if text, ok = words[language][code]; !ok {
			text = words["en"][code]
		}
	}
	return strings.ReplaceAll(text, "{limit}", limit)
}
