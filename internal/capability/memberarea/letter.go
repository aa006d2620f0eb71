package memberarea

import "time"

// until gives the end of a link as letters tell it: they know no member's zone.
func (b Brand) until(at time.Time) string {
	if b.Zone == nil {
		return at.UTC().Format("15:04 UTC")
	}
	return at.In(b.Zone).Format("15:04") + " (" + b.Zone.String() + ")"
}

// signed puts the organisation's name below a letter.
func (b Brand) signed(body string) string { return body + "\n" + b.Name + "\n" }

// LinkLetter is the letter with a link to sign in.
func (b Brand) LinkLetter(lang, link string, expires time.Time) (subject, body string) {
	return say(lang, "mail.link.subject"), b.signed(say(lang, "mail.link.body", link, b.until(expires)))
}

// MessageLetter is the letter that says that there is a message. It holds nothing
// of it: a mailbox is read by others too.
func (b Brand) MessageLetter(lang, link string) (subject, body string) {
	return say(lang, "mail.message.subject"), b.signed(say(lang, "mail.message.body", link))
}

// MoveLetter is the letter to a new address, which is confirmed by its link.
func (b Brand) MoveLetter(lang, link string, expires time.Time) (subject, body string) {
	return say(lang, "mail.move.subject"), b.signed(say(lang, "mail.move.body", link, b.until(expires)))
}

// MovedLetter tells an address that it is not the member's any more. It does not
// name the new one: whose mailbox the old one is now is not known.
func (b Brand) MovedLetter(lang string, at time.Time) (subject, body string) {
	return say(lang, "mail.moved.subject"), b.signed(say(lang, "mail.moved.body", Locale{Lang: lang, Zone: b.Zone}.Moment(at)))
}

// ResetLetter is the letter to a user of the organisation, no member, who has
// forgotten the password.
func (b Brand) ResetLetter(lang, link string, expires time.Time) (subject, body string) {
	return say(lang, "mail.reset.subject"), b.signed(say(lang, "mail.reset.body", link, b.until(expires)))
}
