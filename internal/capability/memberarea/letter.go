package memberarea

import "time"

// LinkLetter is the letter with a link to sign in.
func LinkLetter(lang, link string, expires time.Time) (subject, body string) {
	return say(lang, "mail.link.subject"), say(lang, "mail.link.body", link, expires.UTC().Format("15:04 UTC"))
}

// MessageLetter is the letter that says that there is a message. It holds nothing
// of it: a mailbox is read by others too.
func MessageLetter(lang, link string) (subject, body string) {
	return say(lang, "mail.message.subject"), say(lang, "mail.message.body", link)
}
