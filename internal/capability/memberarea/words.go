package memberarea

import "fmt"

// words are the texts of the pages and letters by key: English, German.
var words = map[string][2]string{
	"skip":        {"Skip to content", "Zum Inhalt springen"},
	"nav":         {"My area", "Mein Bereich"},
	"nav.home":    {"Overview", "Übersicht"},
	"nav.apply":   {"Apply", "Antrag stellen"},
	"nav.letters": {"Messages", "Nachrichten"},
	"nav.profile": {"Profile", "Profil"},
	"nav.secure":  {"Security", "Sicherheit"},
	"nav.out":     {"Sign out", "Abmelden"},
	"nav.unread":  {"%d unread", "%d ungelesen"},
	"yes":         {"Yes", "Ja"},
	"no":          {"No", "Nein"},

	"in.title":       {"Sign in", "Anmelden"},
	"in.intro":       {"See how your requests stand, send what is missing and write to us.", "Sehen Sie, wie Ihre Anliegen stehen, reichen Sie Fehlendes nach und schreiben Sie uns."},
	"in.email":       {"E-mail address", "E-Mail-Adresse"},
	"in.link":        {"Send me a link", "Link zusenden"},
	"in.link.title":  {"With a link", "Mit einem Link"},
	"in.link.hint":   {"We send a link that signs you in once. No password needed.", "Wir senden einen Link, mit dem Sie sich einmal anmelden. Ohne Passwort."},
	"in.pass.title":  {"With a password", "Mit Passwort"},
	"in.password":    {"Password", "Passwort"},
	"in.do":          {"Sign in", "Anmelden"},
	"in.new":         {"New here?", "Neu hier?"},
	"in.register":    {"Create an account", "Konto anlegen"},
	"sent.title":     {"Please look at your e-mail", "Bitte sehen Sie in Ihr Postfach"},
	"sent.text":      {"If this address can be used here, a letter with a link is on its way. The link works once, for 20 minutes.", "Wenn diese Adresse hier verwendet werden kann, ist ein Brief mit einem Link unterwegs. Der Link gilt einmal und 20 Minuten lang."},
	"sent.hint":      {"Nothing there? Look into the spam folder, or ask again in a few minutes.", "Nichts angekommen? Sehen Sie im Spam-Ordner nach oder fordern Sie den Link in einigen Minuten noch einmal an."},
	"sent.back":      {"Back to signing in", "Zurück zur Anmeldung"},
	"open.title":     {"One more step", "Noch ein Schritt"},
	"open.text":      {"Press the button to sign in. The link then can't be used again.", "Mit der Schaltfläche melden Sie sich an. Danach gilt der Link nicht mehr."},
	"open.do":        {"Sign me in", "Jetzt anmelden"},
	"reg.title":      {"Create an account", "Konto anlegen"},
	"reg.intro":      {"We send you a letter with a link. Your account is made when you open it.", "Wir senden Ihnen einen Brief mit einem Link. Ihr Konto entsteht, wenn Sie ihn öffnen."},
	"reg.first":      {"First name", "Vorname"},
	"reg.last":       {"Last name", "Nachname"},
	"reg.consent":    {"I agree that my details are kept for this account and used to answer my requests. I can withdraw this at any time.", "Ich bin einverstanden, dass meine Angaben für dieses Konto gespeichert und zur Bearbeitung meiner Anliegen verwendet werden. Ich kann das jederzeit widerrufen."},
	"reg.do":         {"Send me the link", "Link zusenden"},
	"reg.have":       {"I have an account already", "Ich habe schon ein Konto"},
	"reg.off":        {"New accounts are made by our staff. Please write or call us.", "Neue Konten legen unsere Mitarbeitenden an. Bitte schreiben Sie uns oder rufen Sie an."},
	"several.title":  {"We need to help you with this", "Dabei helfen wir Ihnen"},
	"several.text":   {"Your address is right, but our records hold it more than once, so we can't tell by ourselves which account is yours. Our staff has been told and will put this in order. Please try again in a day or two, or call us.", "Ihre Adresse stimmt, sie steht aber mehrfach in unseren Unterlagen. Deshalb können wir nicht selbst entscheiden, welches Konto Ihres ist. Unsere Mitarbeitenden wissen Bescheid und bringen das in Ordnung. Bitte versuchen Sie es in ein bis zwei Tagen noch einmal oder rufen Sie uns an."},
	"trouble.title":  {"This did not work", "Das hat nicht geklappt"},
	"trouble.none":   {"Nothing here", "Hier ist nichts"},
	"trouble.back":   {"Go to the overview", "Zur Übersicht"},
	"home.title":     {"Overview", "Übersicht"},
	"home.hello":     {"Hello, %s", "Guten Tag, %s"},
	"home.asked":     {"There is something for you to do.", "Es gibt etwas für Sie zu tun."},
	"home.nothing":   {"Nothing is asked of you at the moment.", "Im Moment ist von Ihnen nichts zu tun."},
	"home.none":      {"There is nothing here yet.", "Hier ist noch nichts."},
	"home.more":      {"Only the newest are shown.", "Nur die neuesten sind aufgeführt."},
	"home.letters":   {"%d new", "%d neu"},
	"home.apply":     {"New application", "Neuer Antrag"},
	"step":           {"Step %d of %d: %s", "Schritt %d von %d: %s"},
	"step.done":      {"done", "erledigt"},
	"step.here":      {"now", "jetzt"},
	"step.to":        {"to come", "kommt noch"},
	"record.asks":    {"What we need from you", "Was wir von Ihnen brauchen"},
	"record.way":     {"How it stands", "So steht es"},
	"record.facts":   {"Details", "Angaben"},
	"record.since":   {"Since", "Seit"},
	"record.happen":  {"What happened so far", "Was bisher geschah"},
	"record.arrived": {"Received by us", "Bei uns eingegangen"},
	"record.back":    {"Overview", "Übersicht"},

	"letters.title":        {"Messages", "Nachrichten"},
	"letters.none":         {"No messages yet.", "Noch keine Nachrichten."},
	"letters.you":          {"You", "Sie"},
	"letters.write":        {"Your message", "Ihre Nachricht"},
	"letters.hint":         {"At most 2,000 characters. We answer here, and tell you by e-mail that there is an answer.", "Höchstens 2.000 Zeichen. Wir antworten hier und sagen Ihnen per E-Mail, dass eine Antwort da ist."},
	"letters.send":         {"Send", "Senden"},
	"letters.sent":         {"Your message has been sent.", "Ihre Nachricht ist gesendet."},
	"letters.new":          {"new", "neu"},
	"letters.empty":        {"Please write something first.", "Bitte schreiben Sie zuerst etwas."},
	"letters.long":         {"The message is too long: 2,000 characters at most.", "Die Nachricht ist zu lang: höchstens 2.000 Zeichen."},
	"mail.link.subject":    {"Your link to sign in", "Ihr Link zum Anmelden"},
	"mail.link.body":       {"Hello,\n\nwith this link you sign in. It works once, until %[2]s:\n\n%[1]s\n\nIf you did not ask for it, nothing has happened: leave this letter.\n", "Guten Tag,\n\nmit diesem Link melden Sie sich an. Er gilt einmal, bis %[2]s:\n\n%[1]s\n\nWenn Sie ihn nicht angefordert haben, ist nichts geschehen: Lassen Sie diesen Brief liegen.\n"},
	"mail.message.subject": {"There is a message for you", "Es gibt eine Nachricht für Sie"},
	"mail.message.body":    {"Hello,\n\nthere is a message for you. To read it, sign in here:\n\n%s\n\nThis letter can't be answered.\n", "Guten Tag,\n\nes gibt eine Nachricht für Sie. Zum Lesen melden Sie sich bitte hier an:\n\n%s\n\nAuf diesen Brief können Sie nicht antworten.\n"},

	"apply.title":        {"Apply", "Antrag stellen"},
	"apply.intro":        {"What we know of you is filled in already.", "Was wir von Ihnen wissen, ist schon ausgefüllt."},
	"apply.none":         {"There is nothing to apply for online at the moment. Please write or call us.", "Im Moment gibt es online keinen Antrag. Bitte schreiben Sie uns oder rufen Sie an."},
	"apply.sent":         {"We have your application. It appears here in a moment.", "Ihr Antrag ist da. Er erscheint hier in wenigen Augenblicken."},
	"profile.title":      {"Profile", "Profil"},
	"profile.details":    {"Your details", "Ihre Angaben"},
	"profile.zone":       {"Time zone", "Zeitzone"},
	"profile.zone.own":   {"As usual here", "Wie hier üblich"},
	"move.now":           {"Your address is", "Ihre Adresse ist"},
	"move.new":           {"New e-mail address", "Neue E-Mail-Adresse"},
	"move.hint":          {"We send a link to the new address. It counts when you have opened the link; until then nothing changes.", "Wir senden einen Link an die neue Adresse. Sie gilt, wenn Sie den Link geöffnet haben; bis dahin ändert sich nichts."},
	"move.title":         {"Change your e-mail address", "E-Mail-Adresse ändern"},
	"move.text":          {"Press the button to use this address from now on. All your sessions end, and you are signed in here. A password that you had has to be set anew.", "Mit der Schaltfläche gilt ab jetzt diese Adresse. Alle Ihre Sitzungen enden, und Sie sind hier angemeldet. Ein Passwort müssen Sie neu setzen."},
	"move.do":            {"Use this address", "Diese Adresse verwenden"},
	"move.sent":          {"A letter with a link is on its way to %s. The link works once, for 20 minutes.", "Ein Brief mit einem Link ist an %s unterwegs. Der Link gilt einmal und 20 Minuten lang."},
	"move.done":          {"Your new address counts from now on. We have told the old one.", "Ihre neue Adresse gilt ab jetzt. Wir haben es der alten mitgeteilt."},
	"zone.of":            {"Times: %s.", "Zeiten: %s."},
	"zone.utc":           {"Times: UTC.", "Zeiten: UTC."},
	"zone.change":        {"Change", "Ändern"},
	"mail.move.subject":  {"Your new e-mail address", "Ihre neue E-Mail-Adresse"},
	"mail.move.body":     {"Hello,\n\nthis address is to be used for your account from now on. Confirm it with this link, until %[2]s:\n\n%[1]s\n\nIf you did not ask for it, nothing has happened: leave this letter.\n", "Guten Tag,\n\ndiese Adresse soll künftig für Ihr Konto gelten. Bestätigen Sie sie mit diesem Link, bis %[2]s:\n\n%[1]s\n\nWenn Sie das nicht angefordert haben, ist nichts geschehen: Lassen Sie diesen Brief liegen.\n"},
	"mail.reset.subject": {"Choose a new password", "Ein neues Kennwort wählen"},
	"mail.reset.body":    {"Hello,\n\nwith this link you choose a new password. It works once, until %[2]s:\n\n%[1]s\n\nIf you did not ask for it, nothing has happened: leave this letter.\n", "Guten Tag,\n\nmit diesem Link wählen Sie ein neues Kennwort. Er gilt einmal, bis %[2]s:\n\n%[1]s\n\nWenn Sie ihn nicht angefordert haben, ist nichts geschehen: Lassen Sie diesen Brief liegen.\n"},
	"mail.moved.subject": {"Your e-mail address has been changed", "Ihre E-Mail-Adresse wurde geändert"},
	"mail.moved.body":    {"Hello,\n\nyour account has another e-mail address since %s; this one is not used any more. Whoever asked for it had signed in to your account and opened a letter to the new address.\n\nIf it was not you, please call us at once.\n", "Guten Tag,\n\nIhr Konto hat seit %s eine andere E-Mail-Adresse; diese wird nicht mehr verwendet. Wer das wollte, war in Ihrem Konto angemeldet und hat einen Brief an die neue Adresse geöffnet.\n\nWenn Sie das nicht waren, rufen Sie uns bitte sofort an.\n"},
	"profile.mobile":     {"Mobile phone", "Mobiltelefon"},
	"profile.phone":      {"Other phone", "Weiteres Telefon"},
	"profile.street":     {"Street and number", "Straße und Hausnummer"},
	"profile.postal":     {"Postal code", "Postleitzahl"},
	"profile.city":       {"City", "Ort"},
	"profile.country":    {"Country", "Land"},
	"profile.language":   {"Language", "Sprache"},
	"profile.save":       {"Save", "Speichern"},
	"profile.saved":      {"Your details have been saved.", "Ihre Angaben sind gespeichert."},
	"consent.title":      {"What we may contact you about", "Wozu wir Sie kontaktieren dürfen"},
	"consent.hint":       {"You can change this at any time.", "Sie können das jederzeit ändern."},
	"consent.email":      {"By e-mail", "Per E-Mail"},
	"consent.text":       {"By text message", "Per SMS"},
	"consent.yes":        {"Agreed on %s", "Zugestimmt am %s"},
	"consent.no":         {"Withdrawn on %s", "Widerrufen am %s"},
	"consent.past":       {"What I said before", "Was ich bisher gesagt habe"},
	"consent.save":       {"Save my choice", "Auswahl speichern"},
	"consent.saved":      {"Your choice has been saved.", "Ihre Auswahl ist gespeichert."},
	"secure.title":       {"Security", "Sicherheit"},
	"secure.password":    {"Password", "Passwort"},
	"secure.set":         {"With a password you sign in without waiting for a letter.", "Mit einem Passwort melden Sie sich an, ohne auf einen Brief zu warten."},
	"secure.change":      {"A new password ends all your other sessions. If you have forgotten the old one, sign out and come in by a link: then it is not asked for.", "Ein neues Passwort beendet alle anderen Sitzungen. Wenn Sie das alte vergessen haben, melden Sie sich ab und mit einem Link wieder an: Dann wird es nicht verlangt."},
	"secure.old":         {"Old password", "Bisheriges Passwort"},
	"secure.new":         {"New password", "Neues Passwort"},
	"secure.rule":        {"At least 10 characters.", "Mindestens 10 Zeichen."},
	"secure.save":        {"Set password", "Passwort setzen"},
	"secure.saved":       {"Your password has been set. All other sessions have ended.", "Ihr Passwort ist gesetzt. Alle anderen Sitzungen sind beendet."},
	"secure.sessions":    {"Where you are signed in", "Wo Sie angemeldet sind"},
	"secure.hint":        {"End what you do not know, and set a new password.", "Beenden Sie, was Sie nicht kennen, und setzen Sie ein neues Passwort."},
	"secure.this":        {"this one", "diese hier"},
	"secure.seen":        {"Last used %s", "Zuletzt benutzt %s"},
	"secure.end":         {"End", "Beenden"},
	"secure.others":      {"End all others", "Alle anderen beenden"},
	"secure.ended":       {"The session has been ended.", "Die Sitzung ist beendet."},
	"secure.by.link":     {"signed in by link", "mit Link angemeldet"},
	"secure.by.password": {"signed in by password", "mit Passwort angemeldet"},
	"secure.unknown":     {"Unknown device", "Unbekanntes Gerät"},

	"letters.subject": {"Message from %s", "Nachricht von %s"},
}

// say gives a text in a language.
func say(lang, key string, args ...any) string {
	both, ok := words[key]
	if !ok {
		return key
	}
	text := both[0]
	if lang == "de" {
		text = both[1]
	}
	if len(args) > 0 {
		return fmt.Sprintf(text, args...)
	}
	return text
}

// done gives the text about what was just done, by the word in the address.
func done(v Visit) string {
	if key, ok := notes[v.Note]; ok {
		return say(v.Lang, key)
	}
	return ""
}

// notes are the words that the area leaves in addresses itself.
var notes = map[string]string{"message_sent": "letters.sent", "applied": "apply.sent", "saved": "profile.saved", "consents_saved": "consent.saved", "password_set": "secure.saved", "session_ended": "secure.ended", "moved": "move.done"}

// troubles says in a visitor's language what stands behind an error's code.
var troubles = map[string][2]string{
	"memberarea.none":      {"This page is not there, or it is not yours to see.", "Diese Seite gibt es nicht, oder sie ist nicht für Sie."},
	"auth.member_wrong":    {"The e-mail address or the password is wrong.", "Die E-Mail-Adresse oder das Passwort stimmt nicht."},
	"auth.member_email":    {"This is no e-mail address.", "Das ist keine E-Mail-Adresse."},
	"auth.challenge":       {"This link has been used already or is too old. Please ask for another one.", "Dieser Link wurde schon verwendet oder ist zu alt. Bitte fordern Sie einen neuen an."},
	"auth.too_many":        {"That were too many attempts. Please wait a little and try again.", "Das waren zu viele Versuche. Bitte warten Sie etwas und versuchen Sie es dann noch einmal."},
	"auth.password":        {"A password has between 10 and 256 characters.", "Ein Passwort hat zwischen 10 und 256 Zeichen."},
	"auth.password_easy":   {"This password would be guessed early. Take several words, or something a password manager makes up.", "Dieses Passwort wäre schnell erraten. Nehmen Sie mehrere Wörter oder etwas aus einem Passwortmanager."},
	"auth.old_password":    {"The old password is wrong.", "Das bisherige Passwort stimmt nicht."},
	"auth.session_unknown": {"This session has ended already.", "Diese Sitzung ist schon beendet."},
	"memberarea.form":      {"This page was open for too long, or it was not sent from here. Please try again.", "Diese Seite war zu lange offen oder wurde nicht von hier gesendet. Bitte versuchen Sie es noch einmal."},
	"memberarea.empty":     {"Please write something first.", "Bitte schreiben Sie zuerst etwas."},
	"memberarea.long":      {"The message is too long: 2,000 characters at most.", "Die Nachricht ist zu lang: höchstens 2.000 Zeichen."},
	"auth.member_same":     {"This is your address already.", "Das ist schon Ihre Adresse."},
	"auth.member_taken":    {"Another account has this address. Please write to us or call us.", "Ein anderes Konto hat diese Adresse. Bitte schreiben Sie uns oder rufen Sie an."},
	"memberarea.zone":      {"There is no such time zone.", "Diese Zeitzone gibt es nicht."},
	"auth.member_join":     {"Please give your name, and agree that we keep it.", "Bitte nennen Sie Ihren Namen, und stimmen Sie zu, dass wir ihn speichern."},
	"memberarea.name":      {"Please give your last name.", "Bitte nennen Sie Ihren Nachnamen."},
	"internal":             {"Something went wrong on our side. Please try again in a moment.", "Auf unserer Seite ist etwas schiefgegangen. Bitte versuchen Sie es gleich noch einmal."},
	"away":                 {"Our records can't be reached at the moment. Please try again in a few minutes.", "Unsere Unterlagen sind im Moment nicht erreichbar. Bitte versuchen Sie es in einigen Minuten noch einmal."},
	"access.privilege":     {"This is not for you to do.", "Das steht Ihnen nicht zu."},
}

// Explain says in a language what an error's code means; where the area has no
// words for it, the error's own message.
func Explain(lang, code, message string) string {
	both, ok := troubles[code]
	switch {
	case !ok:
		return message
	case lang == "de":
		return both[1]
	}
	return both[0]
}
