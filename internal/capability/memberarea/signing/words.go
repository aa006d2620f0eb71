package signing

// words are the texts of the section by key: English, German.
var words = map[string][2]string{
	"title":       {"To sign", "Zu unterschreiben"},
	"todo":        {"A document is waiting for your signature", "Ein Dokument wartet auf Ihre Unterschrift"},
	"read":        {"Open and read the document", "Dokument öffnen und lesen"},
	"readfirst":   {"Read the document first. Then come back to this page and load it again to sign.", "Lesen Sie zuerst das Dokument. Kommen Sie dann auf diese Seite zurück und laden Sie sie neu, um zu unterschreiben."},
	"until":       {"You can sign until", "Sie können unterschreiben bis"},
	"name":        {"Type your name to sign", "Tippen Sie Ihren Namen, um zu unterschreiben"},
	"namehint":    {"Exactly so:", "Genau so:"},
	"sign":        {"Sign the document", "Dokument unterschreiben"},
	"again":       {"You signed in more than 15 minutes ago. For your safety, sign out and in again, and then sign the document.", "Ihre Anmeldung liegt mehr als 15 Minuten zurück. Zu Ihrer Sicherheit: melden Sie sich ab und wieder an, und unterschreiben Sie dann das Dokument."},
	"out":         {"Sign out", "Abmelden"},
	"decline":     {"I do not want to sign", "Ich möchte nicht unterschreiben"},
	"why":         {"Why not?", "Warum nicht?"},
	"declinedo":   {"Decline", "Ablehnen"},
	"signed":      {"You signed this document on", "Sie haben dieses Dokument unterschrieben am"},
	"waits":       {"Others have still to sign.", "Es müssen noch andere unterschreiben."},
	"certificate": {"Certificate (PDF)", "Nachweis (PDF)"},
	"declined":    {"This document was declined.", "Dieses Dokument wurde abgelehnt."},
	"expired":     {"The time to sign this document is over. Write to us if you still want to.", "Die Zeit zum Unterschreiben ist vorbei. Schreiben Sie uns, wenn Sie es noch möchten."},
	"thanks":      {"Thank you. Your signature has been kept.", "Vielen Dank. Ihre Unterschrift ist festgehalten."},
	"noted":       {"We have noted that you do not want to sign.", "Wir haben festgehalten, dass Sie nicht unterschreiben möchten."},
}

func say(lang, key string) string {
	if lang == "de" {
		return words[key][1]
	}
	return words[key][0]
}
