// Package portal is where leads come from: forms that marketers define as
// data, shown as pages of their own or inside other sites, and a small script
// that reports page views.
//
//	ports.go     what it needs from others: Publisher, Forms, Keys
//	service.go   Config, New, Service and its counts
//	form.go      Form, the definition, and Parse
//	shipped.go   the forms that come with the product (forms/*.json)
//	check.go     what a visitor typed → complaints, or the event's data
//	submit.go    Submit: one submission → one event
//	token.go     the submission token: one effect for a double click, the time trap
//	context.go   where and when: page, referrer, campaign, visitor
//	track.go     Track: page views → events
//	limit.go     how often one address may come
//	page.go      Page, Thanks: HTML and its security policy
//	colour.go    readable colours out of a form's accent
//	assets.go    embed.js and track.js
//
// Events out: the form's type (lead.created) on the form's topic (leads);
// page.viewed, page.left and interaction.* on the topic interactions. The data
// of a lead are columns of the lead by logical name, then any further field the
// visitor's site sent, then context.
//
// The portal knows no database. It answers once the publisher has the event on
// disk. It checks what a person can mend at once (required, length, syntax) and
// leaves cleaning to the intake. What looks like spam is published with a mark
// (context.suspect) and never thrown away here.
package portal
